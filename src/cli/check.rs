//! `check`: manifests, configuration, ledger, secret files, policy; no network, no credential.
use std::collections::BTreeSet;

use super::args::CheckArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::reports;
use super::session::{self, Session, Wishes};
use crate::plan::{Asked, Before, Mode};
use crate::render;
use crate::workspace;

pub fn run(host: &Host, args: &CheckArgs) -> Result<Exit, Stop> {
    reports::placed(host, &args.output, &[])?;
    let root = session::find(host)?;
    let now = host.clock().now();
    let loaded = workspace::load(&root, now);
    let failed = loaded.workspace.report.has_errors();
    let (keys, accounts) = (loaded.workspace.keys.len(), loaded.workspace.accounts.len());
    let mut diagnostics = loaded.workspace.report.locate(&loaded.sources);
    let mut refused = false;
    // What the policy looks at is known only when the files are right.
    if !failed && !loaded.workspace.policy.is_empty() {
        let session = Session::of(host, loaded)?;
        let all = BTreeSet::new();
        let wishes = Wishes { mode: Mode::Offline, only: &all, can_open: false, asked: &Asked::default(), before: Before::default() };
        let plan = session.plan(&session.assume(&all), &wishes, now);
        refused = plan.violations() > 0;
        let verdicts = plan.diagnostics.into_iter().filter(|found| found.code.as_str().starts_with("policy/"));
        let told: Vec<_> = verdicts.filter(|found| !diagnostics.contains(found)).collect();
        diagnostics.extend(told);
    }
    reports::diagnostics(host, &diagnostics, &args.output, |colour| {
        if diagnostics.is_empty() {
            let (keys, accounts) = (render::count(keys, "key"), render::count(accounts, "account"));
            return format!("{keys} in {accounts}: no problems\n");
        }
        render::diagnostics::draw(&diagnostics, colour)
    })?;
    Ok(match (failed, refused) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Refused,
        (false, false) => Exit::Done,
    })
}
