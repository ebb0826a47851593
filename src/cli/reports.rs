//! Writes results in every form that was asked for. The form never changes how a command ends, but for a comment that cannot be short enough.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::args::{CheckFormat, Output, PlanFormat};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::{print, session};
use crate::diagnostics::{Code, Diagnostic, Located};
use crate::files;
use crate::plan::Plan;
use crate::render::{self, Setting};
use crate::workspace::discovery;

/// What of a plan its text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    All,
    Drift,
}

/// Whether every form, and each of the `others`, has a place of its own: one form at most standard output, the rest files in directories that are there.
/// Annotations are lines of a log, so they and the text share it.
pub fn placed<F: ValueEnum + Default + PartialEq>(host: &Host, outputs: &[Output<F>], others: &[PathBuf]) -> Result<(), Stop> {
    let printed = || outputs.iter().filter(|output| output.file.is_none()).map(|output| &output.format);
    let annotations = printed().filter(|format| format.to_possible_value().is_some_and(|value| value.get_name() == "github")).count();
    let texts = printed().filter(|format| **format == F::default()).count();
    if printed().count() > 1 && (annotations, texts, printed().count()) != (1, 1, 2) {
        return Err(Stop::message(
            "two formats cannot share standard output: name a file for all but one, as in `-o json=FILE`".to_owned(),
        ));
    }
    let files = outputs.iter().filter_map(|output| output.file.as_deref());
    free(host, files.chain(others.iter().map(PathBuf::as_path)))
}

/// Whether files can be written to: each is another one, its directory is there (one that was mistyped is not made), and nobody reads it as a part of the
/// workspace.
fn free<'f>(host: &Host, files: impl Iterator<Item = &'f Path>) -> Result<(), Stop> {
    let root = session::find(host).ok().and_then(|root| root.canonicalize().ok());
    let mut known = BTreeSet::new();
    for file in files {
        has_directory(file)?;
        let real = real(file);
        if root.as_deref().and_then(|root| real.strip_prefix(root).ok()).is_some_and(discovery::is_part) {
            return Err(Stop::message(format!("`{}` is a part of the workspace: name another file", file.display())));
        }
        if file.as_os_str() == "-" {
            return Err(Stop::message("`-` is no file: a format without one goes to standard output, as in `-o json`".to_owned()));
        }
        if !known.insert(real) {
            return Err(Stop::message(format!("two results cannot share the file `{}`", file.display())));
        }
    }
    Ok(())
}

/// The file that would be written: links are followed, and one that is not there yet is named by its directory.
fn real(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(parent.canonicalize().ok()?.join(file.file_name()?));
    file.canonicalize().ok().or_else(beside).unwrap_or_else(|| file.to_owned())
}

fn has_directory(file: &Path) -> Result<(), Stop> {
    match file.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        None => Ok(()),
        Some(missing) => {
            Err(Stop::message(format!("`{}` cannot be written: there is no directory `{}`", file.display(), missing.display())))
        }
    }
}

/// Writes a plan in every form; text on standard output when none was asked for. When one form cannot be had, the others are written all the same.
pub fn plan(host: &Host, plan: &Plan, outputs: &[Output<PlanFormat>], shown: Shown) -> Result<(), Stop> {
    let usual = [Output { format: PlanFormat::Text, file: None }];
    let setting = setting(host);
    let mut failed = None;
    for output in if outputs.is_empty() { &usual } else { outputs } {
        if let Err(stop) = one(host, plan, output, shown, &setting) {
            failed.get_or_insert(stop);
        }
    }
    failed.map_or(Ok(()), Err)
}

fn one(host: &Host, plan: &Plan, output: &Output<PlanFormat>, shown: Shown, setting: &Setting) -> Result<(), Stop> {
    let style = host.style(output.file.is_none() && host.colour_out());
    let text = match (output.format, &output.file) {
        (PlanFormat::Text, _) if shown == Shown::Drift => render::drift_text(plan, style),
        (PlanFormat::Text, None) => {
            let mut printed = Ok(());
            render::write_plan_text(plan, style, |piece| {
                if printed.is_ok() {
                    printed = print(piece);
                }
            });
            return printed;
        }
        (PlanFormat::Text, Some(_)) => render::plan_text(plan, style),
        (PlanFormat::Json, _) => render::plan_json(plan),
        (PlanFormat::Markdown, _) => render::plan_markdown(plan, setting).map_err(|error| {
            let help = "split the change, or look at it with `-o html`; nothing of high or critical risk is left out of a comment";
            Stop::with(Exit::Error, Diagnostic::error(Code::PlanTooLong, error.to_string()).help(help))
        })?,
        (PlanFormat::Html, _) => render::plan_html(plan, setting),
        (PlanFormat::Sarif, _) => render::plan_sarif(plan, setting),
        (PlanFormat::Github, _) => render::plan_github(plan, setting),
        (PlanFormat::Gitlab, _) => render::plan_gitlab(plan),
        (PlanFormat::Codequality, _) => render::plan_codequality(plan, setting),
    };
    write(output, &text)
}

/// Writes what kept a command from planning in every form that was asked for. As text on standard output it is nothing: standard error has it.
pub fn problems(host: &Host, stop: Stop, outputs: &[Output<PlanFormat>]) -> Stop {
    let (setting, diagnostics) = (setting(host), &stop.diagnostics);
    for output in outputs {
        let text = match (output.format, &output.file) {
            (PlanFormat::Text, None) => continue,
            (PlanFormat::Text, Some(_)) => render::diagnostics::draw(diagnostics, false),
            (PlanFormat::Json, _) => render::problems_json(diagnostics),
            (PlanFormat::Markdown, _) => render::problems_markdown(diagnostics, &setting),
            (PlanFormat::Html, _) => render::problems_html(diagnostics, &setting),
            (PlanFormat::Sarif, _) => render::problems_sarif(diagnostics, &setting),
            (PlanFormat::Github, _) => render::problems_github(diagnostics, &setting),
            (PlanFormat::Gitlab, _) => render::problems_gitlab(),
            (PlanFormat::Codequality, _) => render::problems_codequality(diagnostics, &setting),
        };
        if let Err(unwritten) = write(output, &text) {
            host.report(&unwritten);
        }
    }
    stop
}

/// Writes diagnostics in every form; `text` is theirs.
pub fn diagnostics(
    host: &Host,
    diagnostics: &[Located],
    outputs: &[Output<CheckFormat>],
    text: impl Fn(bool) -> String,
) -> Result<(), Stop> {
    let usual = [Output { format: CheckFormat::Text, file: None }];
    let setting = setting(host);
    for output in if outputs.is_empty() { &usual } else { outputs } {
        let written = match output.format {
            CheckFormat::Text => text(output.file.is_none() && host.colour_out()),
            CheckFormat::Json => render::json(&diagnostics),
            CheckFormat::Sarif => render::problems_sarif(diagnostics, &setting),
            CheckFormat::Github => render::problems_github(diagnostics, &setting),
            CheckFormat::Codequality => render::problems_codequality(diagnostics, &setting),
        };
        write(output, &written)?;
    }
    Ok(())
}

fn write<F>(output: &Output<F>, text: &str) -> Result<(), Stop> {
    match &output.file {
        Some(path) => Ok(files::write_result(path, text.as_bytes())?),
        None => print(text),
    }
}

/// Where the workspace lies in its repository: below the directory that git knows, else below the one that CI names.
fn setting(host: &Host) -> Setting {
    let Some(root) = session::find(host).ok().and_then(|root| root.canonicalize().ok()) else { return Setting::default() };
    let named = || ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].iter().find_map(|name| host.variable(name)).map(std::path::PathBuf::from);
    let repository = root.ancestors().find(|above| above.join(".git").exists()).map(std::path::Path::to_path_buf);
    let repository = repository.or_else(|| named().and_then(|named| named.canonicalize().ok()));
    let below = repository.as_deref().and_then(|repository| root.strip_prefix(repository).ok());
    let parts: Vec<_> = below.into_iter().flatten().map(|part| part.to_string_lossy().into_owned()).collect();
    Setting::new(&parts.join("/"))
}
