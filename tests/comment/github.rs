//! GitHub's GraphQL API for comments of one pull request, as its reference has it. Knows nothing of Keywright.
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Reply;
use crate::front::{Incoming, Outcome, Vendor};

pub const REPOSITORY: (&str, &str) = ("acme", "keys");
pub const NUMBER: u64 = 7;
/// The token of a job.
pub const ACTIONS: &str = "ghs_actionsTokenOfAJob0000000000000000";
/// The token of a person.
pub const ADA: &str = "github_pat_11ADA000000000000_ofAPerson";
/// A token of Ada's that only reads.
pub const READER: &str = "github_pat_11READ00000000000_onlyReads";

const MOST_CHARACTERS: usize = 65_536;
const PULL_REQUEST: &str = "PR_kwDOExample7";

/// A comment as GitHub keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: String,
    /// Kind and login of its author.
    pub author: (&'static str, &'static str),
    pub body: String,
    pub minimised: Option<String>,
}

/// How coming requests are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The hour's share is used up: status 200, and when it begins anew.
    Primary,
    /// Too fast: status 403, and how long to wait.
    Secondary,
    /// Too fast: status 403, and nothing said.
    SecondaryUnsaid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    User,
    Look,
    Create,
    Edit,
    Minimise,
    Unknown,
}

#[derive(Debug, Default)]
pub struct GitHub {
    pub comments: Vec<Comment>,
    /// Limits of the next requests.
    pub limits: Vec<Limit>,
    /// Whether minimising fails.
    pub stubborn: bool,
    /// Whether the comment of the next edit is deleted just before.
    pub vanishing: bool,
    /// The pages that were read.
    pub pages: usize,
    made: usize,
}

/// A refusal with a status.
fn refused(status: u16, message: &str) -> Reply {
    let code = StatusCode::from_u16(status).expect("a status");
    Reply::json(code, json!({"message": message, "documentation_url": "https://docs.github.com/graphql", "status": status.to_string()}))
}

/// A refusal inside an answer of success.
fn error(kind: Option<&str>, message: &str) -> Reply {
    let mut error = json!({"message": message, "path": ["somewhere"]});
    if let Some(kind) = kind {
        error["type"] = json!(kind);
    }
    Reply::json(StatusCode::OK, json!({"data": null, "errors": [error]}))
}

impl GitHub {
    pub fn add(&mut self, author: (&'static str, &'static str), body: &str) {
        self.made += 1;
        let id = format!("IC_kwDO{:06}", self.made);
        self.comments.push(Comment { id, author, body: body.to_owned(), minimised: None });
    }

    /// Texts that are not minimised.
    pub fn open(&self) -> Vec<&str> {
        self.comments.iter().filter(|comment| comment.minimised.is_none()).map(|comment| comment.body.as_str()).collect()
    }

    fn author(token: &str) -> Option<(&'static str, &'static str)> {
        match token {
            ACTIONS => Some(("Bot", "github-actions")),
            ADA | READER => Some(("User", "ada")),
            _ => None,
        }
    }

    fn act(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Reply {
        if request.header("user-agent").is_none_or(str::is_empty) {
            return refused(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header");
        }
        let Some(token) = request.credential("Bearer").or_else(|| request.credential("token")) else {
            return refused(401, "This endpoint requires you to be authenticated.");
        };
        let Some(author) = Self::author(token) else { return refused(401, "Bad credentials") };
        if !self.limits.is_empty() {
            return match self.limits.remove(0) {
                Limit::Primary => error(Some("RATE_LIMITED"), "API rate limit already exceeded for user ID 1.")
                    .with_header("x-ratelimit-remaining", 0)
                    .with_header("x-ratelimit-reset", now.as_second() + 40),
                Limit::Secondary => refused(403, "You have exceeded a secondary rate limit.").with_header("retry-after", 30),
                Limit::SecondaryUnsaid => refused(403, "You have exceeded a secondary rate limit. Please wait a few minutes."),
            };
        }
        if route == Route::User {
            return match author.0 {
                "Bot" => refused(403, "Resource not accessible by integration"),
                _ => Reply::json(StatusCode::OK, json!({"login": author.1, "type": author.0})),
            };
        }
        let Some(asked) = request.json() else { return refused(400, "Problems parsing JSON") };
        let variable = |name: &str| asked["variables"][name].as_str().unwrap_or_default().to_owned();
        let (id, body) = (variable("id"), variable("body"));
        let forbidden = match author.0 {
            "Bot" => "Resource not accessible by integration",
            _ => "Resource not accessible by personal access token",
        };
        match route {
            Route::Look => self.look(&asked, author),
            Route::Unknown | Route::User => refused(404, "Not Found"),
            Route::Create | Route::Edit | Route::Minimise if token == READER => error(Some("FORBIDDEN"), forbidden),
            Route::Create | Route::Edit if body.trim().is_empty() => error(Some("UNPROCESSABLE"), "Body cannot be blank"),
            Route::Create | Route::Edit if body.chars().count() > MOST_CHARACTERS => {
                error(Some("UNPROCESSABLE"), "Body is too long (maximum is 65536 characters)")
            }
            Route::Create if variable("subject") != PULL_REQUEST => {
                error(Some("NOT_FOUND"), "Could not resolve to a node with the global id of ''.")
            }
            Route::Create => {
                self.add(author, &body);
                let id = &self.comments.last().expect("just made").id;
                Reply::json(StatusCode::OK, json!({"data": {"addComment": {"commentEdge": {"node": {"id": id}}}}}))
            }
            Route::Edit | Route::Minimise => {
                if std::mem::take(&mut self.vanishing) {
                    self.comments.retain(|comment| comment.id != id);
                }
                let (stubborn, comment) = (self.stubborn, self.comments.iter_mut().find(|comment| comment.id == id));
                let Some(comment) = comment else {
                    return error(Some("NOT_FOUND"), &format!("Could not resolve to a node with the global id of '{id}'"));
                };
                if comment.author != author {
                    return error(Some("FORBIDDEN"), forbidden);
                }
                if route == Route::Edit {
                    comment.body = body;
                    return Reply::json(StatusCode::OK, json!({"data": {"updateIssueComment": {"issueComment": {"id": id}}}}));
                }
                if stubborn {
                    return error(Some("FORBIDDEN"), forbidden);
                }
                let query = asked["query"].as_str().unwrap_or_default();
                comment.minimised =
                    query.split("classifier:").nth(1).map(|rest| rest.trim().chars().take_while(char::is_ascii_uppercase).collect());
                Reply::json(StatusCode::OK, json!({"data": {"minimizeComment": {"minimizedComment": {"isMinimized": true}}}}))
            }
        }
    }

    /// Pages of as many as were asked for, at most 100.
    fn look(&mut self, asked: &Value, viewer: (&str, &str)) -> Reply {
        let (query, variables) = (asked["query"].as_str().unwrap_or_default(), &asked["variables"]);
        let first: usize = query
            .split("first:")
            .nth(1)
            .and_then(|rest| rest.trim().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .unwrap_or(0);
        if !(1..=100).contains(&first) {
            return error(Some("EXCESSIVE_PAGINATION"), "Requesting records on the `comments` connection needs `first` of 1 to 100.");
        }
        let names = (variables["owner"].as_str().unwrap_or_default(), variables["name"].as_str().unwrap_or_default());
        if (names.0.to_lowercase().as_str(), names.1.to_lowercase().as_str()) != REPOSITORY {
            let message = format!("Could not resolve to a Repository with the name '{}/{}'.", names.0, names.1);
            return error(Some("NOT_FOUND"), &message);
        }
        if variables["number"].as_u64() != Some(NUMBER) {
            return error(Some("NOT_FOUND"), "Could not resolve to a PullRequest with the number.");
        }
        self.pages += 1;
        let from: usize = variables["after"].as_str().and_then(|cursor| cursor.strip_prefix("cursor:")?.parse().ok()).unwrap_or(0);
        let node = |comment: &Comment| {
            let author = match comment.author.1 {
                // Of an account that is gone.
                "" => Value::Null,
                login => json!({"__typename": comment.author.0, "login": login}),
            };
            json!({"id": comment.id, "body": comment.body, "isMinimized": comment.minimised.is_some(), "author": author})
        };
        let nodes: Vec<Value> = self.comments.iter().skip(from).take(first).map(node).collect();
        let to = from + nodes.len();
        let page = json!({"hasNextPage": to < self.comments.len(), "endCursor": if nodes.is_empty() { Value::Null } else { json!(format!("cursor:{to}")) }});
        let mut data = json!({"repository": {"pullRequest": {"id": PULL_REQUEST, "comments": {"nodes": nodes, "pageInfo": page}}}});
        if !query.contains("@include") || variables["asked"] == json!(true) {
            let suffix = if viewer.0 == "Bot" { "[bot]" } else { "" };
            data["viewer"] = json!({"login": format!("{}{suffix}", viewer.1)});
        }
        Reply::json(StatusCode::OK, json!({"data": data}))
    }
}

impl Vendor for GitHub {
    type Route = Route;

    const NAME: &'static str = "github-comments";

    fn route(&self, request: &Incoming) -> Route {
        let query = request.json_anyway().and_then(|asked| asked["query"].as_str().map(str::to_owned)).unwrap_or_default();
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/user") => Route::User,
            ("POST", "/graphql") if query.contains("addComment(") => Route::Create,
            ("POST", "/graphql") if query.contains("updateIssueComment(") => Route::Edit,
            ("POST", "/graphql") if query.contains("minimizeComment(") => Route::Minimise,
            ("POST", "/graphql") if query.contains("pullRequest(") => Route::Look,
            _ => Route::Unknown,
        }
    }

    fn answer(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Outcome {
        Outcome::Reply(self.act(route, request, now))
    }
}
