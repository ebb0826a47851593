//! Lists of keys, a page at a time, with the documented headers.

use axum::http::StatusCode;
use jiff::Timestamp;
use reqwest::Url;
use serde_json::Value;

use super::config::ListOrder;
use super::reply::{self, Cause, Refusal, Reply, Secret};
use super::routes::Incoming;
use super::state::{Key, State};

const DEFAULT_LIMIT: usize = 100;

/// Answers with one page; one behind the last is empty.
pub fn list(state: &mut State, request: &Incoming, now: Timestamp) -> Result<Reply, Refusal> {
    let parameters = request.parameters()?;
    let number = |name: &str, default: usize| match parameters.get(name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
            let message = format!("`{name}` must be a number above zero");
            Refusal::of(Cause::Input, name, text.as_str(), &message)
        }),
    };
    let page = number("page", 1)?;
    let limit = number("limit", DEFAULT_LIMIT)?.min(state.config.max_limit.max(1));
    state.lists += usize::from(page == 1);
    let needle = parameters.get("query").map_or("", String::as_str);

    let mut keys: Vec<&Key> = state.listed(now).filter(|key| key.label.contains(needle)).collect();
    match state.config.list_order {
        ListOrder::OldestFirst => {}
        ListOrder::NewestFirst => keys.reverse(),
    }
    let total = keys.len();
    let start = (page - 1).saturating_mul(limit).min(total);
    let shown = &keys[start..start.saturating_add(limit).min(total)];
    let body: Vec<Value> = shown.iter().map(|key| reply::key(key, &state.config, Secret::Withheld)).collect();

    let last = total.div_ceil(limit).max(1);
    let path = format!("{}{}", state.origin, request.path);
    let url = |page: usize| page_url(&path, page, limit, needle);
    // Empty before the first page and behind the last.
    let neighbour = |page: usize| {
        if (1..=last).contains(&page) { url(page) } else { String::new() }
    };
    let (previous, next) = (neighbour(page - 1), neighbour(page.saturating_add(1)));
    let links = format!("<{first}>; rel=\"first\", <{last}>; rel=\"last\"", first = url(1), last = url(last));
    let from = if shown.is_empty() { 0 } else { start + 1 };
    let to = if shown.is_empty() { 0 } else { start + shown.len() };
    Ok(Reply::json(StatusCode::OK, Value::from(body))
        .with_header("x-total", total)
        .with_header("x-last-page", last)
        .with_header("x-current_page", page)
        .with_header("x-per-page", limit)
        .with_header("x-total-in-this-page", shown.len())
        .with_header("x-from", from)
        .with_header("x-to", to)
        .with_header("x-first-page-url", url(1))
        .with_header("x-prev-page-url", previous)
        .with_header("x-next-page-url", next)
        .with_header("x-last-page-url", url(last))
        .with_header("x-path", &path)
        .with_header("x-links", links))
}

fn page_url(path: &str, page: usize, limit: usize, needle: &str) -> String {
    let mut parameters = vec![("page", page.to_string()), ("limit", limit.to_string())];
    if !needle.is_empty() {
        parameters.push(("query", needle.to_owned()));
    }
    Url::parse_with_params(path, parameters).map_or_else(|_| path.to_owned(), String::from)
}
