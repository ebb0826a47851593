//! GitHub Actions: the secret of a repository, or of one of its environments, sealed for GitHub's key.
//!
//! Facts: GitHub's REST API for Actions secrets. A secret can be written and never read; its entry tells a name and two instants.
use async_trait::async_trait;
use crypto_box::aead::OsRng;
use crypto_box::{KEY_SIZE, PublicKey};
use data_encoding::BASE64;
use serde_json::json;

use super::call::{self, Caller, Method, Request};
use super::{Access, Delivery, DeliveryError, Kind, Param, Parcel, Proof, Way};
use crate::model::Held;
use crate::profile::HttpApi;
use crate::profile::template::percent_encoded;
use crate::provider::exchange::Wiped;

pub const KIND: Kind = Kind {
    name: "github-actions",
    title: "GitHub Actions",
    endpoint: Some("https://api.github.com"),
    params: &[
        Param {
            folds: true,
            ..Param::required(
                "repository",
                "the repository, as `owner/name`",
                r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}/\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]{0,97}$",
            )
        },
        Param {
            folds: true,
            ..Param::optional("environment", "an environment of the repository", r"^[A-Za-z0-9_][A-Za-z0-9 ._/-]{0,254}$")
        },
        Param {
            never: &["GITHUB_"],
            ..Param::required(
                "secret",
                "the secret's name: A-Z, 0-9 and `_`, not beginning with a digit or `GITHUB_`",
                r"^[A-Z_][A-Z0-9_]*$",
            )
        },
    ],
    single: false,
    tries: |_| false,
    way: Way::Api(open),
};

/// The largest secret, in bytes.
const LARGEST: usize = 48 * 1024;

const HEADERS: &[(&str, &str)] = &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

struct GitHubActions {
    caller: Caller,
    /// The path of the secrets.
    secrets: String,
    name: String,
}

fn open(access: Access<'_>) -> Result<Box<dyn Delivery>, DeliveryError> {
    let param = |name: &str| access.target.params.get(name).cloned();
    let repository = param("repository").unwrap_or_default();
    let (owner, name) = repository.split_once('/').ok_or_else(|| DeliveryError::Local("the repository has no owner".to_owned()))?;
    let repository = format!("/repos/{}/{}", percent_encoded(owner), percent_encoded(name));
    let secrets = match param("environment") {
        Some(environment) => format!("{repository}/environments/{}/secrets", percent_encoded(&environment)),
        None => format!("{repository}/actions/secrets"),
    };
    let name = param("secret").unwrap_or_default();
    Ok(Box::new(GitHubActions { caller: Caller::open(access, HEADERS, call::errors("", "/message"))?, secrets, name }))
}

impl GitHubActions {
    fn get(&self, below: &str) -> Request<'static> {
        Request { method: Method::GET, path: format!("{}/{below}", self.secrets), headers: Vec::new(), body: None, secret: None }
    }
}

#[async_trait(?Send)]
impl Delivery for GitHubActions {
    /// That it is there is all that GitHub tells.
    async fn observe(&self) -> Result<Held, DeliveryError> {
        let answer = self.caller.call(&self.get(&self.name)).await?;
        match answer.status {
            200..300 => Ok(Held::Something),
            404 => {
                // What the credential cannot see is not found either: the key can be seen by whoever can see secrets.
                self.caller.succeed(&self.get("public-key")).await?;
                Ok(Held::Nothing)
            }
            _ => Err(answer.error()),
        }
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Proof, DeliveryError> {
        if parcel.text.len() > LARGEST {
            return Err(DeliveryError::Local(format!("the secret is larger than the {LARGEST} bytes that GitHub takes")));
        }
        let answer = self.caller.succeed(&self.get("public-key")).await?;
        let unusable = || DeliveryError::Unanswered("the answer holds no public key".to_owned());
        let told = answer.value()?;
        let (key, id) = (told["key"].as_str().ok_or_else(unusable)?, told["key_id"].as_str().ok_or_else(unusable)?);
        let key: [u8; KEY_SIZE] = BASE64.decode(key.as_bytes()).ok().and_then(|key| key.try_into().ok()).ok_or_else(unusable)?;
        let sealed = PublicKey::from(key).seal(&mut OsRng, parcel.text);
        let sealed = sealed.map_err(|_| DeliveryError::Local("the secret could not be sealed".to_owned()))?;
        let body = Wiped(json!({"encrypted_value": BASE64.encode(&sealed), "key_id": id}));
        let put = Request { method: Method::PUT, body: Some(&body), secret: Some(parcel.secret), ..self.get(&self.name) };
        self.caller.succeed(&put).await?;
        Ok(Proof::Works)
    }

    async fn prove(&self, _: Option<&HttpApi>) -> Result<Proof, DeliveryError> {
        Ok(Proof::Works)
    }
}
