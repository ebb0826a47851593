//! Reads the pages of one listing, whatever way they are linked. Knows no keys.
use std::cell::Cell;
use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::ProviderError;
use super::exchange::{Answer, Call, Caller, Exchange, Failure, Retry, Wiped};
use super::transport::Url;
use crate::profile::object;
use crate::profile::paging::{self, Cursor, CursorSource, MOST_PAGES, NextUrl, Paging, Source};
use crate::profile::pointer::Pointer;
use crate::profile::request::Asked;
use crate::profile::template::{Placeholder, Values};

/// Pages that are read at the same time.
pub const AT_ONCE: usize = 8;

/// Everything that reading pages needs.
pub struct Pages<'a, T> {
    pub exchange: &'a Exchange,
    pub caller: Caller<'a>,
    pub asked: Asked<'a>,
    pub items: &'a Pointer,
    /// Whether the profile reads names of entries, so that a map is a list of them.
    pub is_map: bool,
    pub paging: &'a Paging,
    /// What is kept of an entry; or why it cannot be read, which makes the page unreadable.
    pub keep: &'a dyn Fn(Wiped) -> Result<Entry<T>, String>,
    pub read: Amount,
}

/// How much has been read so far.
#[derive(Default)]
pub struct Amount {
    bytes: Cell<usize>,
    entries: Cell<usize>,
}

/// One entry of a listing.
pub struct Entry<T> {
    /// What it is known by.
    pub name: String,
    pub kept: T,
}

/// One answer of a listing.
struct Page<T> {
    total: Option<u64>,
    entries: Vec<Entry<T>>,
    next: Option<Next>,
}

/// Where the next answer is.
enum Next {
    Cursor(Value),
    Url(Url),
}

impl<T> Pages<'_, T> {
    /// What was kept of every entry. `None`: the pages do not make one whole, by their totals or by entries that come twice; the list changed.
    ///
    /// Errors when a page cannot be read, when a cursor or a URL comes twice, when the next page is at another origin, or when there is no end: more
    /// pages, bytes or entries than any account has, or more time than anybody waits.
    pub async fn read(&self) -> Result<Option<Vec<T>>, ProviderError> {
        let limit = self.exchange.limits().listing;
        let pages = async {
            match self.paging {
                Paging::None => Ok(vec![self.page(Values::new(), None).await?]),
                Paging::Page(_) | Paging::Offset(_) => self.numbered().await,
                Paging::Cursor(_) | Paging::Next(_) => self.linked().await,
            }
        };
        let late = |_| ProviderError::Unanswered(format!("the list was not at its end after {} seconds", limit.as_secs()));
        let pages: Vec<Page<T>> = tokio::time::timeout(limit, pages).await.map_err(late)??;
        let totals: Vec<Option<u64>> = pages.iter().map(|page| page.total).collect();
        let is_whole = paging::is_whole(&totals, pages.iter().flat_map(|page| &page.entries).map(|entry| entry.name.as_str()));
        Ok(is_whole.then(|| pages.into_iter().flat_map(|page| page.entries).map(|entry| entry.kept).collect()))
    }

    /// What a page is asked for by: it is the one of this number, counted from zero, after so many entries.
    fn place(&self, number: u32, read: u64) -> Values {
        match self.paging {
            Paging::Page(pages) => {
                Values::from([(Placeholder::Page, json!(pages.first.saturating_add(number))), (Placeholder::Limit, json!(pages.size))])
            }
            Paging::Offset(offsets) => Values::from([(Placeholder::Offset, json!(read)), (Placeholder::Limit, json!(offsets.size))]),
            Paging::None | Paging::Cursor(_) | Paging::Next(_) => Values::new(),
        }
    }

    async fn numbered(&self) -> Result<Vec<Page<T>>, ProviderError> {
        let first = self.page(self.place(0, 0), None).await?;
        let Some(total) = first.total else { return self.one_by_one(first).await };
        let step = first.entries.len();
        let Some(count) = paging::pages(total, step) else {
            return Err(ProviderError::Unanswered(format!("the first page does not fit a total of {total}")));
        };
        let rest = stream::iter((1..count).map(|number| self.page(self.place(number, u64::from(number) * step as u64), None)));
        let mut pages = vec![first];
        pages.extend(rest.buffered(AT_ONCE).try_collect::<Vec<_>>().await?);
        Ok(pages)
    }

    /// Without a total, the end is a page that is shorter than the first, not one shorter than asked for: providers lower a size they find too
    /// large, and half a listing must never pass for a whole one.
    async fn one_by_one(&self, first: Page<T>) -> Result<Vec<Page<T>>, ProviderError> {
        let step = first.entries.len();
        let mut seen = Seen::of(&first);
        let mut read = step as u64;
        let mut pages = vec![first];
        if step == 0 {
            return Ok(pages);
        }
        for number in 1..MOST_PAGES {
            let page = self.page(self.place(number, read), None).await?;
            read += page.entries.len() as u64;
            let last = page.entries.len() < step;
            // A provider that ignores the page number would go on for ever.
            let repeated = seen.repeats(&page);
            pages.push(page);
            if last || repeated {
                return Ok(pages);
            }
        }
        Err(endless())
    }

    async fn linked(&self) -> Result<Vec<Page<T>>, ProviderError> {
        let (mut seen, mut links, mut pages) = (Seen::default(), BTreeSet::new(), Vec::new());
        let mut next: Option<Next> = None;
        for _ in 0..MOST_PAGES {
            let mut page = match next.take() {
                None => self.page(Values::new(), None).await?,
                Some(Next::Cursor(cursor)) => self.page(Values::from([(Placeholder::Cursor, cursor)]), None).await?,
                Some(Next::Url(url)) => self.page(Values::new(), Some(&url)).await?,
            };
            next = page.next.take();
            let repeated = seen.repeats(&page);
            pages.push(page);
            let link = match &next {
                None => return Ok(pages),
                // Entries that come twice make no whole: the caller reads once more, or gives up.
                Some(_) if repeated => return Ok(pages),
                Some(Next::Cursor(cursor)) => cursor.to_string(),
                Some(Next::Url(url)) => url.to_string(),
            };
            if !links.insert(link) {
                return Err(ProviderError::Unanswered("the list names the same next page twice".to_owned()));
            }
        }
        Err(endless())
    }

    async fn page(&self, values: Values, following: Option<&Url>) -> Result<Page<T>, ProviderError> {
        let call = Call { following, ..Call::new(self.asked, values, self.caller, Retry::Idempotent) };
        self.exchange.send(&call, |answer| self.read_page(self.exchange.accept(answer, &call)?)).await
    }

    fn read_page(&self, mut answer: Answer) -> Result<Page<T>, Failure> {
        let unreadable = |text: String| Failure::from(ProviderError::Unanswered(text));
        let limits = self.exchange.limits();
        let endless = |read: &Cell<usize>, more: usize, most: usize, what: &str| {
            read.set(read.get().saturating_add(more));
            let failure = || Failure { again: false, ..unreadable(format!("the list has more than {most} {what}")) };
            if read.get() > most { Err(failure()) } else { Ok(()) }
        };
        endless(&self.read.bytes, answer.size, limits.listed, "bytes")?;
        let total = self.total(&answer);
        let items = answer.json.as_mut().and_then(|json| self.items.of_mut(&mut json.0)).map(Value::take);
        let items =
            items.and_then(|items| object::entries(items, self.is_map)).ok_or_else(|| unreadable("the answer holds no list".to_owned()))?;
        let values: Vec<Wiped> = items.into_iter().map(Wiped).collect();
        endless(&self.read.entries, values.len(), limits.entries, "entries")?;
        let next = self.next(&answer, values.last().map(|value| &value.0)).map_err(unreadable)?;
        let entries = values.into_iter().map(self.keep).collect::<Result<_, _>>().map_err(unreadable)?;
        Ok(Page { total, entries, next })
    }

    fn total(&self, answer: &Answer) -> Option<u64> {
        let (Paging::Page(paging::PageNumbers { total, .. }) | Paging::Offset(paging::Offsets { total, .. })) = self.paging else {
            return None;
        };
        match total.as_ref()? {
            Source::Header(name) => header(answer, name)?.trim().parse().ok(),
            Source::Body(at) => at.of(&answer.json.as_ref()?.0)?.as_u64(),
        }
    }

    fn next(&self, answer: &Answer, last: Option<&Value>) -> Result<Option<Next>, String> {
        let json = answer.json.as_ref().map_or(&Value::Null, |json| &json.0);
        match self.paging {
            Paging::None | Paging::Page(_) | Paging::Offset(_) => Ok(None),
            Paging::Cursor(Cursor { next, more }) => {
                let found = match next {
                    CursorSource::Body(at) => at.of(json).cloned(),
                    CursorSource::Header(name) => header(answer, name).map(Value::from),
                    CursorSource::Last(at) => last.and_then(|entry| at.of(entry)).cloned(),
                };
                let found = found.filter(|value| !matches!(value.as_str(), Some("")) && *value != Value::Bool(false));
                match (more.as_ref().map(|at| at.of(json).and_then(Value::as_bool)), found) {
                    (Some(Some(false)), _) | (None | Some(None), None) => Ok(None),
                    (Some(Some(true)), None) => Err("the answer says that there is more, and not where".to_owned()),
                    (Some(None), Some(_)) => Err("the answer does not say whether there is more".to_owned()),
                    (None | Some(Some(true)), Some(cursor)) => Ok(Some(Next::Cursor(cursor))),
                }
            }
            Paging::Next(next) => {
                let text = match next {
                    NextUrl::Body(at) => match at.of(json) {
                        Some(Value::String(text)) => Some(text.as_str()),
                        // Such as `next: false` of a last page.
                        None | Some(Value::Null | Value::Bool(false)) => None,
                        Some(_) => return Err("the address of the next page is no text".to_owned()),
                    },
                    NextUrl::Link(relation) => {
                        paging::link(answer.headers.get_all("link").iter().filter_map(|value| value.to_str().ok()), relation)
                    }
                };
                text.map(str::trim).filter(|text| !text.is_empty()).map(|text| same_origin(&answer.url, text).map(Next::Url)).transpose()
            }
        }
    }
}

/// The entries that have come so far, by their names.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    fn of<T>(page: &Page<T>) -> Self {
        Self(page.entries.iter().map(|entry| entry.name.clone()).collect())
    }

    /// Takes a page in; whether any entry of it came before.
    fn repeats<T>(&mut self, page: &Page<T>) -> bool {
        let mut repeats = false;
        for entry in &page.entries {
            repeats |= !self.0.insert(entry.name.clone());
        }
        repeats
    }
}

/// A URL that an answer gave, when it is of the origin that was asked. Nothing of it is repeated.
fn same_origin(asked: &Url, text: &str) -> Result<Url, String> {
    let mut url = asked.join(text).map_err(|_| "the next page's address is no URL".to_owned())?;
    if url.origin() != asked.origin() || !url.username().is_empty() || url.password().is_some() {
        return Err("the next page is at another origin, and the credential is not for that".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}

fn endless() -> ProviderError {
    ProviderError::Unanswered(format!("the list has more than {MOST_PAGES} pages"))
}
