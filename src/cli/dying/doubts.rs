//! Creates without an answer at a provider whose keys have no labels: what the listing cannot settle, a person does, and nothing is ended on a guess.
use std::collections::BTreeSet;

use super::super::args::{OutputFormat, RecoverArgs};
use super::super::exit::Exit;
use super::site::{Declared, Ran, Site};
use super::verdict::settle;
use super::world::{Ends, Fault, Kind, SimKey, later};
use crate::diagnostics::Report;
use crate::ledger::Ledger;
use crate::model::{Address, Generation, GenerationState, Options};
use crate::seam::Then;

impl Site {
    /// A person looks at the provider, and says what each unanswered create has made. Answers what was said then.
    pub(super) fn answer(&mut self) -> String {
        let records = Ledger::new(&self.root).load_all(&mut Report::default()).records;
        let generations = || records.values().flat_map(|record| &record.generations);
        let known: BTreeSet<String> = generations().filter_map(|generation| generation.id.clone()).collect();
        let open = |generation: &Generation| {
            matches!(generation.state, GenerationState::Intended | GenerationState::Ambiguous) && generation.id.is_none()
        };
        let doubtful: Vec<Address> =
            records.iter().filter(|(_, record)| record.generations.iter().any(open)).map(|(address, _)| address.clone()).collect();
        let mut said = String::new();
        for address in doubtful {
            let world = self.world.borrow();
            let ours = |key: &&SimKey| world.is_live(key) && !key.foreign && !known.contains(&key.id);
            let found = world.keys.iter().find(ours).map(|key| key.id.clone());
            drop(world);
            said.push_str(&self.say(address, found.as_deref()).said);
        }
        said
    }

    /// Says what a create has made; `None`: nothing.
    fn say(&mut self, address: Address, found: Option<&str>) -> Ran {
        let args = RecoverArgs {
            addresses: vec![address],
            yes: true,
            found: found.map(str::to_owned),
            absent: found.is_none(),
            identity: Vec::new(),
            writing: self.writing(),
            output: OutputFormat::Text,
        };
        self.staged(|host| super::super::recover::run(host, &args), |_, _| Then::GoOn)
    }
}

fn site(kind: &Kind, faults: &[(&'static str, Fault)]) -> Site {
    let mut site = Site::new(kind, 3);
    site.declare(vec![Declared::new("one")]);
    site.world.borrow_mut().script.extend(faults);
    site
}

fn one() -> Address {
    "pay/one".parse().expect("an address")
}

fn generations(site: &Site) -> Vec<Generation> {
    let records = Ledger::new(&site.root).load_all(&mut Report::default()).records;
    let mut generations: Vec<Generation> = records.into_values().flat_map(|record| record.generations).collect();
    generations.sort_by_key(|generation| generation.number);
    generations
}

fn states(site: &Site) -> Vec<GenerationState> {
    generations(site).iter().map(|generation| generation.state).collect()
}

fn settled(site: &mut Site) {
    settle(site, 1).unwrap_or_else(|problem| panic!("{problem}"));
}

/// Somebody else has made a key.
fn foreign(site: &Site) -> String {
    let mut world = site.world.borrow_mut();
    let key = world.make("", ["hooks:read".into()].into(), None, Options::new(), true);
    world.keys.push(key.clone());
    key.id
}

/// Somebody else makes a key while ours is asked for.
fn foreign_meanwhile(site: &Site) -> String {
    let mut world = site.world.borrow_mut();
    let key = world.make("", ["hooks:read".into()].into(), None, Options::new(), true);
    let at = later(world.now(), 1);
    world.pending.push((at, SimKey { created_at: at, ..key.clone() }));
    key.id
}

use GenerationState::{Active, Ambiguous, Disabled};

#[test]
fn a_lost_answer_waits_for_a_person() {
    let mut site = site(&Kind::UNLABELLED, &[("create", Fault::Lost)]);
    let ran = site.apply();
    assert_eq!((ran.exit, states(&site)), (Some(Exit::Partial), vec![Ambiguous]), "{}", ran.said);
    assert!(ran.said.contains("may be `id-1`") && ran.said.contains("--found ID"), "{}", ran.said);
    let again = site.apply();
    assert_eq!((again.exit, states(&site)), (Some(Exit::Partial), vec![Ambiguous]), "{}", again.said);
    assert!(again.said.contains("plan/ambiguous"), "{}", again.said);
    assert!(site.world.borrow().keys[0].enabled, "nothing is ended on a guess");
    let ran = site.say(one(), Some("id-1"));
    assert_eq!((ran.exit, states(&site)), (Some(Exit::Done), vec![Disabled]), "{}", ran.said);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    settled(&mut site);
    assert_eq!(states(&site), [Disabled, Active]);
    assert!(generations(&site).iter().all(|generation| generation.label.is_empty()));
}

#[test]
fn a_secret_that_can_be_read_again_is_kept() {
    let mut site = site(&Kind { reveal: true, ..Kind::UNLABELLED }, &[("create", Fault::Lost)]);
    assert_eq!(site.apply().exit, Some(Exit::Partial));
    assert_eq!(site.say(one(), Some("id-1")).exit, Some(Exit::Done));
    settled(&mut site);
    assert_eq!(states(&site), [Active]);
}

#[test]
fn what_a_listing_lacks_was_not_created() {
    for (fault, first, unseen) in
        [(Fault::Unheard, Exit::Done, true), (Fault::Refused, Exit::Partial, false), (Fault::Throttled, Exit::Partial, false)]
    {
        let mut site = site(&Kind::UNLABELLED, &[("create", fault)]);
        // A key from long ago cannot be it.
        foreign(&site);
        site.pass(3600);
        assert_eq!(site.apply().exit, Some(first), "{fault:?}");
        settled(&mut site);
        // What may come to be after all stays in the ledger, and in the way of nothing.
        let left: &[GenerationState] = if unseen { &[Ambiguous, Active] } else { &[Active] };
        assert_eq!(states(&site), left, "{fault:?}");
        assert_eq!(generations(&site)[0].unseen, unseen, "{fault:?}");
    }
}

#[test]
fn a_foreign_key_of_that_time_is_not_touched() {
    let mut site = site(&Kind::UNLABELLED, &[("create", Fault::Unheard)]);
    let before = foreign(&site);
    let stranger = foreign_meanwhile(&site);
    let ran = site.apply();
    assert_eq!((ran.exit, states(&site)), (Some(Exit::Partial), vec![Ambiguous]), "{}", ran.said);
    assert!(ran.said.contains(&format!("it may be `{stranger}`\n")), "not `{before}`, which was listed before: {}", ran.said);
    let wrong = site.say(one(), Some("id-77"));
    assert_eq!((wrong.exit, states(&site)), (Some(Exit::Partial), vec![Ambiguous]), "{}", wrong.said);
    assert_eq!(site.say(one(), None).exit, Some(Exit::Done));
    settled(&mut site);
    assert_eq!(states(&site), [Active]);
    assert!(site.world.borrow().key(&stranger).is_some_and(|key| key.enabled));
    let nothing = site.say(one(), None);
    assert!(nothing.exit == Some(Exit::Partial) && nothing.said.contains("nothing of `pay/one` is in doubt"), "{}", nothing.said);
}

#[test]
fn where_no_listing_tells_an_age_every_new_stranger_may_be_it() {
    let mut site = site(&Kind { tells_created: false, ..Kind::UNLABELLED }, &[("create", Fault::Unheard)]);
    foreign(&site);
    assert_eq!((site.apply().exit, states(&site)), (Some(Exit::Done), vec![Ambiguous, Active]), "it was listed before");
    let mut site = self::site(&Kind { tells_created: false, ..Kind::UNLABELLED }, &[("create", Fault::Unheard)]);
    foreign_meanwhile(&site);
    assert_eq!((site.apply().exit, states(&site)), (Some(Exit::Partial), vec![Ambiguous]));
    let mut refused = self::site(&Kind { tells_created: false, ..Kind::UNLABELLED }, &[("create", Fault::Refused)]);
    foreign_meanwhile(&refused);
    assert_eq!((refused.apply().exit, states(&refused)), (Some(Exit::Partial), vec![]), "a refusal is believed there");
}

#[test]
fn a_rotation_in_doubt_leaves_the_rest_alone() {
    let mut site = site(&Kind::UNLABELLED, &[]);
    assert_eq!(site.apply().exit, Some(Exit::Done));
    site.rotate = vec![one()];
    site.world.borrow_mut().script.push_back(("create", Fault::Lost));
    assert_eq!((site.apply().exit, states(&site)), (Some(Exit::Partial), vec![Active, Ambiguous]));
    site.rotate = Vec::new();
    site.redeclare("one", |key| key.active = false);
    site.apply();
    assert_eq!(states(&site), [Disabled, Ambiguous], "what is known can be ended");
}

#[test]
fn an_expanded_key_is_left_alone_until_somebody_changes_it() {
    for rule in ["superset", "expanded"] {
        let mut site = site(&Kind { scopes: rule, ..Kind::PLAIN }, &[]);
        assert_eq!(site.apply().exit, Some(Exit::Done));
        settled(&mut site);
        let reported = generations(&site)[0].reported_scopes.clone().expect("more came back");
        assert_eq!(reported.len(), 2, "{rule}");
        site.redeclare("one", |key| key.scopes = vec!["hooks:read", "hooks:write"]);
        assert_eq!(site.apply().exit, Some(Exit::Done), "{rule}");
        settled(&mut site);
        assert_eq!((generations(&site)[0].reported_scopes.as_ref().map(|scopes| scopes.len()), states(&site)), (Some(3), vec![Active]));
        site.world.borrow_mut().keys[0].scopes.insert("admin:write".into());
        let plan = site.plan();
        assert_eq!(plan.exit, Some(Exit::Changes), "{rule}: {}", plan.said);
        assert_eq!(site.apply().exit, Some(Exit::Done), "{rule}");
        settled(&mut site);
        assert_eq!(site.world.borrow().keys[0].scopes.len(), 2, "{rule}: it is taken away again");
    }
}

#[test]
fn an_earlier_end_is_taken_where_the_provider_may_grant_one() {
    const DAY: i64 = 86_400;
    let mut site = site(&Kind { ends: Ends::Within(30), ..Kind::PLAIN }, &[]);
    let ran = site.apply();
    assert_eq!(ran.exit, Some(Exit::Done), "{}", ran.said);
    assert!(ran.said.contains("provider/expiry-adjusted"), "{}", ran.said);
    settled(&mut site);
    assert!(generations(&site)[0].clamped.is_some());
    site.pass(15 * DAY);
    settled(&mut site);
    assert_eq!(states(&site), [Active]);
    site.pass(5 * DAY);
    settled(&mut site);
    assert_eq!(states(&site), [GenerationState::Retiring, Active], "it rotates by the end that was granted");
}
