//! GitHub: secrets of repositories and environments, sealed for the repository's public key. It opens them, so that a test can look.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use axum::http::StatusCode;
use clap::Args;
use crypto_box::{PublicKey, SecretKey};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Reply;
use super::front::{Emulated, Incoming, Outcome, Vendor, random_word};

/// The repository that exists from the start.
pub const EXAMPLE_REPOSITORY: &str = "acme/books";
/// Its environment.
pub const EXAMPLE_ENVIRONMENT: &str = "production";
/// A token that may write its secrets; it opens nothing but this emulator.
pub const EXAMPLE_TOKEN: &str = "github_pat_11EXAMPLE0000000000000_opensOnlyTheEmulator";

const DOCUMENTATION: &str = "https://docs.github.com/rest/actions/secrets";
/// The most secrets of a repository or of an environment.
const MOST_SECRETS: usize = 100;
/// The largest secret, in bytes.
const LARGEST: usize = 48 * 1024;

/// How GitHub behaves beyond its defaults.
#[derive(Clone, Debug, Args)]
#[group(id = "github")]
pub struct Config {
    /// GitHub: how many requests a token may make in an hour.
    #[arg(id = "github-rate", long = "github-rate", value_name = "N", default_value_t = 5_000)]
    pub rate: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { rate: 5_000 }
    }
}

/// What a token may do with secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Sees the repository, not its secrets.
    None,
    /// Reads names, dates and the public key.
    Read,
    /// Writes and deletes as well.
    Write,
}

/// A secret as it arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What was in the sealed box.
    pub plaintext: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last written.
    pub updated: Timestamp,
    /// How many times it was written.
    pub writes: usize,
}

impl fmt::Debug for Secret {
    /// Leaves the plaintext out, so that a failing assertion does not print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("writes", &self.writes).finish_non_exhaustive()
    }
}

/// A repository, or one of its environments: a key pair and what was sealed for it.
#[derive(Debug)]
struct Vault {
    key_id: String,
    key: SecretKey,
    secrets: BTreeMap<String, Secret>,
}

impl Vault {
    fn new() -> Self {
        let mut vault = Self { key_id: String::new(), key: SecretKey::from([0; 32]), secrets: BTreeMap::new() };
        vault.rotate();
        vault
    }

    fn rotate(&mut self) {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has a source of randomness");
        self.key = SecretKey::from(bytes);
        let number = bytes.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        self.key_id = format!("33803439{number:010}");
    }

    fn open(&self, request: &Incoming) -> Result<Vec<u8>, Refusal> {
        let invalid = |what: String| Refusal(StatusCode::UNPROCESSABLE_ENTITY, format!("Invalid request.\n\n{what}"));
        let body = request.json_anyway().ok_or_else(|| Refusal(StatusCode::BAD_REQUEST, "Problems parsing JSON".to_owned()))?;
        let field = |name: &str| match &body[name] {
            Value::String(text) => Ok(text.clone()),
            Value::Null => Err(invalid(format!("\"{name}\" wasn't supplied."))),
            other => Err(invalid(format!("For '{}', {other} is not a string.", format_args!("properties/{name}")))),
        };
        let (key_id, value) = (field("key_id")?, field("encrypted_value")?);
        let sealed = BASE64.decode(value.as_bytes());
        let sealed = sealed.map_err(|_| {
            invalid(format!(
                "{value} does not match /^(?:[A-Za-z0-9+\\/]{{4}})*(?:[A-Za-z0-9+\\/]{{2}}==|[A-Za-z0-9+\\/]{{3}}=|[A-Za-z0-9+\\/]{{4}})$/."
            ))
        })?;
        let improper = || {
            let message = "Bad request - validation failed due to an improperly encrypted secret";
            Refusal(StatusCode::UNPROCESSABLE_ENTITY, message.to_owned())
        };
        if key_id != self.key_id {
            return Err(improper());
        }
        let plaintext = self.key.unseal(&sealed).map_err(|_| improper())?;
        if plaintext.len() > LARGEST {
            return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed: the value is larger than 48 KB".to_owned()));
        }
        Ok(plaintext)
    }
}

#[derive(Debug)]
struct Token {
    value: String,
    permission: Permission,
    repositories: BTreeSet<String>,
    calls: usize,
}

/// GitHub with some repositories.
#[derive(Debug)]
pub struct GitHub {
    /// The knobs.
    pub config: Config,
    tokens: Vec<Token>,
    vaults: BTreeMap<(String, Option<String>), Vault>,
}

#[derive(Debug)]
struct Refusal(StatusCode, String);

impl GitHub {
    /// Makes [`EXAMPLE_REPOSITORY`] with [`EXAMPLE_ENVIRONMENT`] and [`EXAMPLE_TOKEN`].
    pub fn new(config: Config) -> Self {
        let mut github = Self { config, tokens: Vec::new(), vaults: BTreeMap::new() };
        github.add(EXAMPLE_REPOSITORY, None);
        github.add(EXAMPLE_REPOSITORY, Some(EXAMPLE_ENVIRONMENT));
        github.admit(EXAMPLE_TOKEN.to_owned(), Permission::Write, EXAMPLE_REPOSITORY);
        github
    }

    fn add(&mut self, repository: &str, environment: Option<&str>) {
        self.vaults.entry(place(repository, environment)).or_insert_with(Vault::new);
    }

    fn admit(&mut self, value: String, permission: Permission, repository: &str) {
        self.tokens.push(Token { value, permission, repositories: [repository.to_lowercase()].into(), calls: 0 });
    }

    fn act(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Result<Reply, Refusal> {
        if request.header("user-agent").is_none_or(str::is_empty) {
            let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
            return Err(Refusal(StatusCode::FORBIDDEN, message.to_owned()));
        }
        if request.header("x-github-api-version").is_some_and(|version| !["2022-11-28", "2026-03-10"].contains(&version)) {
            return Err(Refusal(StatusCode::BAD_REQUEST, "The API version is not supported".to_owned()));
        }
        let sent = request.credential("Bearer").or_else(|| request.credential("token"));
        let bad = || Refusal(StatusCode::UNAUTHORIZED, "Bad credentials".to_owned());
        let sent = sent.ok_or_else(|| Refusal(StatusCode::UNAUTHORIZED, "Requires authentication".to_owned()))?;
        let token = self.tokens.iter_mut().find(|token| token.value == sent).ok_or_else(bad)?;
        token.calls += 1;
        if token.calls > self.config.rate {
            return Err(Refusal(StatusCode::FORBIDDEN, "API rate limit exceeded".to_owned()));
        }
        let not_found = || Refusal(StatusCode::NOT_FOUND, "Not Found".to_owned());
        let target = Target::of(request).ok_or_else(not_found)?;
        // A repository that the token cannot see does not exist for it.
        if !token.repositories.contains(&target.repository.to_lowercase()) {
            return Err(not_found());
        }
        let needed = match route {
            Route::PublicKey | Route::SecretList | Route::SecretRead => Permission::Read,
            Route::SecretWrite | Route::SecretDelete | Route::Unknown => Permission::Write,
        };
        if token.permission < needed {
            return Err(Refusal(StatusCode::FORBIDDEN, "Resource not accessible by personal access token".to_owned()));
        }
        let vault = self.vaults.get_mut(&place(&target.repository, target.environment.as_deref())).ok_or_else(not_found)?;
        let name = target.name.to_uppercase();
        let row =
            |name: &str, secret: &Secret| json!({"name": name, "created_at": date(secret.created), "updated_at": date(secret.updated)});
        match route {
            Route::PublicKey => {
                let key = BASE64.encode(PublicKey::from(&vault.key).as_bytes());
                Ok(Reply::json(StatusCode::OK, json!({"key_id": vault.key_id, "key": key})))
            }
            Route::SecretList => {
                let rows: Vec<Value> = vault.secrets.iter().map(|(name, secret)| row(name, secret)).collect();
                Ok(Reply::json(StatusCode::OK, json!({"total_count": rows.len(), "secrets": rows})))
            }
            Route::SecretRead => {
                let secret = vault.secrets.get(&name).ok_or_else(not_found)?;
                Ok(Reply::json(StatusCode::OK, row(&name, secret)))
            }
            Route::SecretDelete => {
                vault.secrets.remove(&name).ok_or_else(not_found)?;
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
            Route::SecretWrite => {
                check_name(&name)?;
                let plaintext = vault.open(request)?;
                let before = vault.secrets.get(&name);
                if before.is_none() && vault.secrets.len() >= MOST_SECRETS {
                    return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed: there are 100 secrets already".to_owned()));
                }
                let (created, writes) = before.map_or((now, 1), |secret| (secret.created, secret.writes + 1));
                let reply = match writes {
                    1 => Reply::json(StatusCode::CREATED, json!({})),
                    _ => Reply::empty(StatusCode::NO_CONTENT),
                };
                vault.secrets.insert(name, Secret { plaintext, created, updated: now, writes });
                Ok(reply)
            }
            Route::Unknown => Err(not_found()),
        }
    }
}

/// The operations of GitHub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET …/secrets/public-key`
    PublicKey,
    /// `GET …/secrets`
    SecretList,
    /// `GET …/secrets/{name}`
    SecretRead,
    /// `PUT …/secrets/{name}`
    SecretWrite,
    /// `DELETE …/secrets/{name}`
    SecretDelete,
    /// Anything else.
    Unknown,
}

/// What a path points at.
#[derive(Debug)]
struct Target {
    repository: String,
    environment: Option<String>,
    /// The secret's name or `public-key`; empty for the list.
    name: String,
}

impl Target {
    fn of(request: &Incoming) -> Option<Self> {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (owner, repository, environment, rest) = match segments.as_slice() {
            ["repos", owner, repository, "actions", "secrets", rest @ ..] => (owner, repository, None, rest),
            ["repos", owner, repository, "environments", environment, "secrets", rest @ ..] => (owner, repository, Some(environment), rest),
            _ => return None,
        };
        let name = match rest {
            [] => "",
            [name] => name,
            _ => return None,
        };
        let (repository, environment) = (format!("{owner}/{repository}"), environment.map(|name| (*name).to_owned()));
        Some(Self { repository, environment, name: name.to_owned() })
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if letters && !name.is_empty() && !name.starts_with("GITHUB_") && !name.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(());
    }
    let message = "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. \
        Must start with a letter ([a-z], [A-Z]) or underscores (_). Must not start with the GITHUB_ prefix.";
    Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, message.to_owned()))
}

/// Names of repositories have no case; those of environments neither.
fn place(repository: &str, environment: Option<&str>) -> (String, Option<String>) {
    (repository.to_lowercase(), environment.map(str::to_lowercase))
}

/// Writes a time in whole seconds.
fn date(time: Timestamp) -> String {
    format!("{time:.0}")
}

impl Vendor for GitHub {
    type Route = Route;

    const NAME: &'static str = "github-emulator";

    fn route(&self, request: &Incoming) -> Route {
        let Some(target) = Target::of(request) else { return Route::Unknown };
        match (request.method.as_str(), target.name.as_str()) {
            ("GET", "") => Route::SecretList,
            ("GET", "public-key") => Route::PublicKey,
            ("GET", _) => Route::SecretRead,
            ("PUT", name) if !name.is_empty() => Route::SecretWrite,
            ("DELETE", name) if !name.is_empty() => Route::SecretDelete,
            _ => Route::Unknown,
        }
    }

    fn answer(&mut self, route: Route, request: &Incoming, now: Timestamp) -> Outcome {
        let reply = self.act(route, request, now).unwrap_or_else(|Refusal(status, message)| {
            let status_text = status.as_u16().to_string();
            let reply = Reply::json(status, json!({"message": message, "documentation_url": DOCUMENTATION, "status": status_text}));
            let spent = message.starts_with("API rate limit");
            if spent { reply.with_header("x-ratelimit-remaining", 0).with_header("retry-after", 60) } else { reply }
        });
        Outcome::Reply(reply.with_header("x-github-request-id", random_word(16)))
    }
}

impl Emulated<GitHub> {
    /// Adds a repository `owner/name`, or an environment of one.
    pub fn add(&self, repository: &str, environment: Option<&str>) {
        self.with(|github| github.add(repository, environment));
    }

    /// Deletes a secret by hand; false when there is none.
    pub fn forget(&self, repository: &str, environment: Option<&str>, name: &str) -> bool {
        self.with(|github| github.vaults.get_mut(&place(repository, environment)).is_some_and(|vault| vault.secrets.remove(name).is_some()))
    }

    /// Makes a fine-grained token for one repository.
    pub fn add_token(&self, permission: Permission, repository: &str) -> String {
        let token = format!("github_pat_{}_{}", random_word(22), random_word(59));
        self.with(|github| github.admit(token.clone(), permission, repository));
        token
    }

    /// Revokes a token.
    pub fn revoke_token(&self, token: &str) {
        self.with(|github| github.tokens.retain(|known| known.value != token));
    }

    /// Returns a secret, opened; names have no case.
    pub fn secret(&self, repository: &str, environment: Option<&str>, name: &str) -> Option<Secret> {
        self.with(|github| github.vaults.get(&place(repository, environment))?.secrets.get(&name.to_uppercase()).cloned())
    }

    /// Replaces the key pair of a repository or environment: what is sealed for the old one is refused.
    pub fn rotate_key(&self, repository: &str, environment: Option<&str>) {
        self.with(|github| github.vaults.get_mut(&place(repository, environment)).map(Vault::rotate));
    }

    /// Turns knobs while the emulator runs.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        self.with(|github| change(&mut github.config));
    }
}
