//! `check`: manifests, configuration, ledger, secret files; no network, no credential.
use super::args::CheckArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::{reports, session};
use crate::render;
use crate::workspace;

pub fn run(host: &Host, args: &CheckArgs) -> Result<Exit, Stop> {
    let root = session::find(host)?;
    let loaded = workspace::load(&root, host.clock().now());
    let workspace = &loaded.workspace;
    let diagnostics = workspace.report.locate(&loaded.sources);
    let failed = workspace.report.has_errors();
    reports::diagnostics(host, &diagnostics, &args.output, |colour| {
        if diagnostics.is_empty() {
            let (keys, accounts) = (render::count(workspace.keys.len(), "key"), render::count(workspace.accounts.len(), "account"));
            return format!("{keys} in {accounts}: no problems\n");
        }
        render::diagnostics::draw(&diagnostics, colour)
    })?;
    Ok(if failed { Exit::Error } else { Exit::Done })
}
