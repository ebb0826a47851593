//! `review`: shows keys that are due for review, and records who confirmed them. Never changes anything at a provider.
use std::collections::{BTreeMap, BTreeSet};

use super::args::ReviewArgs;
use super::beyond::{self, Beyond, Written};
use super::exit::{Exit, Stop};
use super::host::Host;
use super::list;
use super::session::{Observed, Session};
use super::{apply::block_on, judging, plan as planning, print, recovery};
use crate::apply;
use crate::apply::journal::Remote;
use crate::diagnostics::{Code, Diagnostic};
use crate::inventory::Row;
use crate::model::text_safety;
use crate::model::{Address, KeyRecord, Reviewed, ScopeSet};
use crate::plan::{self, AccessDiff};
use crate::render;
use crate::render::review::{Card, card};
use crate::workspace::edit::Edits;

/// Longest name that is recorded, in characters.
const LONGEST_NAME: usize = 200;

pub fn run(host: &Host, args: &ReviewArgs) -> Result<Exit, Stop> {
    if args.live {
        planning::no_pull_request(host, "review --live")?;
    }
    let by = args.by.as_deref().map(name).transpose()?;
    let session = Session::open(host)?;
    let named: Vec<Address> = args.addresses.iter().chain(&args.confirm).cloned().collect();
    let named = session.only(&named)?;
    issued(&session, &named)?;
    let walk = Walk::new(&session, args, named)?;
    if walk.rows.is_empty() {
        print("no review is due\n")?;
        return Ok(Exit::Done);
    }
    let (confirmed, by, left) = match by {
        Some(by) if !args.confirm.is_empty() => (walk.rows.keys().cloned().collect(), by, 0),
        by => walk.ask(host, by)?,
    };
    // A review of what nobody can read now says less than it seems.
    let partial = if left > 0 || walk.is_partial() { Exit::Partial } else { Exit::Done };
    if confirmed.is_empty() {
        return Ok(partial);
    }
    let shown = walk.rows;
    drop(walk.observed);
    let _lock = recovery::lock(host)?;
    let session = Session::open(host)?;
    let exit = block_on(record(session, args, &shown, confirmed, by))??;
    Ok(if exit == Exit::Done { partial } else { exit })
}

/// Keys under review, as they are shown.
struct Walk<'s, 'h> {
    session: &'s Session<'h>,
    rows: BTreeMap<Address, Row>,
    observed: Option<Observed>,
}

impl<'s, 'h> Walk<'s, 'h> {
    /// The named keys; all that are due when none are named.
    fn new(session: &'s Session<'h>, args: &ReviewArgs, named: BTreeSet<Address>) -> Result<Self, Stop> {
        let all: Vec<&Address> = if named.is_empty() { session.records.keys().collect() } else { named.iter().collect() };
        let mut rows: BTreeMap<Address, Row> =
            all.into_iter().map(|address| (address.clone(), list::row(session, None, address))).collect();
        rows.retain(|_, row| !named.is_empty() || row.review_overdue);
        let observed = if args.live { Some(list::read(session, &rows.keys().collect())?) } else { None };
        if let Some(observed) = &observed {
            judging::report_unavailable(session, observed);
            for (address, row) in &mut rows {
                *row = list::row(session, Some(observed), address);
            }
        }
        Ok(Self { session, rows, observed })
    }

    fn is_partial(&self) -> bool {
        self.observed.as_ref().is_some_and(Observed::is_partial)
    }

    /// Shows every key and asks about it. Answers who confirms which keys, and how many are left.
    fn ask(&self, host: &Host, by: Option<String>) -> Result<(BTreeSet<Address>, String, usize), Stop> {
        let style = host.style(host.colour_out());
        let edits = Edits::of(&self.session.sources);
        let mut cards = Vec::new();
        for (address, row) in &self.rows {
            let card = card(&Card { row, access: &self.access(row), readers: self.readers(address), now: host.clock().now() }, style);
            let disable = self.session.workspace.keys.get(address).and_then(|key| edits.disable(key));
            cards.push((address.clone(), card, disable));
        }
        if !host.can_ask() {
            cards.iter().try_for_each(|(_, card, _)| print(format!("{card}\n")))?;
            let diagnostic = Diagnostic::error(Code::ApplyNotConfirmed, "there is no terminal to ask on")
                .help("confirm keys with `--confirm ADDRESS --by NAME`; nothing was recorded");
            return Err(Stop::with(Exit::Error, diagnostic));
        }
        let answers = walk(&cards, &mut |text| print(text), &mut |question| host.answer(question))?;
        if answers.is_empty() {
            return Ok((answers, String::new(), self.rows.len()));
        }
        let by = match by {
            Some(by) => by,
            None => self.who(host)?,
        };
        let left = self.rows.len() - answers.len();
        Ok((answers, by, left))
    }

    /// Asks who confirms; what git knows is offered.
    fn who(&self, host: &Host) -> Result<String, Stop> {
        let known = block_on(async { beyond::repository(self.session).await.ok()?.user().await })?;
        let known = known.filter(|known| name(known).is_ok());
        let offered = known.as_ref().map(|known| format!(" [{known}]")).unwrap_or_default();
        let answer = host.answer(&format!("Who confirms?{offered} ")).unwrap_or_default();
        name(if answer.trim().is_empty() { known.as_deref().unwrap_or_default() } else { &answer })
    }

    /// Everything that the scopes of a key grant.
    fn access(&self, row: &Row) -> AccessDiff {
        let account = self.session.workspace.accounts.get(&row.address.account);
        account.map(|account| plan::difference(&account.catalogue, &ScopeSet::new(), &row.scopes)).unwrap_or_default()
    }

    /// The groups that can open the secret.
    fn readers(&self, address: &Address) -> Vec<String> {
        let record = self.session.records.get(address);
        let sealed = record.and_then(KeyRecord::current).and_then(|current| current.sealed.as_ref());
        sealed.map(|sealed| sealed.recipients.keys().cloned().collect()).unwrap_or_default()
    }
}

/// One key under review: its card, and the change of the manifest that disables it.
type Question = (Address, String, Option<String>);

/// Asks about every key. The keys that were confirmed; a terminal that goes away confirms nothing more.
fn walk(
    cards: &[Question],
    show: &mut dyn FnMut(&str) -> Result<(), Stop>,
    ask: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<BTreeSet<Address>, Stop> {
    let mut confirmed = BTreeSet::new();
    for (n, (address, card, disable)) in cards.iter().enumerate() {
        show(&format!("{card}\n"))?;
        loop {
            let question =
                format!("{} of {}: is `{address}` still needed, with this access? [y]es, [n]o, [s]kip, [q]uit ", n + 1, cards.len());
            match ask(&question).as_deref().map(str::trim) {
                Some("y" | "yes") => {
                    confirmed.insert(address.clone());
                }
                Some("n" | "no") => match disable {
                    Some(change) => show(&format!("nothing is recorded; this change of the manifest disables the key:\n{change}\n"))?,
                    None => show("nothing is recorded; `state: disabled` in its manifest disables the key\n")?,
                },
                Some("s" | "skip") => {}
                Some("q" | "quit") | None => return Ok(confirmed),
                Some(_) => continue,
            }
            break;
        }
    }
    Ok(confirmed)
}

/// A name as the ledger records it.
pub(super) fn name(text: &str) -> Result<String, Stop> {
    let text = text.trim();
    let problem = if text.is_empty() {
        "it is empty"
    } else if text.chars().any(text_safety::is_unsafe) {
        "it has invisible or control characters"
    } else if text.chars().count() > LONGEST_NAME {
        "it is too long"
    } else {
        return Ok(text.to_owned());
    };
    let diagnostic = Diagnostic::error(Code::ReviewNobody, format!("the name of who confirms cannot be recorded: {problem}"));
    Err(Stop::with(Exit::Error, diagnostic.help("name a person or a team, such as `--by \"@acme/payments\"`; nothing was recorded")))
}

/// Refuses keys of which nothing was issued: there is nothing to confirm.
fn issued(session: &Session<'_>, named: &BTreeSet<Address>) -> Result<(), Stop> {
    match named.iter().find(|address| !session.records.contains_key(address)) {
        None => Ok(()),
        Some(address) => {
            let message = format!("`{address}` cannot be reviewed: it has no ledger record, nothing was issued yet");
            Err(Stop::with(Exit::Error, Diagnostic::error(Code::ReviewNotIssued, message).help("apply first; nothing was recorded")))
        }
    }
}

/// Writes the reviews down, and back. The workspace is locked.
async fn record(
    mut session: Session<'_>,
    args: &ReviewArgs,
    shown: &BTreeMap<Address, Row>,
    confirmed: BTreeSet<Address>,
    by: String,
) -> Result<Exit, Stop> {
    let mut beyond = Beyond::open(&session, &args.writing).await?;
    session.replay(beyond.lines())?;
    issued(&session, &confirmed)?;
    unchanged(&session, shown, &confirmed)?;
    beyond.reviewed.clone_from(&confirmed);
    beyond.acting(async |remote| act(&mut session, args, confirmed, by, &beyond, remote).await).await
}

async fn act(
    session: &mut Session<'_>,
    args: &ReviewArgs,
    confirmed: BTreeSet<Address>,
    by: String,
    beyond: &Beyond<'_>,
    remote: Option<&dyn Remote>,
) -> Result<(Exit, Written), Stop> {
    let at = session.host.clock().now();
    let journal = recovery::begin(session, beyond, remote).await?;
    for address in &confirmed {
        let record = session.records.get_mut(address).expect("every confirmed key has a record");
        let reviewed = Reviewed { at, by: by.clone() };
        apply::review(&session.ledger, &journal, record, reviewed).await.map_err(|failure| recovery::not_done(address, &failure))?;
    }
    // A standard output that is gone must not keep the files from being written back.
    let printed = print(format!("Reviewed: {} confirmed by {by}.\n", render::count(confirmed.len(), "key")));
    let unfinished = session.records.values().filter(|record| apply::is_unfinished(record)).count();
    if unfinished > 0 {
        let keys = render::count(unfinished, "key");
        session.host.say(&format!("an earlier apply left {keys} unfinished: the next apply goes on from there"));
    }
    let is_written_back = args.writing.commit || args.writing.push || args.writing.durable.is_some();
    if !session.replayed.journaled.is_empty() && !is_written_back {
        // What an earlier apply has yet to write back is the journal's to remember.
        return printed.map(|()| (Exit::Done, Written::Locally));
    }
    // With something unfinished, ciphertexts that no record names may still be needed.
    let exit = if unfinished > 0 { Exit::Partial } else { Exit::Done };
    let finished = recovery::finish(session, beyond, journal, confirmed, &[], exit).await;
    printed.and(finished)
}

/// Refuses when a key is no longer what was shown: who confirmed has not seen it.
fn unchanged(session: &Session<'_>, shown: &BTreeMap<Address, Row>, confirmed: &BTreeSet<Address>) -> Result<(), Stop> {
    confirmed.iter().try_for_each(|address| as_shown(&shown[address], &list::row(session, None, address)))
}

fn as_shown(before: &Row, now: &Row) -> Result<(), Stop> {
    // What only the provider knew is compared by the generation alone.
    let scopes = before.observed.is_some() || before.scopes == now.scopes;
    if scopes && before.generation == now.generation && before.state == now.state {
        return Ok(());
    }
    let message = format!("`{}` has changed since it was shown", now.address);
    Err(Stop::with(Exit::Error, Diagnostic::error(Code::ReviewChanged, message).help("review it again; nothing was recorded")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::list::samples::billing;

    fn told(answers: &[&str]) -> (Vec<String>, String) {
        let address = |name: &str| -> Address { format!("pay/{name}").parse().expect("an address") };
        let cards = [
            (address("a"), "card a".to_owned(), Some("+    state: disabled".to_owned())),
            (address("b"), "card b".to_owned(), None),
            (address("c"), "card c".to_owned(), None),
        ];
        let mut shown = String::new();
        let mut answers = answers.iter();
        let confirmed = walk(
            &cards,
            &mut |text| {
                shown.push_str(text);
                Ok(())
            },
            &mut |question| {
                assert!(question.contains("still needed"));
                answers.next().map(|answer| format!("{answer}\n"))
            },
        );
        (confirmed.expect("told").iter().map(|address| address.name.to_string()).collect(), shown)
    }

    #[test]
    fn only_a_yes_confirms() {
        assert_eq!(told(&["y", "yes", "y"]).0, ["a", "b", "c"]);
        assert_eq!(told(&["y", "what", "", "s", "y"]).0, ["a", "c"]);
        assert_eq!(told(&["y", "q"]).0, ["a"]);
        assert_eq!(told(&["y"]).0, ["a"], "the terminal went away");
        assert_eq!(told(&[]).0, [""; 0]);
    }

    #[test]
    fn a_no_shows_what_disables_the_key() {
        let (confirmed, shown) = told(&["n", "n", "y"]);
        assert_eq!(confirmed, ["c"]);
        assert!(shown.contains("+    state: disabled") && shown.contains("`state: disabled` in its manifest"), "{shown}");
    }

    #[test]
    fn what_was_not_shown_is_not_confirmed() {
        let shown = billing();
        assert!(as_shown(&shown, &Row { last_verified_at: None, ..billing() }).is_ok());
        let others = [
            Row { generation: Some(3), ..billing() },
            Row { state: "disabled".to_owned(), ..billing() },
            Row { scopes: ["a:admin".into()].into(), ..billing() },
        ];
        for now in others {
            assert_eq!(as_shown(&shown, &now).expect_err("changed").diagnostics[0].code, Code::ReviewChanged);
        }
    }

    #[test]
    fn a_name_is_visible_and_not_empty() {
        assert_eq!(name(" Ada Lovelace ").expect("a name"), "Ada Lovelace");
        for bad in ["", "  ", "a\nb", "a\u{1b}[31m", "\u{202e}x", &"x".repeat(201)] {
            assert_eq!(name(bad).expect_err("no name").diagnostics[0].code, Code::ReviewNobody, "{bad:?}");
        }
    }
}
