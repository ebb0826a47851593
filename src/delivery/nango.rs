//! Nango: the credential of one connection. An overwrite clears what is left out, so that everything is read first and sent back.
//!
//! Facts: Nango's public source, version 0.71.4. It accepts any text as an API key and never notices that one died; so a call through its proxy
//! tries it. The fingerprint stands in the connection's metadata under `keywright`: whoever reads it needs no credential.
use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::call::{self, Answer, Caller, Method, Request};
use super::{Access, Delivery, DeliveryError, Kind, Param, Parcel, Proof, Way};
use crate::model::{Fingerprint, Held};
use crate::profile::HttpApi;
use crate::profile::template::percent_encoded;
use crate::profile::verify::Verdict;
use crate::provider::exchange::Wiped;

pub const KIND: Kind = Kind {
    name: "nango",
    title: "Nango",
    endpoint: Some("https://api.nango.dev"),
    params: &[
        Param::required(
            "provider_config_key",
            "the integration's unique key, such as `brex-api-key`",
            r"^[a-zA-Z0-9_-][a-zA-Z0-9~:._-]{0,254}$",
        ),
        Param::required(
            "connection_id",
            "the connection's id: at most 255 characters, no space at its ends",
            r#"^[a-zA-Z0-9,.;:=+~\[\]|@${}"'\\/_ -]{1,255}$"#,
        ),
        Param::optional(
            "check_path",
            "the path of a harmless GET that tries the key through Nango's proxy, such as `/v2/users/me`",
            r"^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+(?:\?[A-Za-z0-9._~=&-]*)?$",
        ),
        Param::optional(
            "check_base_url",
            "where that path is, when the integration does not say: `https://HOST`",
            r"^https://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$",
        ),
    ],
    single: true,
    tries: |params| check(params).is_some(),
    way: Way::Api(open),
};

/// The integration whose key can be tried without being told how, by what its users name it.
const BREX: (&str, &str, &str) = ("brex-api-key", "/v2/users/me", "https://api.brex.com");

/// The field of the metadata that is ours.
const OURS: &str = "keywright";

struct Nango {
    caller: Caller,
    integration: String,
    connection: String,
    /// The path that tries the key, and where it is.
    check: Option<(String, Option<String>)>,
}

fn open(access: Access<'_>) -> Result<Box<dyn Delivery>, DeliveryError> {
    let param = |name: &str| access.target.params.get(name).cloned();
    let integration = param("provider_config_key").unwrap_or_default();
    let check = check(&access.target.params);
    let connection = param("connection_id").unwrap_or_default();
    Ok(Box::new(Nango {
        caller: Caller::open(access, &[], call::errors("/error/code", "/error/message"))?,
        integration,
        connection,
        check,
    }))
}

/// The path that tries the key, and where it is.
fn check(params: &BTreeMap<String, String>) -> Option<(String, Option<String>)> {
    let param = |name: &str| params.get(name).cloned();
    let usual = param("provider_config_key").filter(|integration| integration == BREX.0);
    let usual = usual.map(|_| (BREX.1.to_owned(), Some(BREX.2.to_owned())));
    match (param("check_path"), param("check_base_url")) {
        (Some(path), base) => Some((path, base.or_else(|| usual.and_then(|(_, base)| base)))),
        (None, Some(base)) => usual.map(|(path, _)| (path, Some(base))),
        (None, None) => usual,
    }
}

impl Nango {
    fn get(&self, path: String) -> Request<'static> {
        Request { method: Method::GET, path, headers: Vec::new(), body: None, secret: None }
    }

    /// The connection as it is, whole; `None`: there is none. The credential in it, where Nango shows it, is not looked at.
    async fn read(&self) -> Result<Option<Wiped>, DeliveryError> {
        let path = format!("/connections/{}?provider_config_key={}", percent_encoded(&self.connection), percent_encoded(&self.integration));
        let answer = self.caller.call(&self.get(path)).await?;
        let unknown = answer.refusal.code.as_deref() == Some("unknown_connection");
        match answer.status {
            200..300 => {
                answer.value()?.as_object().ok_or_else(|| DeliveryError::Unanswered("the answer holds no connection".to_owned()))?;
                Ok(answer.json)
            }
            400 | 404 if unknown => Ok(None),
            _ => Err(answer.error()),
        }
    }

    /// Everything that an overwrite would clear, as it was, with the new credential and its fingerprint.
    fn overwrite(&self, before: Option<&Value>, parcel: &Parcel<'_>) -> Result<Wiped, DeliveryError> {
        let object = |name: &str| before.and_then(|before| before[name].as_object()).cloned().unwrap_or_default();
        let key = parcel.secret.parts().next().filter(|_| parcel.secret.is_single()).map(|(_, value)| value);
        let key = key.ok_or_else(|| DeliveryError::Local("Nango takes secrets of one part only".to_owned()))?;
        let mut metadata = object("metadata");
        metadata.insert(OURS.to_owned(), written(&parcel.fingerprint));
        let mut body = Map::new();
        body.insert("provider_config_key".to_owned(), json!(self.integration));
        body.insert("connection_id".to_owned(), json!(self.connection));
        body.insert("credentials".to_owned(), json!({"type": "API_KEY", "apiKey": key}));
        body.insert("metadata".to_owned(), Value::Object(metadata));
        for name in ["tags", "connection_config"] {
            let kept = object(name);
            if !kept.is_empty() {
                body.insert(name.to_owned(), Value::Object(kept));
            }
        }
        if let Some(webhook) = before.and_then(|before| before["webhook_url_override"].as_str()) {
            body.insert("webhook_url_override".to_owned(), json!(webhook));
        }
        Ok(Wiped(Value::Object(body)))
    }

    /// What a call through the proxy shows, by how the key's own provider answers.
    fn judged(&self, answer: &Answer, judge: Option<&HttpApi>) -> Result<Proof, DeliveryError> {
        // A refusal of Nango's own says nothing about the key.
        let own = answer.refusal.code.is_some();
        let verdict = judge.filter(|_| !own).and_then(|api| {
            let body = &answer.json.as_ref()?.0;
            api.verify.as_ref()?.verdict(&api.errors.read(answer.status, Some(body)), Some(body))
        });
        match (verdict, judge) {
            (Some(Verdict::Alive | Verdict::Lacks), _) => Ok(Proof::Works),
            (Some(Verdict::Dead), _) => Err(DeliveryError::Dead(format!("it is dead (status {})", answer.status))),
            (Some(Verdict::Expired), _) => Err(DeliveryError::Dead(format!("it has expired (status {})", answer.status))),
            (None, None) if answer.is_success() => Ok(Proof::Works),
            (None, _) => Ok(Proof::Undecided(answer.said.clone())),
        }
    }
}

#[async_trait(?Send)]
impl Delivery for Nango {
    /// By the list, which holds no credential.
    async fn observe(&self) -> Result<Held, DeliveryError> {
        let path = format!("/connections?connectionId={}&limit=100", percent_encoded(&self.connection));
        let answer = self.caller.succeed(&self.get(path)).await?;
        let rows = answer.value()?["connections"].as_array();
        let rows = rows.ok_or_else(|| DeliveryError::Unanswered("the answer holds no connections".to_owned()))?;
        let here = |row: &&Value| row["connection_id"] == *self.connection && row["provider_config_key"] == *self.integration;
        Ok(match rows.iter().find(here) {
            None => Held::Nothing,
            Some(row) => read(&row["metadata"][OURS]).map_or(Held::Foreign, Held::Ours),
        })
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Proof, DeliveryError> {
        let before = self.read().await?;
        let body = self.overwrite(before.as_ref().map(|before| &before.0), parcel)?;
        let post = Request { method: Method::POST, body: Some(&body), secret: Some(parcel.secret), ..self.get("/connections".to_owned()) };
        // The answer repeats the credential: it is dropped unread.
        drop(self.caller.succeed(&post).await?);
        match self.observe().await? {
            Held::Ours(held) if held.is_same(&parcel.fingerprint) => {}
            Held::Ours(_) | Held::Foreign | Held::Something => {
                return Err(DeliveryError::NotHeld("the connection bears another fingerprint".to_owned()));
            }
            Held::Nothing => return Err(DeliveryError::NotHeld("the connection is not there".to_owned())),
        }
        self.prove(parcel.judge).await
    }

    async fn prove(&self, judge: Option<&HttpApi>) -> Result<Proof, DeliveryError> {
        let Some((path, base)) = &self.check else { return Ok(Proof::Undecided("no `check_path` says how to try it".to_owned())) };
        let mut headers = vec![("connection-id", self.connection.clone()), ("provider-config-key", self.integration.clone())];
        headers.extend(base.clone().map(|base| ("base-url-override", base)));
        let request = Request { headers, ..self.get(format!("/proxy{path}")) };
        match self.caller.call(&request).await {
            Ok(answer) => self.judged(&answer, judge),
            Err(error @ DeliveryError::Local(_)) => Err(error),
            Err(error) => Ok(Proof::Undecided(error.to_string())),
        }
    }
}

fn written(fingerprint: &Fingerprint) -> Value {
    let marker = fingerprint.marker.as_ref().map(ToString::to_string);
    json!({"address": fingerprint.address.to_string(), "generation": fingerprint.generation, "marker": marker})
}

fn read(value: &Value) -> Option<Fingerprint> {
    let marker = match &value["marker"] {
        Value::Null => None,
        other => Some(other.as_str()?.parse().ok()?),
    };
    let generation = u32::try_from(value["generation"].as_u64()?).ok()?;
    Some(Fingerprint { address: value["address"].as_str()?.parse().ok()?, generation, marker })
}
