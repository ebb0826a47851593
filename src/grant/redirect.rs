//! The loopback address that a browser is sent back to: takes the one answer that is ours, and tells the browser nothing that is secret.
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use zeroize::{Zeroize as _, Zeroizing};

use crate::provider::transport::Url;

/// Longest head of a request that is read, in bytes.
const HEAD_LIMIT: usize = 16 << 10;
/// How long one connection may take to say what it wants. Browsers open some that say nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nobody is listened to after a connection could not be taken.
const PAUSE: Duration = Duration::from_millis(50);

/// What the browser brought.
pub enum Answered {
    /// A code that is good for tokens, once.
    Code(Zeroizing<String>),
    /// The person or the issuer refused; the word of the issuer.
    Refused(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    #[error("cannot listen on 127.0.0.1 for the browser's answer: {0}")]
    Listen(std::io::Error),
    #[error("no answer came within {} seconds", .0.as_secs())]
    Late(Duration),
}

/// A listener that takes one answer.
pub struct Redirect {
    listener: TcpListener,
    port: u16,
    path: String,
}

/// What is checked of an answer.
pub struct Expected<'a> {
    pub state: &'a str,
    /// The issuer's name, for answers that bear one.
    pub issuer: &'a str,
}

/// What one request was.
enum Taken {
    Ours(Answered),
    Foreign {
        status: &'static str,
        why: &'static str,
    },
    /// Something that browsers ask for by themselves, or nothing at all.
    Aside(&'static str),
}

impl Redirect {
    /// Listens on 127.0.0.1 alone; 0: on a free port.
    pub async fn open(port: u16, path: &str) -> Result<Self, RedirectError> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(RedirectError::Listen)?;
        let port = listener.local_addr().map_err(RedirectError::Listen)?.port();
        Ok(Self { listener, port, path: path.to_owned() })
    }

    /// What the issuer is told.
    pub fn uri(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Waits for the one answer that bears the state. Others are refused, and said by `tell`; afterwards nobody listens any more.
    pub async fn answer(self, expected: &Expected<'_>, within: Duration, tell: &dyn Fn(&str)) -> Result<Answered, RedirectError> {
        let waiting = async {
            let mut open = FuturesUnordered::new();
            loop {
                let taken = tokio::select! {
                    accepted = self.listener.accept() => {
                        match connection(accepted) {
                            Some(stream) => open.push(self.serve(stream, expected)),
                            // Out of file descriptors, say: that may pass.
                            None => tokio::time::sleep(PAUSE).await,
                        }
                        continue;
                    }
                    Some(taken) = open.next(), if !open.is_empty() => taken,
                };
                match taken {
                    Taken::Ours(answered) => return answered,
                    Taken::Foreign { why, .. } => tell(why),
                    Taken::Aside(_) => {}
                }
            }
        };
        tokio::time::timeout(within, waiting).await.map_err(|_| RedirectError::Late(within))
    }

    /// Reads one request and answers it.
    async fn serve(&self, mut stream: TcpStream, expected: &Expected<'_>) -> Taken {
        let mut head = Zeroizing::new(Vec::with_capacity(HEAD_LIMIT));
        let read = async {
            let mut piece = Zeroizing::new([0_u8; 1024]);
            while head.len() < HEAD_LIMIT && !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut *piece).await {
                    Ok(0) | Err(_) => return false,
                    Ok(length) => {
                        let room = HEAD_LIMIT - head.len();
                        head.extend_from_slice(&piece[..length.min(room)]);
                    }
                }
            }
            true
        };
        if !tokio::time::timeout(PATIENCE, read).await.unwrap_or(false) {
            return Taken::Aside("nothing was asked");
        }
        let taken = self.taken(&head, expected);
        let (status, words) = match &taken {
            Taken::Ours(Answered::Code(_)) => {
                ("200 OK", "The answer has arrived. Go back to the terminal: it says how it went. This page can be closed.")
            }
            Taken::Ours(Answered::Refused(_)) => ("200 OK", "Nothing was granted. Go back to the terminal. This page can be closed."),
            Taken::Foreign { status, .. } => (*status, "This answer was not expected, and was not used. Begin again in the terminal."),
            Taken::Aside(status) => (*status, "There is nothing here."),
        };
        let page = format!("<!doctype html><meta charset=utf-8><title>keywright</title><p>{words}</p>\n");
        let reply = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'; frame-ancestors 'none'\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        // A browser that went away has brought its answer all the same.
        let _ = tokio::time::timeout(PATIENCE, async { stream.write_all(reply.as_bytes()).await.and(stream.shutdown().await) }).await;
        taken
    }

    /// What a request is, by its head alone.
    fn taken(&self, head: &[u8], expected: &Expected<'_>) -> Taken {
        const NOT_HTTP: Taken = Taken::Aside("400 Bad Request");
        let foreign = |why| Taken::Foreign { status: "400 Bad Request", why };
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut headers);
        if !request.parse(head).is_ok_and(|parsed| parsed.is_complete()) {
            return NOT_HTTP;
        }
        let (Some(method), Some(target)) = (request.method, request.path) else { return NOT_HTTP };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path {
            return Taken::Aside("404 Not Found");
        }
        // A page elsewhere that had its name point here would bear that name.
        let host = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host")).map(|header| header.value);
        let bare = self.port == 80 && host == Some(b"127.0.0.1");
        if !bare && host != Some(format!("127.0.0.1:{}", self.port).as_bytes()) {
            return foreign("an answer for another host was refused; still waiting");
        }
        if method != "GET" {
            return Taken::Foreign {
                status: "405 Method Not Allowed",
                why: "an answer by another method than GET was refused; still waiting",
            };
        }
        let Ok(url) = Url::parse(&format!("http://127.0.0.1/?{query}")) else { return NOT_HTTP };
        let mut fields: Vec<(String, Zeroizing<String>)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect();
        let once = |name: &str| -> Result<Option<usize>, ()> {
            let mut places = fields.iter().enumerate().filter(|(_, (known, _))| known == name).map(|(place, _)| place);
            let first = places.next();
            if places.next().is_none() { Ok(first) } else { Err(()) }
        };
        let (Ok(state), Ok(code), Ok(error), Ok(issuer)) = (once("state"), once("code"), once("error"), once("iss")) else {
            return foreign("an answer that says a field twice was refused; still waiting");
        };
        let is_ours = state.is_some_and(|at| bool::from(fields[at].1.as_bytes().ct_eq(expected.state.as_bytes())));
        if !is_ours {
            return foreign("an answer with another `state` was refused: it belongs to no page of this run; still waiting");
        }
        if issuer.is_some_and(|at| fields[at].1.trim_end_matches('/') != expected.issuer) {
            return foreign("an answer of another issuer was refused; still waiting");
        }
        match (code, error) {
            (_, Some(at)) => Taken::Ours(Answered::Refused(word(&fields[at].1))),
            (Some(at), None) if !fields[at].1.is_empty() => Taken::Ours(Answered::Code(std::mem::take(&mut fields[at].1))),
            (Some(_) | None, None) => foreign("an answer without a code was refused; still waiting"),
        }
    }
}

/// The connection, where there is one: that one could not be taken ends nothing.
fn connection<T>(accepted: std::io::Result<(TcpStream, T)>) -> Option<TcpStream> {
    accepted.ok().map(|(stream, _)| stream)
}

/// The issuer's word for its refusal, as far as it can be repeated.
fn word(text: &str) -> String {
    let plain = !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if plain { text.to_owned() } else { "an error that is no word".to_owned() }
}

impl Drop for Answered {
    fn drop(&mut self) {
        match self {
            Self::Code(code) => code.zeroize(),
            Self::Refused(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "a-state-of-this-run";

    async fn redirect() -> Redirect {
        Redirect::open(0, "/callback").await.expect("a port")
    }

    fn head(redirect: &Redirect, target: &str) -> Vec<u8> {
        format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", redirect.port).into_bytes()
    }

    const EXPECTED: Expected<'static> = Expected { state: STATE, issuer: "https://issuer.example" };

    #[tokio::test]
    async fn only_the_answer_of_this_run_is_taken() {
        let redirect = redirect().await;
        let taken = |target: &str| match redirect.taken(&head(&redirect, target), &EXPECTED) {
            Taken::Ours(answered) => match &answered {
                Answered::Code(code) => format!("code {}", code.as_str()),
                Answered::Refused(word) => format!("refused {word}"),
            },
            Taken::Foreign { why, .. } => why.to_owned(),
            Taken::Aside(status) => status.to_owned(),
        };
        assert_eq!(taken(&format!("/callback?code=c%2B1&state={STATE}")), "code c+1");
        assert_eq!(taken(&format!("/callback?code=c&state={STATE}&iss=https%3A%2F%2Fissuer.example")), "code c");
        assert_eq!(taken(&format!("/callback?error=access_denied&state={STATE}")), "refused access_denied");
        assert_eq!(taken(&format!("/callback?error=%3Cb%3E&code=c&state={STATE}")), "refused an error that is no word");
        for (target, why) in [
            ("/callback?code=c&state=another-state-x".to_owned(), "another `state`"),
            ("/callback?code=c".to_owned(), "another `state`"),
            ("/callback?error=access_denied".to_owned(), "another `state`"),
            (format!("/callback?code=c&code=d&state={STATE}"), "twice"),
            (format!("/callback?code=c&state={STATE}&state={STATE}"), "twice"),
            (format!("/callback?code=&state={STATE}"), "without a code"),
            (format!("/callback?state={STATE}"), "without a code"),
            (format!("/callback?code=c&state={STATE}&iss=https://other.example"), "another issuer"),
        ] {
            assert!(taken(&target).contains(why), "{target}: {}", taken(&target));
        }
        assert_eq!(taken("/favicon.ico"), "404 Not Found");
        let post = format!("POST /callback?code=c&state={STATE} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", redirect.port);
        assert!(matches!(redirect.taken(post.as_bytes(), &EXPECTED), Taken::Foreign { status: "405 Method Not Allowed", .. }));
        let rebound = format!("GET /callback?code=c&state={STATE} HTTP/1.1\r\nHost: evil.example:{}\r\n\r\n", redirect.port);
        assert!(matches!(redirect.taken(rebound.as_bytes(), &EXPECTED), Taken::Foreign { .. }));
        assert!(matches!(redirect.taken(b"\x16\x03\x01 no http", &EXPECTED), Taken::Aside(_)));
    }

    #[tokio::test]
    async fn a_connection_that_cannot_be_taken_ends_nothing() {
        assert!(connection::<()>(Err(std::io::Error::other("too many open files"))).is_none());
    }

    #[tokio::test]
    async fn a_browser_leaves_out_the_port_that_goes_without_saying() {
        let redirect = Redirect { port: 80, ..redirect().await };
        let head = |host: &str| format!("GET /callback?code=c&state={STATE} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
        assert!(matches!(redirect.taken(&head("127.0.0.1"), &EXPECTED), Taken::Ours(_)));
        let other = Redirect { port: 81, ..redirect };
        assert!(matches!(other.taken(&head("127.0.0.1"), &EXPECTED), Taken::Foreign { .. }));
    }

    #[tokio::test]
    async fn nobody_is_waited_for_for_ever() {
        let late = redirect().await.answer(&EXPECTED, Duration::from_millis(20), &|_| {}).await;
        assert!(matches!(late, Err(RedirectError::Late(_))));
    }

    #[tokio::test]
    async fn an_idle_connection_holds_nobody_up() {
        let redirect = redirect().await;
        let (port, request) = (redirect.port, head(&redirect, &format!("/callback?code=c&state={STATE}")));
        let browser = async {
            let _idle = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
            stream.write_all(&request).await.expect("sent");
            let mut page = String::new();
            stream.read_to_string(&mut page).await.expect("a page");
            page
        };
        let waiting = redirect.answer(&EXPECTED, Duration::from_secs(60), &|_| {});
        let (answered, page) = tokio::join!(waiting, browser);
        assert!(matches!(answered.as_ref().map(|answered| matches!(answered, Answered::Code(_))), Ok(true)));
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && !page.contains(STATE), "{page}");
        // Nobody listens any more, or somebody else who got the port meanwhile, be it this very connection.
        let again = async {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok().filter(|it| it.local_addr().ok() != it.peer_addr().ok())?;
            stream.write_all(&request).await.ok()?;
            let mut other = String::new();
            stream.read_to_string(&mut other).await.ok().map(|_| other)
        };
        let again = tokio::time::timeout(Duration::from_secs(10), again).await.expect("no answer is waited for");
        assert_ne!(again.as_ref(), Some(&page));
    }
}
