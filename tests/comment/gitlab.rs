//! GitLab's REST API for notes of one merge request, as its documentation has it. Knows nothing of Keywright.
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Reply;
use crate::front::{Incoming, Outcome, Vendor};

pub const PROJECT: &str = "acme/keys";
pub const PROJECT_ID: &str = "42";
pub const IID: &str = "3";
/// The access token of a project, whose user is a bot.
pub const BOT: &str = "glpat-projectAccessToken-01";
/// A token with the scope `read_api`.
pub const READER: &str = "glpat-readsOnly-000000000002";
/// The token of a job.
pub const JOB: &str = "glcbt-64_jobToken0000000003";

const MOST_CHARACTERS: usize = 1_000_000;

/// A note as GitLab keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub id: u64,
    /// Number and name of its author.
    pub author: (u64, &'static str),
    pub body: String,
    pub system: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    User,
    List,
    Create,
    Edit,
    Unknown,
}

#[derive(Debug, Default)]
pub struct GitLab {
    pub notes: Vec<Note>,
    /// Quick actions that were carried out.
    pub actions: Vec<String>,
    /// The pages that were read.
    pub pages: usize,
}

fn refused(status: u16, body: Value) -> Reply {
    Reply::json(StatusCode::from_u16(status).expect("a status"), body)
}

impl GitLab {
    pub fn add(&mut self, author: (u64, &'static str), body: &str) {
        let id = 1000 + self.notes.len() as u64;
        self.notes.push(Note { id, author, body: body.to_owned(), system: false });
    }

    fn act(&mut self, route: Route, request: &Incoming) -> Reply {
        let unauthorized = || refused(401, json!({"message": "401 Unauthorized"}));
        let Some(token) = request.credential("Bearer").or_else(|| request.header("private-token")) else { return unauthorized() };
        let author = match token {
            BOT => (77, "project_42_bot"),
            READER => (5, "ada"),
            _ => return unauthorized(),
        };
        let writes = matches!(route, Route::Create | Route::Edit);
        if writes && token == READER {
            let scope = json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api"});
            return refused(403, scope);
        }
        if route == Route::User {
            return Reply::json(StatusCode::OK, json!({"id": author.0, "username": author.1, "bot": true}));
        }
        if !Self::is_ours(request) {
            return refused(404, json!({"message": "404 Project Not Found"}));
        }
        let body = request.json().and_then(|body| body["body"].as_str().map(str::to_owned));
        match (route, body) {
            (Route::List, _) => self.list(request),
            (Route::Unknown | Route::User, _) => refused(404, json!({"error": "404 Not Found"})),
            (Route::Create | Route::Edit, None) => refused(400, json!({"error": "body is missing"})),
            (Route::Create | Route::Edit, Some(text)) if text.chars().count() > MOST_CHARACTERS => {
                refused(400, json!({"message": {"note": ["is too long (maximum is 1000000 characters)"]}}))
            }
            (Route::Create, Some(text)) => {
                self.carry_out(&text);
                self.add(author, &text);
                let note = self.notes.last().expect("just made");
                Reply::json(StatusCode::CREATED, shown(note))
            }
            (Route::Edit, Some(text)) => {
                self.carry_out(&text);
                let id = request.segments().pop().and_then(|id| id.parse::<u64>().ok());
                let Some(note) = self.notes.iter_mut().find(|note| Some(note.id) == id) else {
                    return refused(404, json!({"message": "404 Note Not Found"}));
                };
                if note.author != author {
                    return refused(403, json!({"message": "403 Forbidden"}));
                }
                note.body = text;
                Reply::json(StatusCode::OK, shown(note))
            }
        }
    }

    fn carry_out(&mut self, text: &str) {
        self.actions.extend(text.lines().filter(|line| line.trim_start().starts_with('/')).map(str::to_owned));
    }

    fn is_ours(request: &Incoming) -> bool {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        matches!(segments.as_slice(), ["api", "v4", "projects", PROJECT | PROJECT_ID, "merge_requests", IID, "notes", ..])
    }

    fn list(&mut self, request: &Incoming) -> Reply {
        let number = |name: &str, usual: usize| request.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
        let (page, size) = (number("page", 1).max(1), number("per_page", 20).clamp(1, 100));
        self.pages += 1;
        let mut notes: Vec<&Note> = self.notes.iter().collect();
        if request.parameter("sort").as_deref() != Some("asc") {
            notes.reverse();
        }
        let rows: Vec<Value> = notes.iter().skip((page - 1) * size).take(size).map(|note| shown(note)).collect();
        let next = if page * size < notes.len() { (page + 1).to_string() } else { String::new() };
        Reply::json(StatusCode::OK, Value::Array(rows)).with_header("x-next-page", next).with_header("x-per-page", size)
    }
}

fn shown(note: &Note) -> Value {
    json!({"id": note.id, "type": null, "body": note.body, "author": {"id": note.author.0, "username": note.author.1}, "system": note.system, "noteable_type": "MergeRequest"})
}

impl Vendor for GitLab {
    type Route = Route;

    const NAME: &'static str = "gitlab-notes";

    fn route(&self, request: &Incoming) -> Route {
        let segments = request.segments();
        let notes = segments.iter().any(|segment| segment == "notes");
        match (request.method.as_str(), segments.len()) {
            ("GET", 3) if segments.last().is_some_and(|last| last == "user") => Route::User,
            ("GET", 7) if notes => Route::List,
            ("POST", 7) if notes => Route::Create,
            ("PUT", 8) if notes => Route::Edit,
            _ => Route::Unknown,
        }
    }

    fn answer(&mut self, route: Route, request: &Incoming, _: Timestamp) -> Outcome {
        Outcome::Reply(self.act(route, request))
    }
}
