//! GitHub: comments of a pull request, over GraphQL, which alone tells who we are with every kind of token and what is minimised.
//!
//! Facts: GitHub's GraphQL reference. `viewer` is the token's own user; for the token of a GitHub App, that of Actions among them, its login ends
//! with `[bot]`, while the author of a comment is a `Bot` whose login does not. Faults come with status 200 and a list of `errors`.
use async_trait::async_trait;
use serde_json::{Value, json};

use super::call::{Again, Answer, Caller, Fault, Faults, Method, Request};
use super::decide::{Author, History, Seen, Shown};
use super::{Access, Body, Forge, ForgeError, Sight};

/// Where the API of github.com is.
pub const API: &str = "https://api.github.com";

const HEADERS: &[(&str, &str)] = &[("accept", "application/json")];
/// A pull request has at most 2,500 comments; with pages of 50 there is room.
const MOST_PAGES: usize = 100;
const BOT: &str = "[bot]";

const LOOK: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String, $asked: Boolean!) {
  viewer @include(if: $asked) { login }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id
      comments(first: 50, after: $after) {
        nodes { id body isMinimized author { __typename login } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}";
const CREATE: &str = "mutation($subject: ID!, $body: String!) {
  addComment(input: {subjectId: $subject, body: $body}) { commentEdge { node { id } } }
}";
const EDIT: &str = "mutation($id: ID!, $body: String!) {
  updateIssueComment(input: {id: $id, body: $body}) { issueComment { id } }
}";
const MINIMISE: &str = "mutation($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } }
}";

/// One pull request.
pub struct GitHub<'a> {
    caller: Caller<'a>,
    owner: String,
    name: String,
    number: u32,
    author: Option<String>,
}

/// The address of GraphQL, by that of the REST API: `/api/v3` of an own server has `/api/graphql` beside it.
pub fn graphql(api: &str) -> String {
    let api = api.trim_end_matches('/');
    if api.ends_with("/graphql") { api.to_owned() } else { format!("{}/graphql", api.strip_suffix("/v3").unwrap_or(api)) }
}

impl<'a> GitHub<'a> {
    /// A pull request of `owner/name`. Sends nothing.
    pub fn open(access: Access<'a>, repository: &str, number: u32) -> Result<Self, ForgeError> {
        let (owner, name) = repository
            .split_once('/')
            .filter(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
            .ok_or_else(|| ForgeError::Local(format!("`{}` is not of the form `owner/name`", repository.escape_debug())))?;
        let author = access.author.map(str::to_owned);
        let caller = Caller::open(access, HEADERS)?;
        Ok(Self { caller, owner: owner.to_owned(), name: name.to_owned(), number, author })
    }

    async fn ask(&self, query: &str, variables: Value, again: Again) -> Result<Value, ForgeError> {
        let body = Some(json!({"query": query, "variables": variables}));
        let Answer { mut json, .. } = self.caller.call(&Request { method: Method::POST, path: "", body, again }, &Told).await?;
        Ok(json["data"].take())
    }

    /// A write; `proof` is where the answer shows that it was done.
    async fn write(&self, query: &str, variables: Value, proof: &str, again: Again) -> Result<(), ForgeError> {
        let data = self.ask(query, variables, again).await?;
        match data.pointer(proof) {
            Some(Value::String(_) | Value::Bool(true)) => Ok(()),
            Some(_) | None => Err(ForgeError::Unanswered("the answer does not show that it was done".to_owned())),
        }
    }
}

/// Whether the author of a comment is this login, as GitHub or people write it.
fn is_by(author: &Value, login: &str) -> bool {
    let text = |name: &str| author[name].as_str().unwrap_or_default();
    let (bare, kind) = login.strip_suffix(BOT).map_or((login, "User"), |bare| (bare, "Bot"));
    let theirs = text("login");
    let theirs = if kind == "Bot" { theirs.strip_suffix(BOT).unwrap_or(theirs) } else { theirs };
    !bare.is_empty() && text("__typename") == kind && theirs.eq_ignore_ascii_case(bare)
}

fn seen(node: &Value, login: &str) -> Option<Seen> {
    Some(Seen {
        id: node["id"].as_str()?.to_owned(),
        body: node["body"].as_str()?.to_owned(),
        author: if is_by(&node["author"], login) { Author::Ourselves } else { Author::Somebody },
        shown: if node["isMinimized"].as_bool()? { Shown::Minimised } else { Shown::Open },
    })
}

#[async_trait(?Send)]
impl Forge for GitHub<'_> {
    fn history(&self) -> History {
        History::Minimised
    }

    async fn look(&self) -> Result<Sight, ForgeError> {
        let unusable = |what: &str| ForgeError::Unanswered(format!("the answer does not tell {what}"));
        let mut comments = Vec::new();
        let mut after = Value::Null;
        for _ in 0..MOST_PAGES {
            let variables = json!({
                "owner": self.owner, "name": self.name, "number": self.number, "after": after, "asked": self.author.is_none()
            });
            let mut data = self.ask(LOOK, variables, Again::Yes).await?;
            let viewer = data["viewer"]["login"].as_str().map(str::to_owned);
            let login = self.author.clone().or(viewer).ok_or_else(|| unusable("whose the token is"))?;
            let mut change = data["repository"]["pullRequest"].take();
            if change.is_null() {
                return Err(ForgeError::NotFound("there is no such pull request".to_owned()));
            }
            let nodes = change["comments"]["nodes"].as_array().ok_or_else(|| unusable("the comments"))?;
            let page: Option<Vec<Seen>> = nodes.iter().map(|node| seen(node, &login)).collect();
            comments.extend(page.ok_or_else(|| unusable("all of a comment"))?);
            let pages = &change["comments"]["pageInfo"];
            match (pages["hasNextPage"].as_bool(), pages["endCursor"].as_str()) {
                (Some(false), _) => {
                    let subject = change["id"].as_str().ok_or_else(|| unusable("the id of the pull request"))?.to_owned();
                    return Ok(Sight { subject, comments });
                }
                (Some(true), Some(cursor)) if after.as_str() != Some(cursor) => after = change["comments"]["pageInfo"]["endCursor"].take(),
                (Some(true), _) | (None, _) => return Err(unusable("whether there are more comments")),
            }
        }
        Err(ForgeError::Unanswered("there are more comments than a pull request can have".to_owned()))
    }

    async fn create(&self, subject: &str, body: &Body) -> Result<(), ForgeError> {
        let variables = json!({"subject": subject, "body": body.text()});
        self.write(CREATE, variables, "/addComment/commentEdge/node/id", Again::Never).await
    }

    async fn edit(&self, id: &str, body: &Body) -> Result<(), ForgeError> {
        self.write(EDIT, json!({"id": id, "body": body.text()}), "/updateIssueComment/issueComment/id", Again::Yes).await
    }

    async fn retire(&self, id: &str) -> Result<(), ForgeError> {
        self.write(MINIMISE, json!({"id": id}), "/minimizeComment/minimizedComment/isMinimized", Again::Yes).await
    }
}

struct Told;

impl Faults for Told {
    /// The first of `errors`, else the `message` of an answer that never reached GraphQL.
    fn told(&self, json: &Value) -> Option<Fault> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        if let Some(first) = json["errors"].as_array().and_then(|errors| errors.first()) {
            return Some(Fault { kind: text(&first["type"]), message: text(&first["message"]) });
        }
        let told = json["data"].is_null();
        told.then(|| Fault { kind: None, message: text(&json["message"]) })
    }

    fn meaning(&self, fault: &Fault, said: String) -> ForgeError {
        match fault.kind.as_deref() {
            Some("RATE_LIMITED") => ForgeError::Throttled(said),
            Some("NOT_FOUND") => ForgeError::NotFound(said),
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => ForgeError::Forbidden(said),
            // Without a word for it something went wrong while it was carried out.
            None => ForgeError::Unanswered(said),
            Some(_) => ForgeError::Refused(said),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_stands_beside_the_rest_api() {
        for (api, expected) in [
            (API, "https://api.github.com/graphql"),
            ("https://github.acme.example/api/v3/", "https://github.acme.example/api/graphql"),
            ("https://github.acme.example/api/graphql", "https://github.acme.example/api/graphql"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1/graphql"),
        ] {
            assert_eq!(graphql(api), expected);
        }
    }

    #[test]
    fn a_bot_is_not_the_user_of_the_same_name() {
        let author = |kind: &str, login: &str| json!({"__typename": kind, "login": login});
        for (kind, login, us, expected) in [
            ("Bot", "github-actions", "github-actions[bot]", true),
            ("Bot", "github-actions[bot]", "github-actions[bot]", true),
            ("User", "github-actions", "github-actions[bot]", false),
            ("Bot", "github-actions", "github-actions", false),
            ("User", "Ada", "ada", true),
            ("User", "ada2", "ada", false),
            ("Mannequin", "ada", "ada", false),
            ("Bot", "", "[bot]", false),
        ] {
            assert_eq!(is_by(&author(kind, login), us), expected, "{kind} {login} {us}");
        }
        assert!(!is_by(&Value::Null, "ada"), "an author who is gone");
    }
}
