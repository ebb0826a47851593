//! Answers a request with the failure ordered for it. Knows no vendor.

use std::future::Future;

use axum::http::StatusCode;

use super::answer::{Pieces, Reply};
use super::faults::Fault;
use super::line::Cut;

/// Answers with the failure ordered, if any.
///
/// `answer` acts and answers; `broken` is the vendor's 500; `meddle` does what a failure does to the
/// account beside the request; `sent` is what an echo repeats of the request.
pub async fn spoil(
    fault: Option<Fault>,
    cut: &Cut,
    sent: &str,
    answer: impl Future<Output = Reply> + Send,
    broken: impl Fn() -> Reply + Send,
    meddle: impl Fn(Fault, Reply) -> Reply + Send,
) -> Reply {
    let Some(fault) = fault else {
        return answer.await;
    };
    match fault {
        Fault::ErrorBefore => return broken(),
        Fault::ResetBefore => {
            cut.pull();
            return broken();
        }
        Fault::Throttle(wait) => return throttled().with_header("retry-after", wait.as_secs()),
        Fault::ThrottleSaying(None) => return throttled(),
        Fault::ThrottleSaying(Some(text)) => return throttled().with_header("retry-after", text),
        Fault::ErrorAfter
        | Fault::ResetAfter
        | Fault::TruncatedJson
        | Fault::Html
        | Fault::WithoutSecret
        | Fault::Stall(_)
        | Fault::StallBody(_)
        | Fault::Gateway(_)
        | Fault::Redirect(_)
        | Fault::NoContent
        | Fault::LongLength
        | Fault::ShortLength
        | Fault::Enormous
        | Fault::Endless
        | Fault::OtherId
        | Fault::OtherScopes
        | Fault::KnownKey
        | Fault::Twice
        | Fault::TwiceErrorAfter
        | Fault::KeyComes
        | Fault::KeyGoes
        | Fault::KeysSwap
        | Fault::Echo(_) => {}
    }
    let reply = meddle(fault, answer.await);
    match fault {
        Fault::ErrorAfter | Fault::TwiceErrorAfter => broken(),
        Fault::ResetAfter => {
            cut.pull();
            reply
        }
        Fault::TruncatedJson => reply.truncated(),
        Fault::Html => reply.into_html(),
        Fault::WithoutSecret => reply.without_secret(),
        Fault::Stall(time) => {
            tokio::time::sleep(time).await;
            reply
        }
        Fault::StallBody(time) => reply.in_pieces(
            |_| None,
            |text| {
                let (first, second) = text.split_at(text.len() / 2);
                Pieces::Halves(first.to_owned(), time, second.to_owned())
            },
        ),
        Fault::Echo(status) => reply.echoed(status, sent),
        Fault::Gateway(status) => Reply { status: code(status), ..reply.into_html() },
        Fault::Redirect(status) => Reply::empty(code(status)).with_header("location", "/api/v4/elsewhere"),
        Fault::NoContent => Reply::empty(StatusCode::NO_CONTENT),
        Fault::LongLength => reply.in_pieces(|length| Some(length as u64 + 10), Pieces::Once),
        Fault::ShortLength => reply.in_pieces(|length| Some(length as u64 / 2), Pieces::Once),
        Fault::Enormous => reply.in_pieces(|_| Some(1 << 40), |_| Pieces::Endless),
        Fault::Endless => reply.in_pieces(|_| None, |_| Pieces::Endless),
        Fault::ErrorBefore
        | Fault::ResetBefore
        | Fault::Throttle(_)
        | Fault::ThrottleSaying(_)
        | Fault::OtherId
        | Fault::OtherScopes
        | Fault::KnownKey
        | Fault::Twice
        | Fault::KeyComes
        | Fault::KeyGoes
        | Fault::KeysSwap => reply,
    }
}

fn throttled() -> Reply {
    Reply::empty(StatusCode::TOO_MANY_REQUESTS)
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
