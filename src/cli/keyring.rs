//! `keyring check`: lets a service check a token against the store.
use std::io::Read;

use zeroize::Zeroizing;

use super::args::{KeyringArgs, KeyringCheckArgs, KeyringCommand, OutputFormat};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::print;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Scope;
use crate::model::text_safety::safe;
use crate::profile::{Catalogue, Profile};
use crate::provider::keyring::{self, CheckAnswer};
use crate::render;

/// Longest token that is read.
const TOKEN_LIMIT: u64 = 4096;

pub fn run(host: &Host, args: &KeyringArgs) -> Result<Exit, Stop> {
    match &args.command {
        KeyringCommand::Check(args) => check(host, args),
    }
}

fn check(host: &Host, args: &KeyringCheckArgs) -> Result<Exit, Stop> {
    let mut token = Zeroizing::new(String::with_capacity(256));
    let read = std::io::stdin().lock().take(TOKEN_LIMIT).read_to_string(&mut token);
    read.map_err(|error| Stop::message(format!("cannot read a token from standard input: {error}")))?;
    let mut answer = keyring::check(&args.store, token.trim_end_matches(['\r', '\n']), host.clock().now()).map_err(|problem| {
        // Of the token nothing is known then: a service must be able to tell that from a refusal.
        Stop::with(
            Exit::Partial,
            Diagnostic::error(Code::KeyringStore, problem.to_string()).help("name the store file that apply writes, with `--store FILE`"),
        )
    })?;
    let catalogue = keyring_catalogue();
    for scope in &args.scope {
        answer = answer.requiring(&Scope::from(scope.as_str()), |granted, asked| catalogue.covers(granted, asked));
    }
    print(match args.output {
        OutputFormat::Json => render::json(&answer),
        OutputFormat::Text => text(&answer),
    })?;
    Ok(if answer.is_valid() { Exit::Done } else { Exit::Error })
}

/// The catalogue that says what a granted wildcard covers.
fn keyring_catalogue() -> Catalogue {
    let profile = Profile::builtin("keyring").expect("the keyring's profile is built in");
    Catalogue::new(profile.catalogue).expect("built-in catalogues are tested")
}

fn text(answer: &CheckAnswer) -> String {
    let mut text = format!("{}\n", answer.verdict.as_str());
    if let Some(id) = &answer.id {
        let scopes: Vec<&str> = answer.scopes.iter().map(Scope::as_str).collect();
        let expires = answer.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let label = answer.label.as_deref().unwrap_or_default();
        let rows = [("id", id.as_str()), ("label", label), ("scopes", &scopes.join(" ")), ("expires", &expires)];
        rows.iter().for_each(|(name, value)| text.push_str(&format!("{name:<8} {}\n", safe(value))));
    }
    text
}
