//! The real program against the PayConex emulator: lives of keys, everything that the vendor leaves open, everything that goes wrong.
#[path = "payconex/asked.rs"]
mod asked;
#[path = "../examples/payconex-emulator/server.rs"]
mod emulator;
#[path = "payconex/faults.rs"]
mod faults;
#[path = "payconex/knobs.rs"]
mod knobs;
#[path = "payconex/lives.rs"]
mod lives;
#[path = "payconex/machine.rs"]
mod machine;
#[path = "payconex/returning.rs"]
mod returning;
#[path = "command/sandbox.rs"]
mod sandbox;
#[path = "payconex/site.rs"]
mod site;
#[path = "payconex/unused.rs"]
mod unused;
