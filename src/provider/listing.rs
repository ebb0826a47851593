//! Reads a whole listing, page by page. A listing is complete, or it is an error; there is no third outcome.
use std::collections::BTreeSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::ProviderError;
use super::exchange::{Answer, Call, Exchange, Failure, Retry};
use crate::model::{ObservedKey, Secret};
use crate::profile::api::ListOperation;
use crate::profile::auth::AuthScheme;
use crate::profile::paging::{self, MOST_PAGES, PageNumbers, Paging, Source};
use crate::profile::reader::Reader;
use crate::profile::template::{Placeholder, Values};

/// Pages that are read at the same time.
const AT_ONCE: usize = 8;

/// Everything that reading a listing needs.
pub struct ListReader<'a> {
    pub exchange: &'a Exchange,
    pub operation: &'a ListOperation,
    pub reader: &'a Reader,
    pub scheme: &'a AuthScheme,
    pub credential: &'a Secret,
}

struct Page {
    total: Option<u64>,
    keys: Vec<ObservedKey>,
}

impl ListReader<'_> {
    /// Every key. Read once more when it changed meanwhile.
    ///
    /// Expects pages that tell the same total, or none; guarantees that the keys are as many as the total and that none comes twice. Keys that
    /// are exchanged for others between two pages, leaving the total as it was, cannot be noticed. Errors when any page fails, or when the
    /// listing changes while it is read, twice.
    pub async fn read(&self) -> Result<Vec<ObservedKey>, ProviderError> {
        for _ in 0..2 {
            let pages = self.pages().await?;
            let totals: Vec<Option<u64>> = pages.iter().map(|page| page.total).collect();
            if paging::is_whole(&totals, pages.iter().flat_map(|page| &page.keys).map(|key| key.id.as_str())) {
                return Ok(pages.into_iter().flat_map(|page| page.keys).collect());
            }
        }
        Err(ProviderError::Unanswered("the list changed while it was read".to_owned()))
    }

    async fn pages(&self) -> Result<Vec<Page>, ProviderError> {
        let Paging::Page(numbers) = &self.operation.paging else {
            return Ok(vec![self.page(Values::new()).await?]);
        };
        let first = self.page(values(numbers, numbers.first)).await?;
        let Some(total) = first.total else {
            return self.one_by_one(numbers, first).await;
        };
        let Some(following) = paging::following(numbers.first, total, first.keys.len()) else {
            return Err(ProviderError::Unanswered(format!("the first page does not fit a total of {total}")));
        };
        let rest = stream::iter(following.map(|number| self.page(values(numbers, number))));
        let mut pages = vec![first];
        pages.extend(rest.buffered(AT_ONCE).try_collect::<Vec<_>>().await?);
        Ok(pages)
    }

    /// Without a total, the end is a page that is shorter than the first, not one shorter than asked for: providers lower a size they find too
    /// large, and half a listing must never pass for a whole one.
    async fn one_by_one(&self, numbers: &PageNumbers, first: Page) -> Result<Vec<Page>, ProviderError> {
        let step = first.keys.len();
        let mut seen: BTreeSet<String> = first.keys.iter().map(|key| key.id.clone()).collect();
        let mut pages = vec![first];
        if step == 0 {
            return Ok(pages);
        }
        for number in (numbers.first + 1..).take(MOST_PAGES as usize) {
            let page = self.page(values(numbers, number)).await?;
            let last = page.keys.len() < step;
            // A provider that ignores the page number would go on for ever.
            let repeated = page.keys.iter().any(|key| !seen.insert(key.id.clone()));
            pages.push(page);
            if last || repeated {
                return Ok(pages);
            }
        }
        Err(ProviderError::Unanswered(format!("the list has more than {MOST_PAGES} pages")))
    }

    async fn page(&self, values: Values) -> Result<Page, ProviderError> {
        let call = Call {
            request: &self.operation.request,
            query: &self.operation.query,
            body: None,
            values,
            scheme: self.scheme,
            credential: self.credential,
            retry: Retry::Idempotent,
        };
        self.exchange.send(&call, |answer| self.read_page(self.exchange.accept(answer, &call)?)).await
    }

    fn read_page(&self, answer: Answer) -> Result<Page, Failure> {
        let unreadable = |text: String| Failure::from(ProviderError::Unanswered(text));
        let json = answer.json.as_ref().map_or(&Value::Null, |json| &json.0);
        let items = self.operation.items.of(json).and_then(Value::as_array);
        let items = items.ok_or_else(|| unreadable("the answer holds no list of keys".to_owned()))?;
        let keys = items.iter().map(|item| self.reader.key(item)).collect::<Result<_, _>>();
        Ok(Page { total: self.total(&answer), keys: keys.map_err(|error| unreadable(error.to_string()))? })
    }

    fn total(&self, answer: &Answer) -> Option<u64> {
        let Paging::Page(PageNumbers { total: Some(source), .. }) = &self.operation.paging else { return None };
        match source {
            Source::Header(name) => answer.headers.get(name)?.to_str().ok()?.trim().parse().ok(),
            Source::Body(at) => at.of(&answer.json.as_ref()?.0)?.as_u64(),
        }
    }
}

fn values(numbers: &PageNumbers, page: u32) -> Values {
    Values::from([(Placeholder::Page, json!(page)), (Placeholder::Limit, json!(numbers.size))])
}
