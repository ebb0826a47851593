//! Runs the PayConex emulator from a shell. Knows no rule of the API itself.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

#[path = "payconex-emulator/server.rs"]
mod server;

/// Serves an emulated PayConex key API on the loopback address.
///
/// Each knob stands for something the vendor's documentation leaves open. The administrator key is
/// the vendor's published example unless it is given, and opens nothing but this emulator.
#[derive(Debug, Parser)]
#[command(name = "payconex-emulator")]
struct Options {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 4010)]
    port: u16,

    #[command(flatten)]
    config: server::Config,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let port = options.port;
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot serve on port {port}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let published = options.config.admin_secret == server::EXAMPLE_SECRET;
        let emulator = server::Emulator::start_on(options.port, options.config).await?;
        let key = emulator.admin_credential_json();
        let mut out = std::io::stdout();
        writeln!(out, "listening on {}", emulator.url())?;
        writeln!(out, "PAYCONEX_ADMIN_KEY={key}")?;
        out.flush()?;
        if published {
            eprintln!("note: this key is the vendor's published example and opens nothing else");
        }
        tokio::signal::ctrl_c().await
    })
}
