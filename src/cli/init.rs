//! `init`: writes a working workspace, and an age identity outside the repository.
use std::path::{Path, PathBuf};

use super::args::InitArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::print;
use crate::diagnostics::{Code, Diagnostic, suggest};
use crate::files;
use crate::profile::{Profile, builtin};
use crate::vault;

const MANIFEST: &str = r#"account: ACCOUNT
keys:
  first-key:
    label: First key
    owner: "@your-team"
    purpose: Shows that everything works
    scopes: [SCOPE]
    lifetime: 90d
"#;

/// What a pull request changes, for its reviewers; the same files that `examples/github/` tells people to copy.
const WORKFLOW: &str = include_str!("../../examples/github/plan.yml");
const ACTION: &str = include_str!("../../.github/actions/keywright/action.yml");

pub fn run(host: &Host, args: &InitArgs) -> Result<Exit, Stop> {
    let here = std::env::current_dir().map_err(|error| Stop::message(format!("cannot tell the current directory: {error}")))?;
    let root = host.directory.as_ref().map_or_else(|| here.clone(), |directory| here.join(directory));
    let profile = profile(&args.provider)?;
    let identity = args.identity.clone().map_or_else(|| usual_identity(host, &root), Ok)?;
    let repository = repository(&root).or_else(|| std::path::absolute(&root).ok());
    if let Some(repository) = repository.filter(|repository| here.join(&identity).starts_with(repository)) {
        return Err(Stop::message(format!(
            "`{}` lies inside `{}`: an identity must never be committed; name a place outside with `--identity FILE`",
            identity.display(),
            repository.display()
        )));
    }
    let account = if profile.name == "keyring" { "tokens".to_owned() } else { format!("{}-account", profile.name) };
    let scope = if profile.name == "keyring" { "orders:read".to_owned() } else { first_scope(&profile) };
    let (secret, recipient) = vault::identity::generate();
    let manifest = format!("keys/{account}.yaml");
    let tree = [
        ("keywright.yaml", configuration(&profile, &account, &recipient)),
        (manifest.as_str(), MANIFEST.replace("ACCOUNT", &account).replace("SCOPE", &scope)),
        (".gitattributes", "*.age binary\n".to_owned()),
        (".gitignore", ".keywright/\n".to_owned()),
        (".github/actions/keywright/action.yml", ACTION.to_owned()),
        (".github/workflows/keywright-plan.yml", WORKFLOW.to_owned()),
    ];
    let grows = |path: &str| path == ".gitattributes" || path == ".gitignore";
    let in_the_way =
        tree.iter().filter(|(path, _)| !grows(path)).map(|(path, _)| root.join(path)).find(|path| path.symlink_metadata().is_ok());
    if let Some(path) = in_the_way {
        return Err(Stop::message(format!("`{}` is there already; nothing was written", path.display())));
    }
    if identity.symlink_metadata().is_ok() {
        let message = format!("the identity `{}` is there already; nothing was written", identity.display());
        return Err(Stop::with(
            Exit::Error,
            Diagnostic::error(Code::CommandUsage, message).help("name another place with `--identity FILE`"),
        ));
    }
    files::try_writing_in(&root)?;
    files::write(&identity, secret.as_bytes())?;
    for (path, text) in &tree {
        let path = root.join(path);
        match files::read(&path, 1 << 20) {
            Ok(before) if !String::from_utf8_lossy(&before).contains(text.trim_end()) => {
                let between: &[u8] = if before.is_empty() || before.ends_with(b"\n") { b"" } else { b"\n" };
                files::write(&path, &[&before, between, text.as_bytes()].concat())?;
            }
            Ok(_) => {}
            Err(error) if error.is_not_found() => files::write(&path, text.as_bytes())?,
            Err(error) => return Err(error.into()),
        }
    }
    let mut text: String = tree.iter().map(|(path, _)| format!("wrote {}\n", root.join(path).display())).collect();
    text.push_str(&format!(
        "wrote {} (the age identity: whoever has it can open the secrets; keep it out of git, and keep a copy)\n\nNext: {}keywright plan, then keywright apply\n",
        identity.display(),
        if tree[0].1.contains("CHANGE-ME") { "replace CHANGE-ME in keywright.yaml, " } else { "" }
    ));
    print(text)?;
    Ok(Exit::Done)
}

fn profile(name: &str) -> Result<Profile, Stop> {
    Profile::builtin(name).ok_or_else(|| {
        let names: Vec<&str> = builtin().iter().map(|(name, _)| *name).collect();
        let hint =
            suggest::did_you_mean(name, names.iter().copied()).unwrap_or_else(|| format!("the built-in ones are {}", names.join(", ")));
        Stop::message(format!("there is no provider `{}`; {hint}", name.escape_debug()))
    })
}

/// A scope to begin with: the first that only reads.
fn first_scope(profile: &Profile) -> String {
    let reads = profile.catalogue.scopes.iter().find(|(_, scope)| scope.access <= crate::model::AccessLevel::Read && scope.tags.is_empty());
    reads.or_else(|| profile.catalogue.scopes.iter().next()).map_or_else(|| "CHANGE-ME".to_owned(), |(scope, _)| scope.to_string())
}

fn configuration(profile: &Profile, account: &str, recipient: &str) -> String {
    let mut text = format!("version: 1\naccounts:\n  {account}:\n    provider: {}\n", profile.name);
    if let Some(environment) = profile.environments.keys().next().filter(|_| profile.environments.len() > 1) {
        text.push_str(&format!("    environment: {environment}\n"));
    }
    let required = profile.params.iter().filter(|(_, param)| param.default.is_none() && !param.optional);
    let params: Vec<String> = required.map(|(name, param)| format!("      {name}: CHANGE-ME   # {}\n", param.says)).collect();
    if !params.is_empty() {
        text.push_str(&format!("    params:\n{}", params.concat()));
    }
    if profile.credential().is_some() {
        text.push_str(&format!("    credential: {{ env: {}_ADMIN_KEY }}\n", profile.name.to_uppercase().replace('-', "_")));
    }
    text.push_str(&format!("recipients:\n  ops: [{recipient}]\ndefaults:\n  recipients: [ops]\n"));
    text
}

/// `keywright/<directory>.txt` in the user's configuration directory.
fn usual_identity(host: &Host, root: &Path) -> Result<PathBuf, Stop> {
    let home = host.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = home.or_else(|| host.variable("HOME").map(|home| Path::new(&home).join(".config")));
    let home = home.or_else(|| host.variable("APPDATA").map(PathBuf::from));
    let home = home.ok_or_else(|| Stop::message("cannot tell where the age identity belongs: name a place with `--identity FILE`"))?;
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let name = root.file_name().map_or_else(|| "workspace".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(home.join("keywright").join(format!("{name}.identity.txt")))
}

/// The git repository that a directory belongs to.
fn repository(root: &Path) -> Option<PathBuf> {
    let root = std::path::absolute(root).ok()?;
    root.ancestors().find(|above| above.join(".git").exists()).map(Path::to_owned)
}
