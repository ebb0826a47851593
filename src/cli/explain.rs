//! `explain`: a page on a diagnostic code or a scope.
use super::args::ExplainArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::{print, providers};
use crate::diagnostics::{Code, Diagnostic};
use crate::profile::{Catalogue, Profile};
use crate::render;

pub fn run(host: &Host, args: &ExplainArgs) -> Result<Exit, Stop> {
    let Some(subject) = &args.subject else {
        print(Code::ALL.iter().map(|code| format!("{code}\n")).collect::<String>())?;
        return Ok(Exit::Done);
    };
    let known = providers::known(host);
    let borrowed: Vec<(&Profile, &Catalogue)> = known.iter().map(|(profile, catalogue)| (&**profile, &**catalogue)).collect();
    let page = render::explain(subject, &borrowed)
        .map_err(|unknown| Stop::with(Exit::Error, Diagnostic::error(Code::CommandUsage, unknown.to_string()).help(unknown.help)))?;
    print(page)?;
    Ok(Exit::Done)
}
