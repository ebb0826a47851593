//! `plan`: reads, decides, shows.
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::args::PlanArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::reports::{self, Shown};
use super::session::{Purpose, Session, Wishes};
use super::{asking, base, credentials};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::files;
use crate::model::Address;
use crate::plan::{Asked, Before, Mode, Plan};
use crate::render;

/// Why a plan that is refused was made offline.
const NOBODY_ASKED: &str = "what is refused anyway is no reason to ask a provider";

pub fn run(host: &Host, args: &PlanArgs) -> Result<Exit, Stop> {
    reports::placed(host, &args.output, args.out.as_slice())?;
    let (session, plan, exit) = decide(host, args).map_err(|stop| reports::problems(host, stop, &args.output))?;
    // That a plan is refused weighs more than that a format cannot hold it.
    reports::plan(host, &plan, &args.output, if args.drift { Shown::Drift } else { Shown::All })
        .map_err(|stop| if exit == Exit::Refused { Stop { exit, ..stop } } else { stop })?;
    // The process ends now: to give back a large plan text by text would take a tenth of the whole time.
    std::mem::forget((plan, session));
    Ok(exit)
}

/// The plan, and how the command ends.
fn decide<'h>(host: &'h Host, args: &PlanArgs) -> Result<(Session<'h>, Plan, Exit), Stop> {
    if !args.offline && args.base.is_none() {
        no_pull_request(host, "plan")?;
    }
    let (session, base) = match &args.base {
        Some(reference) => {
            let (session, base) = base::open(host, reference)?;
            (session, Some(base))
        }
        None => (Session::open(host)?, None),
    };
    let only = session.only(&args.addresses)?;
    let asked = asking::asked(&session, &args.asking, &only)?;
    let identities = credentials::identities(host, &args.identity)?;
    let absent = if host.is_ci() && !args.offline && !args.drift { session.lacks_credential(&only) } else { None };
    let absent = absent.map(|(account, why)| format!("account `{account}` has no credential here: {why}"));
    let edited = base.as_ref().is_some_and(base::Base::has_errors);
    let declared = base.as_ref().map(|base| base.declared(&session.workspace.moved));
    let before = Before { declared, ..Before::default() };
    // Drift is looked for whatever the manifests ask for.
    let judged = !args.offline && !args.drift && absent.is_none();
    let refused = judged && (edited || refused_beforehand(&session, &only, &asked, &before, host.clock().now()).is_some());
    let absent = absent.or_else(|| refused.then(|| NOBODY_ASKED.to_owned()));
    let (mode, mut observed) = if args.offline || absent.is_some() {
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
    let wishes = Wishes { mode, only: &only, can_open: identities.is_some(), asked: &asked, before };
    observed.findings.extend(absent.map(|why| made_offline(&why)));
    if mode == Mode::Live {
        session.assume_untrusted(&only, &mut observed);
    }
    let unread = base.is_some() && session.stand_in(&mut observed);
    observed.findings.extend(base.iter().flat_map(|base| base.findings.iter().cloned()));
    let mut plan = session.plan(&observed, &wishes, host.clock().now());
    if let Some(base) = base {
        base.explain(&mut plan, &observed, &wishes);
    }
    if let Some(path) = &args.out {
        files::write_result(path, render::plan_json(&plan).as_bytes())?;
    }
    let plan = if args.drift { plan.only_drift() } else { plan };
    let nothing = plan.changes.is_empty() && plan.attended.is_empty() && plan.trusted.is_empty();
    let something = if args.drift { !plan.drift.is_empty() } else { !nothing };
    let exit = if cannot_rotate(&plan) || edited {
        Exit::Error
    } else if plan.is_refused() && !args.drift {
        Exit::Refused
    } else if unread || observed.is_partial() || (!args.drift && (plan.summary.blocked > 0 || leaves_a_request(&plan))) {
        Exit::Partial
    } else if args.detailed_exitcode && something {
        Exit::Changes
    } else {
        Exit::Done
    };
    Ok((session, plan, exit))
}

/// The plan as the ledger alone tells it, when the policy refuses what the manifests ask for: then nothing is sent to anybody.
///
/// What providers answer cannot lift such a refusal: access that the ledger does not know counts as gained, also where somebody gave it by hand.
pub fn refused_beforehand(session: &Session<'_>, only: &BTreeSet<Address>, asked: &Asked, before: &Before, now: Timestamp) -> Option<Plan> {
    if session.workspace.policy.rules.is_empty() {
        return None;
    }
    let wishes = Wishes { mode: Mode::Offline, only, can_open: false, asked, before: before.clone() };
    let mut observed = session.assume(only);
    observed.findings.push(made_offline(NOBODY_ASKED));
    Some(session.plan(&observed, &wishes, now)).filter(|plan| plan.violations() > 0)
}

/// Says why nobody was asked.
fn made_offline(why: &str) -> Diagnostic {
    Diagnostic::new(Code::PlanOffline, Severity::Note, format!("this plan was made offline: {why}"))
        .help("the ledger stands in for the providers; such a plan cannot be applied")
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
    let help = "use `plan --base REF` or `plan --offline` here; everything else belongs to a job on the protected branch";
    Err(Stop::with(Exit::Error, Diagnostic::error(Code::CommandUsage, message).help(help)))
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
    if let Some((name, _)) = plan.accounts.iter().find(|(_, account)| account.listing == "assumed") {
        return Err(refuse(format!("when the plan was saved, the ledger stood in for `{name}`: it shows access, and cannot be applied")));
    }
    if plan.digest != session.workspace.digest {
        return Err(outdated(
            session,
            &plan,
            refuse("manifests, configuration or profiles have changed since the plan was saved".to_owned()),
        ));
    }
    let longest = plan.created_at.checked_add(SignedDuration::from_hours(24)).unwrap_or(plan.created_at);
    if now > plan.expires_at.min(longest) || now < plan.created_at {
        return Err(refuse(format!("the saved plan was valid from {} to {}", plan.created_at, plan.expires_at)));
    }
    Ok(plan)
}

/// Says beside the refusal of a plan of other inputs what a plan of the keys as they are declared now would do beyond it, as far as the ledger tells: no
/// provider is asked, and settings are not compared.
fn outdated(session: &Session<'_>, approved: &Plan, mut refusal: Stop) -> Stop {
    let (only, asked) = (&approved.only, Asked::default());
    let wishes = Wishes { mode: Mode::Offline, only, can_open: false, asked: &asked, before: Before::default() };
    let fresh = session.plan(&session.assume(only), &wishes, approved.created_at);
    let beyond = crate::plan::exceeds(approved, &fresh);
    if let Some(diagnostic) = refusal.diagnostics.first_mut() {
        if !beyond.is_empty() {
            diagnostic.notes.push("as the ledger tells it, a plan made now would also do this:".to_owned());
        }
        diagnostic.notes.extend(beyond);
    }
    refusal
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
