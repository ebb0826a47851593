//! `plan`: reads, decides, shows.
use jiff::{SignedDuration, Timestamp};

use super::args::{Output, OutputFormat, PlanArgs};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{Purpose, Session, Wishes};
use super::{asking, credentials, print};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::files;
use crate::plan::{Before, Mode, Plan};
use crate::render;

pub fn run(host: &Host, args: &PlanArgs) -> Result<Exit, Stop> {
    if !args.offline {
        no_pull_request(host, "plan")?;
    }
    let session = Session::open(host)?;
    let only = session.only(&args.addresses)?;
    let asked = asking::asked(&session, &args.asking, &only)?;
    let identities = credentials::identities(host, &args.identity)?;
    let (mode, observed) = if args.offline {
        (Mode::Offline, session.assume(&only))
    } else {
        let providers = session.providers(Purpose::Plan, &only);
        let places = session.places(&only);
        let observed = super::apply::block_on(async {
            let mut observed = session.observe(&providers, Purpose::Plan).await;
            session.look_at(&places, &mut observed).await;
            observed
        })?;
        (Mode::Live, observed)
    };
    let wishes = Wishes { mode, only: &only, can_open: identities.is_some(), asked: &asked, before: Before::default() };
    let plan = session.plan(&observed, &wishes, host.clock().now());
    if let Some(path) = &args.out {
        files::write(path, render::plan_json(&plan).as_bytes())?;
    }
    let plan = if args.drift { plan.only_drift() } else { plan };
    show(host, &plan, &args.output, if args.drift { Shown::Drift } else { Shown::All })?;

    let something = if args.drift { !plan.drift.is_empty() } else { !(plan.changes.is_empty() && plan.attended.is_empty()) };
    let exit = if cannot_rotate(&plan) {
        Exit::Error
    } else if plan.is_refused() && !args.drift {
        Exit::Refused
    } else if observed.is_partial() || (!args.drift && (plan.summary.blocked > 0 || leaves_a_request(&plan))) {
        Exit::Partial
    } else if args.detailed_exitcode && something {
        Exit::Changes
    } else {
        Exit::Done
    };
    // The process ends now: to give back a large plan text by text would take a tenth of the whole time.
    std::mem::forget((plan, session));
    Ok(exit)
}

/// Whether a rotation that was asked for cannot come about.
pub fn cannot_rotate(plan: &Plan) -> bool {
    plan.findings.iter().any(|finding| finding.code == Code::PlanCannotRotate && finding.severity == Severity::Error)
}

/// Whether a place has yet to get a secret that cannot be read now.
pub fn leaves_a_delivery(plan: &Plan) -> bool {
    plan.findings.iter().any(|finding| matches!(finding.code, Code::DeliverPending | Code::DeliverTaken))
}

/// Whether a rotation that was asked for comes about later, if at all.
pub fn leaves_a_request(plan: &Plan) -> bool {
    plan.defers_a_request() || plan.findings.iter().any(|finding| finding.code == Code::PlanCannotRotate)
}

/// Refuses to use credentials in a job for a change that nobody has approved: the change could name another host.
pub fn no_pull_request(host: &Host, command: &str) -> Result<(), Stop> {
    if !host.is_pull_request() {
        return Ok(());
    }
    let message = format!("in a pull-request job `{command}` must not use credentials: the change could name another host");
    let help = "use `plan --offline` here; everything else belongs to a job on the protected branch";
    Err(Stop::with(Exit::Error, Diagnostic::error(Code::CommandUsage, message).help(help)))
}

/// What of a plan its text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    All,
    Drift,
}

/// Writes the plan in every form that was asked for; text on standard output when none was.
pub fn show(host: &Host, plan: &Plan, outputs: &[Output], shown: Shown) -> Result<(), Stop> {
    let usual = [Output { format: OutputFormat::Text, file: None }];
    for output in if outputs.is_empty() { &usual } else { outputs } {
        let text = match (output.format, &output.file) {
            (OutputFormat::Text, None) if shown == Shown::Drift => render::drift_text(plan, host.style(host.colour_out())),
            (OutputFormat::Text, Some(_)) if shown == Shown::Drift => render::drift_text(plan, host.style(false)),
            (OutputFormat::Text, None) => {
                let mut printed = Ok(());
                render::write_plan_text(plan, host.style(host.colour_out()), |piece| {
                    if printed.is_ok() {
                        printed = print(piece);
                    }
                });
                printed?;
                continue;
            }
            (OutputFormat::Text, Some(_)) => render::plan_text(plan, host.style(false)),
            (OutputFormat::Json, _) => render::plan_json(plan),
        };
        match &output.file {
            Some(path) => files::write(path, text.as_bytes())?,
            None => print(&text)?,
        }
    }
    Ok(())
}

/// Reads a saved plan, and refuses one that is stale: other inputs, too old, or made offline.
pub fn saved(session: &Session<'_>, path: &std::path::Path, now: Timestamp) -> Result<Plan, Stop> {
    let refuse = |message: String| {
        Stop::with(Exit::Refused, Diagnostic::error(Code::PlanStale, message).help("plan again, and have that plan approved"))
    };
    let bytes = files::read_through_links(path, 1 << 30)?;
    let plan: Plan =
        serde_json::from_slice(&bytes).map_err(|error| Stop::message(format!("`{}` is not a saved plan: {error}", path.display())))?;
    if plan.format_version.split('.').next() != Some("1") {
        return Err(refuse(format!("the saved plan has format {}, which this version does not read", plan.format_version.escape_debug())));
    }
    if plan.mode == Mode::Offline {
        return Err(refuse("the saved plan was made offline: it shows access, and cannot be applied".to_owned()));
    }
    if plan.digest != session.workspace.digest {
        return Err(refuse("manifests, configuration or profiles have changed since the plan was saved".to_owned()));
    }
    let longest = plan.created_at.checked_add(SignedDuration::from_hours(24)).unwrap_or(plan.created_at);
    if now > plan.expires_at.min(longest) || now < plan.created_at {
        return Err(refuse(format!("the saved plan was valid from {} to {}", plan.created_at, plan.expires_at)));
    }
    Ok(plan)
}

/// Refuses to carry out a plan that is refused as a whole; why stands in the plan.
pub fn not_refused(plan: &Plan) -> Result<(), Stop> {
    let refusal = plan.findings.iter().find(|finding| finding.code == Code::PlanUnmanaged);
    match refusal.filter(|_| plan.is_refused()) {
        Some(finding) => {
            let message = format!("the plan is refused, and nothing was changed: {}", finding.message);
            Err(Stop::with(Exit::Refused, Diagnostic::error(finding.code, message)))
        }
        None => Ok(()),
    }
}

/// What lies between two plans that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Time, and whatever others did.
    Approval,
    /// The recovery that this very apply carried out.
    Recovery,
}

/// What the fresh plan wants beyond the approved one, as a refusal.
pub fn within(host: &Host, approved: &Plan, fresh: &Plan, since: Since) -> Result<(), Stop> {
    let (beyond, exit, help) = match since {
        Since::Approval => {
            (crate::plan::exceeds(approved, fresh), Exit::Refused, "plan again, and have that plan approved; nothing was changed")
        }
        Since::Recovery => (
            crate::plan::exceeds_after_recovery(approved, fresh),
            Exit::Partial,
            "plan again, and have that plan approved; what an earlier apply left is finished",
        ),
    };
    if beyond.is_empty() {
        return Ok(());
    }
    let mut diagnostic =
        Diagnostic::error(Code::PlanExceedsApproved, "the approved plan is an upper bound, and the plan made now goes beyond it")
            .help(help);
    diagnostic.notes = beyond;
    host.say(render::plan_difference(approved, fresh).trim_end());
    Err(Stop::with(exit, diagnostic))
}
