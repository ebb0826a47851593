//! Runs the emulators of Brex, its OAuth server, BrynQ, Nango and GitHub from a shell. Knows no rule of theirs.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

#[path = "finance-emulator/server.rs"]
mod server;

use server::{Finance, brynq, github, nango, oauth};

/// Serves emulated Brex, BrynQ, Nango and GitHub on the loopback address.
///
/// Each knob stands for something the vendors' documentation leaves open. The credentials printed open nothing but these emulators.
#[derive(Debug, Parser)]
#[command(name = "finance-emulator")]
struct Options {
    /// The first of five ports: Brex, its OAuth server, BrynQ, Nango, GitHub. 0 takes free ones.
    #[arg(long, default_value_t = 4020)]
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
            eprintln!("error: cannot serve on port {port} and the four after it: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let port = |place: u16| if options.port == 0 { 0 } else { options.port.saturating_add(place) };
        let finance = Finance::start_on([port(0), port(1), port(2), port(3), port(4)], options.config).await?;
        let mut out = std::io::stdout();
        writeln!(out, "brex    {url}   tokens are made with POST {url}/dashboard/tokens", url = finance.brex.url())?;
        writeln!(out, "oauth   {}", finance.oauth.issuer())?;
        writeln!(
            out,
            "brynq   {url}   tokens are made with POST {url}/dashboard/tokens; customer {}",
            brynq::CUSTOMER,
            url = finance.brynq.url()
        )?;
        writeln!(out, "nango   {}", finance.nango.url())?;
        writeln!(out, "github  {}   {}, environment {}", finance.github.url(), github::EXAMPLE_REPOSITORY, github::EXAMPLE_ENVIRONMENT)?;
        writeln!(out, "BREX_CLIENT_ID={}", oauth::EXAMPLE_CLIENT.0)?;
        writeln!(out, "BREX_CLIENT_SECRET={}", oauth::EXAMPLE_CLIENT.1)?;
        writeln!(out, "NANGO_SECRET_KEY={}", nango::EXAMPLE_KEY)?;
        writeln!(out, "GITHUB_TOKEN={}", github::EXAMPLE_TOKEN)?;
        out.flush()?;
        tokio::signal::ctrl_c().await
    })
}
