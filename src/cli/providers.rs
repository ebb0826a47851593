//! `providers`: the catalogue of providers, or everything about one.
use std::sync::Arc;

use super::args::{OutputFormat, ProvidersArgs};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::{print, session};
use crate::diagnostics::{Code, Diagnostic, suggest};
use crate::model::Name;
use crate::profile::{Catalogue, Profile};
use crate::render::providers::{provider_json, provider_text, providers_json, providers_text};
use crate::workspace;

pub fn run(host: &Host, args: &ProvidersArgs) -> Result<Exit, Stop> {
    let known = known(host);
    let style = host.style(host.colour_out());
    let Some(name) = &args.name else {
        let profiles: Vec<&Profile> = known.iter().map(|(profile, _)| &**profile).collect();
        print(match args.output {
            OutputFormat::Text => providers_text(&profiles, style),
            OutputFormat::Json => providers_json(&profiles),
        })?;
        return Ok(Exit::Done);
    };
    let Some((profile, catalogue)) = known.iter().find(|(profile, _)| profile.name == *name) else {
        let file = format!("providers/{name}.yaml");
        if Name::new(name).is_ok() && session::find(host).is_ok_and(|root| root.join(&file).is_file()) {
            let diagnostic = Diagnostic::error(Code::ConfigUnknownProvider, format!("the profile `{file}` cannot be used as it is"));
            return Err(Stop::with(Exit::Error, diagnostic.help("run `keywright check`, which says what is wrong with it")));
        }
        let names: Vec<&str> = known.iter().map(|(profile, _)| profile.name.as_str()).collect();
        let mut diagnostic = Diagnostic::error(Code::ConfigUnknownProvider, format!("there is no provider `{}`", name.escape_debug()));
        diagnostic.help =
            suggest::did_you_mean(name, names.iter().copied()).or_else(|| Some(format!("the known ones are {}", names.join(", "))));
        return Err(Stop::with(Exit::Error, diagnostic));
    };
    print(match args.output {
        OutputFormat::Text => provider_text(profile, catalogue, style),
        OutputFormat::Json => provider_json(profile, catalogue),
    })?;
    Ok(Exit::Done)
}

/// The built-in providers, and those of the workspace when there is one.
pub fn known(host: &Host) -> Vec<(Arc<Profile>, Arc<Catalogue>)> {
    let root = session::find(host).ok();
    workspace::known_profiles(root.as_deref())
}
