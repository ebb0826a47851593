//! GitLab: notes of a merge request, over REST. A note cannot be minimised there, so ours is edited where it stands.
//!
//! Facts: GitLab's Notes, Users and REST API pages. Personal, group and project access tokens are sent as `Bearer`; the token of a job cannot write notes.
use async_trait::async_trait;
use serde_json::{Value, json};

use super::call::{Again, Answer, Caller, Fault, Faults, Method, Request};
use super::decide::{Author, History, Seen, Shown};
use super::{Access, Body, Forge, ForgeError, Sight};
use crate::profile::template::percent_encoded;

/// Where the API of gitlab.com is.
pub const API: &str = "https://gitlab.com/api/v4";

const HEADERS: &[(&str, &str)] = &[("accept", "application/json")];
/// Notes can be a megabyte long.
const PAGE: usize = 50;
/// A merge request has at most 5,000 notes; there is room.
const MOST_PAGES: usize = 200;
/// What stays of a second note of ours.
const SUPERSEDED: &str = "_Superseded: the present plan is in another note of this merge request._";

/// One merge request.
pub struct GitLab<'a> {
    caller: Caller<'a>,
    notes: String,
    author: Option<String>,
}

impl<'a> GitLab<'a> {
    /// A merge request of a project, which is a number or `group/name`. Sends nothing.
    pub fn open(access: Access<'a>, project: &str, iid: u32) -> Result<Self, ForgeError> {
        let whole = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
        let is_path = project.contains('/') && project.split('/').all(whole);
        if !is_path && (project.is_empty() || !project.bytes().all(|byte| byte.is_ascii_digit())) {
            let message = format!("`{}` is neither the number of a project nor of the form `group/name`", project.escape_debug());
            return Err(ForgeError::Local(message));
        }
        let notes = format!("/projects/{}/merge_requests/{iid}/notes", percent_encoded(project));
        let author = access.author.map(str::to_owned);
        Ok(Self { caller: Caller::open(access, HEADERS)?, notes, author })
    }

    async fn get(&self, path: &str) -> Result<Answer, ForgeError> {
        self.caller.call(&Request { method: Method::GET, path, body: None, again: Again::Yes }, &Told).await
    }

    /// Writes a note; the answer shows it.
    async fn write(&self, method: Method, path: &str, text: &str, again: Again) -> Result<(), ForgeError> {
        let body = Some(json!({"body": text}));
        let answer = self.caller.call(&Request { method, path, body, again }, &Told).await?;
        let shown = answer.json["id"].is_u64();
        if shown { Ok(()) } else { Err(ForgeError::Unanswered("the answer does not show the note".to_owned())) }
    }

    /// Whether an author is us.
    async fn ourselves(&self) -> Result<Ourselves, ForgeError> {
        if let Some(login) = &self.author {
            return Ok(Ourselves::Named(login.clone()));
        }
        let user = self.get("/user").await?;
        user.json["id"]
            .as_u64()
            .map(Ourselves::User)
            .ok_or_else(|| ForgeError::Unanswered("the answer does not tell whose the token is".to_owned()))
    }
}

/// Who we are.
enum Ourselves {
    User(u64),
    Named(String),
}

impl Ourselves {
    fn is(&self, author: &Value) -> bool {
        match self {
            Self::User(id) => author["id"].as_u64() == Some(*id),
            Self::Named(login) => author["username"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(login)),
        }
    }
}

/// A note. What GitLab itself writes is nobody's.
fn seen(note: &Value, us: &Ourselves) -> Option<Seen> {
    let ours = us.is(&note["author"]) && note["system"] != json!(true);
    Some(Seen {
        id: note["id"].as_u64()?.to_string(),
        body: note["body"].as_str()?.to_owned(),
        author: if ours { Author::Ourselves } else { Author::Somebody },
        shown: Shown::Open,
    })
}

#[async_trait(?Send)]
impl Forge for GitLab<'_> {
    fn history(&self) -> History {
        History::Overwritten
    }

    async fn look(&self) -> Result<Sight, ForgeError> {
        let us = self.ourselves().await?;
        let unusable = |what: &str| ForgeError::Unanswered(format!("the answer does not tell {what}"));
        let mut comments = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("{}?order_by=created_at&sort=asc&per_page={PAGE}&page={page}", self.notes);
            let answer = self.get(&path).await?;
            let notes = answer.json.as_array().ok_or_else(|| unusable("the notes"))?;
            let seen: Option<Vec<Seen>> = notes.iter().map(|note| seen(note, &us)).collect();
            comments.extend(seen.ok_or_else(|| unusable("all of a note"))?);
            let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
            let more = match (header("x-next-page"), header("link")) {
                (Some(next), _) => !next.trim().is_empty(),
                (None, Some(links)) => links.contains("rel=\"next\""),
                (None, None) => !notes.is_empty(),
            };
            if !more {
                return Ok(Sight { subject: String::new(), comments });
            }
        }
        Err(ForgeError::Unanswered("there are more notes than a merge request can have".to_owned()))
    }

    async fn create(&self, _: &str, body: &Body) -> Result<(), ForgeError> {
        self.write(Method::POST, &self.notes, body.text(), Again::Never).await
    }

    async fn edit(&self, id: &str, body: &Body) -> Result<(), ForgeError> {
        self.write(Method::PUT, &format!("{}/{id}", self.notes), body.text(), Again::Yes).await
    }

    async fn retire(&self, id: &str) -> Result<(), ForgeError> {
        self.write(Method::PUT, &format!("{}/{id}", self.notes), SUPERSEDED, Again::Yes).await
    }
}

struct Told;

impl Faults for Told {
    fn told(&self, json: &Value) -> Option<Fault> {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let message = text("message").or_else(|| text("error_description")).or_else(|| text("error"));
        // A note has an id, and no message of its own.
        let faulty = json.is_object() && json["id"].is_null() && (message.is_some() || !json["message"].is_null());
        faulty.then(|| Fault { kind: text("error").filter(|_| json["error_description"].is_string()), message })
    }

    fn meaning(&self, _: &Fault, said: String) -> ForgeError {
        ForgeError::Unanswered(said)
    }
}
