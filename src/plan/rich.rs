//! One plan with everything that a reviewer can meet: each change planned from its own world, the rest filled in.
use std::collections::BTreeMap;

use super::testing::*;
use super::*;
use crate::diagnostics::{Code, Diagnostic, Located, Severity};
use crate::model::*;
use crate::render::patch::samples::open_ended;

/// What a hostile manifest or provider says.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/p.png) @everyone #1 GH-2 ::add-mask::x ##[add-mask]y ``` `` ` --> <!-- keywright:plan {} --> | **b** \u{202e}\u{1b}[2J\n::error::z\n# h www.evil.example :smile: {0} &lt; \\";

/// What the planner makes of a world, as if its key had this address.
fn part(world: &World, address: &str) -> Plan {
    let plan = world.plan();
    let account = address.split('/').next().unwrap();
    let json = serde_json::to_string(&plan)
        .unwrap()
        .replace("acct/hooks", address)
        .replace("\"acct\"", &format!("\"{account}\""))
        .replace("`acct`", &format!("`{account}`"));
    let mut part: Plan = serde_json::from_str(&json).unwrap();
    part.diagnostics = plan.findings.iter().map(|finding| located(finding, address)).collect();
    part
}

fn located(finding: &Diagnostic, address: &str) -> Located {
    let account = address.split('/').next().unwrap();
    Located {
        code: finding.code,
        severity: finding.severity,
        message: finding.message.replace("acct/hooks", address).replace("acct", account),
        file: finding.place.as_ref().map(|place| place.file().clone()),
        line: finding.place.as_ref().map(|_| 4),
        column: finding.place.as_ref().map(|_| 3),
        length: 1,
        source: None,
        label: None,
        help: finding.help.clone(),
        replacement: None,
        notes: finding.notes.clone(),
    }
}

/// Adds what a world gives.
fn add(plan: &mut Plan, world: &World, address: &str, origin: Origin) {
    let mut part = part(world, address);
    part.changes.iter_mut().for_each(|change| change.origin = Some(origin));
    plan.changes.append(&mut part.changes);
    plan.attended.append(&mut part.attended);
    plan.drift.append(&mut part.drift);
    plan.unmanaged.append(&mut part.unmanaged);
    plan.due.append(&mut part.due);
    plan.unused.append(&mut part.unused);
    plan.deferred.append(&mut part.deferred);
    plan.diagnostics.append(&mut part.diagnostics);
    plan.accounts.append(&mut part.accounts);
    for (provider, mut risks) in part.kept_risks {
        plan.kept_risks.entry(provider).or_default().append(&mut risks);
    }
}

fn owned(mut world: World, owner: &str, line: u32) -> World {
    if let Some(desired) = &mut world.desired {
        desired.owner = Some(owner.into());
        desired.declared_at.line = line;
    }
    world
}

/// Settled, with these scopes there, and those wanted.
fn from_to(had: &[&str], wants: &[&str]) -> World {
    let mut world = World::settled();
    world.first().scopes = scopes(had);
    world.live(1).scopes = Some(scopes(had));
    world.wanted().scopes = scopes(wants);
    world
}

/// The plan, as a run with a base makes it.
pub(crate) fn plan() -> Plan {
    use Origin::{Introduced, Pending};
    let mut plan = World { desired: None, ..World::new() }.plan();
    plan.accounts.clear();
    let mut create = World::new();
    create.wanted().scopes = scopes(&["x:pay:read"]);
    create.wanted().label = "Card updater".into();
    create.deliver_to("vault", "nango");
    add(&mut plan, &owned(create, "@acme/billing", 8), "pay/card-updater", Introduced);
    add(&mut plan, &owned(from_to(&["x:hooks:read"], &["x:hooks:*"]), "@acme/payments", 31), "pay/billing-webhooks", Introduced);
    add(&mut plan, &owned(from_to(&["x:key:*"], &["x:key:read"]), "@acme/platform", 40), "pay/narrower", Introduced);
    add(
        &mut plan,
        &owned(from_to(&["x:pay:read"], &["x:pay:read", "x:pay:refund"]), "@acme/payments", 44),
        "pay/unknown-scope",
        Introduced,
    );
    let mut replace = from_to(&["x:key:update", "x:pay:read"], &["x:hooks:create", "x:pay:read"]);
    replace.capabilities.editable.scopes = false;
    add(&mut plan, &owned(replace, "@acme/finance", 50), "pay/expense-sync", Introduced);
    let mut disable = from_to(&["x:key:read"], &[]);
    disable.desired = None;
    add(&mut plan, &disable, "pay/old-reporting", Introduced);
    let mut forever = World::settled();
    forever.wanted().expiry = Expiry::Never;
    add(&mut plan, &owned(forever, "@acme/payments", 60), "pay/forever", Introduced);
    let mut reader = from_to(&["x:key:read"], &["x:key:read"]);
    reader.can_open = true;
    reader.wanted().recipients = std::sync::Arc::new(recipients(&[("ops", &["age1a", "age1b", "age1newcomer"]), ("recovery", &["age1c"])]));
    add(&mut plan, &owned(reader, "@acme/ops", 66), "pay/signing", Introduced);
    let mut overlap = World::settled();
    overlap.base(|base| base.overlap = Span::hours(72));
    overlap.wanted().overlap = Span::days(10);
    add(&mut plan, &owned(overlap, "@acme/ops", 70), "pay/slow-consumers", Introduced);
    let mut wider = World::settled();
    wider.key_options = BTreeMap::from([confining()]);
    let inside = serde_json::json!(["220614966802"]);
    wider.first().options.insert("accounts".to_owned(), inside.clone());
    wider.live(1).options.insert("accounts".to_owned(), inside);
    wider.capabilities.editable.options = true;
    add(&mut plan, &owned(wider, "@acme/payments", 72), "pay/unconfined", Introduced);
    let mut further = from_to(&["x:hooks:read"], &["x:hooks:create", "x:hooks:delete", "x:hooks:read"]);
    further.wanted().recipients = std::sync::Arc::new(recipients(&[("ops", &["age1a", "age1b", "age1late"]), ("recovery", &["age1c"])]));
    further.can_open = true;
    add(&mut plan, &owned(further, "@acme/payments", 73), "pay/half-pending", Introduced);
    let half = plan.changes.last_mut().unwrap();
    half.access.pending = Some(Box::new(PendingAccess {
        gained: vec!["x:hooks:create".into()],
        recipients_added: vec!["age1late".to_owned()],
        ..PendingAccess::default()
    }));
    let mut due = World::settled();
    due.first().created_at = at(-80 * DAY);
    due.first().expires_at = Some(at(10 * DAY));
    due.live(1).expires_at = Some(Some(at(10 * DAY)));
    due.live(1).created_at = Some(at(-80 * DAY));
    add(&mut plan, &owned(due, "@acme/ci", 74), "pay/ci-deploy", Pending);
    let mut near = World::settled();
    near.first().created_at = at(-63 * DAY);
    near.first().expires_at = Some(at(27 * DAY));
    near.live(1).expires_at = Some(Some(at(27 * DAY)));
    near.live(1).created_at = Some(at(-63 * DAY));
    add(&mut plan, &owned(near, "@acme/ci", 78), "pay/ci-metrics", Pending);
    let mut attended = World::attended();
    attended.wanted().scopes = scopes(&["x:pay:read"]);
    add(&mut plan, &owned(attended, "@acme/finance", 5), "brex/finance", Introduced);
    let mut drifted = World::settled();
    drifted.live(1).scopes = Some(scopes(&["x:hooks:read", "x:key:update"]));
    drifted.observe(ObservedKey {
        id: "api_9".to_owned(),
        label: HOSTILE.to_owned(),
        scopes: Some(scopes(&["x:key:read"])),
        ..observed(7)
    });
    add(&mut plan, &owned(drifted, "@acme/news", 82), "pay/newsletter", Pending);
    let mut blocked = World::new();
    blocked.listing = Kind::Unavailable;
    add(&mut plan, &owned(blocked, "@acme/people", 9), "brynq/stuck", Pending);
    let mut unused = World::settled();
    unused.capabilities.last_used = true;
    unused.wanted().unused_after = Some(Span::days(30));
    unused.first().created_at = at(-40 * DAY);
    unused.live(1).created_at = Some(at(-40 * DAY));
    unused.wanted().expiry = Expiry::Never;
    unused.first().expires_at = None;
    unused.live(1).expires_at = Some(None);
    add(&mut plan, &owned(unused, "@acme/legacy", 90), "pay/nobody", Pending);
    let mut hostile = World::new();
    hostile.wanted().label = HOSTILE.into();
    add(&mut plan, &owned(hostile, HOSTILE, 95), "pay/hostile", Introduced);
    fill(&mut plan);
    plan
}

/// A list that confines keys.
pub(crate) fn confining() -> (String, crate::profile::KeyOption) {
    let option = r#"{ "says": "x", "kind": "list", "widens": { "confines": true, "why": "the key reaches more sub-accounts" } }"#;
    ("accounts".to_owned(), serde_json::from_str(option).unwrap())
}

/// What a base, guards and policy add.
fn fill(plan: &mut Plan) {
    let mut withdrawn = World::new();
    withdrawn.wanted().scopes = scopes(&["x:key:read"]);
    plan.digest = "sha256:7c1e9a40ffffffffffffffffffffffffffffffffffffffffffffffffffffffff".to_owned();
    plan.base = Some(BaseView {
        reference: "origin/main".to_owned(),
        commit: "41d07ab8a1b2c3d4e5f60718293a4b5c6d7e8f90".to_owned(),
        head: Some("9f3c2e1d0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned()),
        withdrawn: part(&withdrawn, "pay/abandoned").changes,
    });
    plan.trusted = vec![
        TrustedChange {
            kind: TrustedKind::RecipientAdded,
            subject: "recipients.ops".to_owned(),
            before: None,
            after: Some("age1mallory".to_owned()),
            why: "could open the secrets of these keys".to_owned(),
            risk: Risk::Critical,
            weaker: false,
            concerns: vec!["pay/signing".parse().unwrap(), "pay/ci-deploy".parse().unwrap()],
            at: Some(Position { file: "keywright.yaml".into(), line: 12, column: 5 }),
        },
        TrustedChange {
            kind: TrustedKind::Guard,
            subject: "guards.max_disables".to_owned(),
            before: Some("3".to_owned()),
            after: Some(HOSTILE.to_owned()),
            why: "more keys could be disabled at once".to_owned(),
            risk: Risk::High,
            weaker: true,
            concerns: Vec::new(),
            at: None,
        },
    ];
    plan.deferred.push(Deferred {
        address: "pay/later".parse().unwrap(),
        action: Action::Rotate,
        reason: "expires 2026-12-09".to_owned(),
        expires_at: None,
        requested: false,
    });
    plan.guards.push(GuardVerdict {
        guard: "max_rotations".to_owned(),
        account: None,
        limit: None,
        allows: 1,
        count: 2,
        verdict: Verdict::Deferred,
    });
    plan.diagnostics.push(open_ended());
    plan.diagnostics.push(Located {
        code: Code::ManifestUnlistedScope,
        severity: Severity::Warning,
        message: format!("provider said {HOSTILE}"),
        replacement: None,
        help: Some(HOSTILE.to_owned()),
        notes: vec![HOSTILE.to_owned()],
        ..open_ended()
    });
    plan.changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan.summary = summary::summary(&plan.changes, 22);
}

/// As many keys as asked for, of one risk each, with a few scopes.
pub(crate) fn many(keys: usize, risk: Risk) -> Plan {
    let wants: &[&str] = match risk {
        Risk::Low => &["x:hooks:read"],
        Risk::Medium => &["x:hooks:delete", "x:pay:read"],
        Risk::High => &["x:hooks:create", "x:hooks:read"],
        Risk::Critical => &["x:key:read", "x:key:update"],
    };
    let mut world = World::new();
    world.wanted().scopes = scopes(wants);
    let mut plan = world.plan();
    let change = plan.changes.remove(0);
    let change = |n: usize| Change { address: format!("acct/{risk}-{n:05}").parse().unwrap(), ..change.clone() };
    plan.changes = (0..keys).map(change).collect();
    plan.summary = summary::summary(&plan.changes, 0);
    plan
}

/// So many keys, each with some of so many scopes.
pub(crate) fn wide(keys: usize, columns: usize) -> Plan {
    let mut plan = many(keys, Risk::Low);
    let risks = [Risk::Low, Risk::Medium, Risk::High, Risk::Critical];
    let entry = |n: usize| AccessEntry {
        scope: Scope::new(format!("x:resource-{n:02}:write")),
        access: (n % 17 != 3).then_some(AccessLevel::Write),
        risk: if n % 17 == 3 { Risk::Critical } else { risks[n % 4] },
        tags: [].into(),
        via: n.is_multiple_of(5).then(|| "x:*".into()),
        why: None,
    };
    let entries: Vec<AccessEntry> = (0..columns).map(entry).collect();
    for (n, change) in plan.changes.iter_mut().enumerate() {
        let pick =
            |part: usize| entries.iter().enumerate().filter(move |(i, _)| (i * 7 + n * 3) % 11 == part).map(|(_, entry)| entry.clone());
        (change.access.gained, change.access.lost) = (pick(0).collect(), if n.is_multiple_of(3) { pick(1).collect() } else { Vec::new() });
        change.access.kept = pick(2).chain(pick(3)).map(|entry| entry.scope).collect();
        change.access.open_ended = vec!["x:*".into()];
    }
    plan.kept_risks = BTreeMap::from([("x".to_owned(), entries.into_iter().map(|entry| (entry.scope, entry.risk)).collect())]);
    plan.summary = summary::summary(&plan.changes, 0);
    plan
}
