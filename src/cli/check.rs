//! `check`: manifests, configuration, ledger, secret files; no network, no credential.
use super::args::{CheckArgs, OutputFormat};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::{print, session};
use crate::render;
use crate::workspace;

pub fn run(host: &Host, args: &CheckArgs) -> Result<Exit, Stop> {
    let root = session::find(host)?;
    let loaded = workspace::load(&root, host.clock().now());
    let workspace = &loaded.workspace;
    let diagnostics = workspace.report.locate(&loaded.sources);
    let failed = workspace.report.has_errors();
    print(match args.output {
        OutputFormat::Json => render::json(&diagnostics),
        OutputFormat::Text if diagnostics.is_empty() => {
            let (keys, accounts) = (render::count(workspace.keys.len(), "key"), render::count(workspace.accounts.len(), "account"));
            format!("{keys} in {accounts}: no problems\n")
        }
        OutputFormat::Text => render::diagnostics::draw(&diagnostics, host.colour_out()),
    })?;
    Ok(if failed { Exit::Error } else { Exit::Done })
}
