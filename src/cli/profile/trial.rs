//! `profile test`: reads the profile, opens the account, carries the checks out and tells what they showed.
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::life::{self, Wishes};
use super::opened::Opened;
use super::suite::Suite;
use super::{fields, reading};
use crate::cli::apply::block_on;
use crate::cli::args::{OutputFormat, ProfileTestArgs};
use crate::cli::exit::{Exit, Stop};
use crate::cli::host::Host;
use crate::cli::{plan as planning, print};
use crate::diagnostics::{Report, suggest};
use crate::files;
use crate::model::Options;
use crate::profile::{Profile, builtin, builtin_text};
use crate::render::trial::{Trial, trial_json, trial_text};
use crate::workspace::Sources;

/// The longest profile that is read.
const LONGEST: u64 = 4 << 20;

pub fn run(host: &Host, args: &ProfileTestArgs) -> Result<Exit, Stop> {
    planning::no_pull_request(host, "profile test")?;
    let profile = Arc::new(read(&args.profile)?);
    let wishes = args.write.then(|| wishes(&profile, args)).transpose()?;
    let opened = Opened::open(host, profile.clone(), args)?;
    let mut suite = Suite::new(host, &profile, &opened)?;
    block_on(async {
        host.listen_for_signals();
        carry_out(&mut suite, wishes.as_ref()).await;
    })?;
    host.end_progress();
    let wrote = suite.wrote;
    let interrupted = suite.stopping();
    let (findings, left) = suite.into_findings();
    let trial = Trial { profile: &profile.name, origin: &opened.origin, wrote, findings: &findings, left: &left, interrupted };
    print(match args.output {
        OutputFormat::Text => trial_text(&trial, host.style(host.colour_out())),
        OutputFormat::Json => trial_json(&trial),
    })?;
    Ok(match () {
        () if trial.summary().differs > 0 || !left.is_empty() => Exit::Error,
        () if interrupted => Exit::Partial,
        () => Exit::Done,
    })
}

async fn carry_out(suite: &mut Suite<'_>, wishes: Option<&Wishes>) {
    let Some(listed) = reading::read(suite).await else { return };
    if let Some(wishes) = wishes.filter(|_| !suite.stopping()) {
        life::live(suite, &listed, wishes).await;
    }
    fields::tell(suite);
}

/// A profile's file, or a built-in profile by its name.
fn read(named: &str) -> Result<Profile, Stop> {
    let path = Path::new(named);
    let built_in = builtin_text(named).filter(|_| !path.exists());
    let (file, bytes): (Arc<str>, Vec<u8>) = match built_in {
        Some(text) => (format!("<built-in {named}>").into(), text.as_bytes().to_vec()),
        None => {
            let bytes = files::read_through_links(path, LONGEST).map_err(|error| {
                let names = builtin().iter().map(|(name, _)| *name);
                let hint = suggest::did_you_mean(named, names).map(|hint| format!("; {hint}")).unwrap_or_default();
                Stop::message(format!("{error}; it is no built-in profile either{hint}"))
            })?;
            (named.into(), bytes)
        }
    };
    let mut report = Report::default();
    let profile = Profile::parse(&file, &bytes, &mut report);
    let mut sources = Sources::default();
    sources.add(file, bytes);
    profile.ok_or_else(|| Stop::located(Exit::Error, report.locate(&sources)))
}

/// What the throw-away key is to be.
fn wishes(profile: &Profile, args: &ProfileTestArgs) -> Result<Wishes, Stop> {
    let mut options = Options::new();
    for pair in &args.option {
        let (name, text) = pair.split_once('=').ok_or_else(|| Stop::message("`--option` takes NAME=VALUE"))?;
        if !profile.options.contains_key(name) {
            return Err(Stop::message(format!("`{}` has no option `{}`", profile.name, name.escape_debug())));
        }
        let json = serde_json::from_str(text).ok().filter(|json: &serde_json::Value| json.is_array() || json.is_object());
        options.insert(name.to_owned(), json.unwrap_or_else(|| text.into()));
    }
    let scopes = args.scope.iter().map(|word| word.as_str().into()).collect();
    Ok(Wishes { scopes, options, now: Timestamp::now() })
}
