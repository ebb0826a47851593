//! Unleash: tokens whose secret is their id, of which only the end changes, and that go on working for a while when they are deleted.
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::Server;
use crate::vendor::{Change, Use, Vendor};

pub struct Unleash;

const TOKENS: &str = "/api/admin/api-tokens";

impl Vendor for Unleash {
    fn provider(&self) -> &'static str {
        "unleash"
    }

    fn fields(&self, _server: &Server) -> String {
        "scopes: [\"type:backend\", \"environment:development\", \"project:default\"], expires: 2099-03-31".to_owned()
    }

    fn changes(&self, _server: &Server) -> Vec<Change> {
        vec![
            Change {
                fields: "scopes: [\"type:backend\", \"environment:development\", \"project:default\"], expires: 2099-06-30".to_owned(),
                action: "edit",
                holds: |entry| entry["expiresAt"] == "2099-06-30T23:59:59.000Z",
            },
            Change {
                fields: "scopes: [\"type:backend\", \"environment:production\", \"project:*\"], expires: 2099-06-30".to_owned(),
                action: "replace",
                holds: |entry| entry["environment"] == "production" && entry["projects"] == json!(["*"]),
            },
        ]
    }

    fn add_foreign(&self, server: &Server, label: &str) {
        let body = json!({ "tokenName": label, "type": "client", "environment": "development", "projects": ["default"] });
        server.client.post(TOKENS, &server.credential(), body).good();
    }

    fn listed(&self, server: &Server) -> Vec<Value> {
        server.client.get(TOKENS, &server.credential()).good()["tokens"].as_array().expect("a list").clone()
    }

    fn label(&self) -> Option<&'static str> {
        Some("/tokenName")
    }

    fn restless(&self) -> &'static [&'static str] {
        &["seenAt"]
    }

    fn try_out(&self, server: &Server, secret: &str) -> Use {
        match server.client.get("/api/client/features", secret).status {
            200 => Use::Works,
            401 => Use::Refused,
            other => panic!("{other}"),
        }
    }

    /// Its client API remembers tokens for a minute.
    fn lag(&self) -> Duration {
        Duration::from_secs(90)
    }

    fn shown_secrets(&self, server: &Server) -> Vec<String> {
        self.listed(server).iter().map(|entry| entry["secret"].as_str().expect("a secret").to_owned()).collect()
    }
}
