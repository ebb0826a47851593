//! `profile new`: writes a commented profile to fill in.
use std::path::PathBuf;

use crate::cli::args::ProfileNewArgs;
use crate::cli::exit::{Exit, Stop};
use crate::cli::host::Host;
use crate::cli::{print, session};
use crate::files;
use crate::model::Name;
use crate::profile::builtin_text;

const SKELETON: &str = include_str!("skeleton.yaml");

pub fn run(host: &Host, args: &ProfileNewArgs) -> Result<Exit, Stop> {
    let name = Name::new(&args.name).map_err(|problem| Stop::message(problem.to_string()))?;
    if builtin_text(name.as_str()).is_some() {
        let message = format!("`{name}` is a built-in profile, and one of your own by that name would take its place; nothing was written");
        return Err(Stop::message(message));
    }
    let path = root(host).join("providers").join(format!("{name}.yaml"));
    if path.symlink_metadata().is_ok() {
        return Err(Stop::message(format!("`{}` is there already; nothing was written", path.display())));
    }
    files::write(&path, skeleton(&name).as_bytes())?;
    let shown = path.display();
    print(format!(
        "wrote {shown}\n\nNext: fill in what CHANGE-ME and the comments ask, then keywright check, then keywright profile test {shown}\n"
    ))?;
    Ok(Exit::Done)
}

/// The workspace; without one, the chosen or the current directory.
fn root(host: &Host) -> PathBuf {
    session::find(host).unwrap_or_else(|_| host.directory.clone().unwrap_or_default())
}

fn skeleton(name: &Name) -> String {
    SKELETON.replace("NAME", name.as_str())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostics::Report;
    use crate::profile::Profile;

    #[test]
    fn the_skeleton_is_a_sound_profile() {
        let text = skeleton(&Name::new("acme").expect("a name"));
        let mut report = Report::default();
        let profile = Profile::parse(&Arc::from("providers/acme.yaml"), text.as_bytes(), &mut report);
        assert_eq!(report.diagnostics(), []);
        assert_eq!(profile.expect("a profile").name, "acme");
        assert!(text.contains("CHANGE-ME") && text.lines().filter(|line| line.contains('#')).count() > 30);
    }
}
