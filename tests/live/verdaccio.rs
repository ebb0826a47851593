//! Verdaccio: npm tokens without names, without an end, that never change. Whose password manages them also goes into each create.
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::server::Server;
use crate::vendor::{Change, Use, Vendor};

pub struct Verdaccio;

const TOKENS: &str = "/-/npm/v1/tokens";

fn part(server: &Server, name: &str) -> String {
    let credential: Value = serde_json::from_str(&server.credential()).expect("JSON");
    credential[name].as_str().expect("a part").to_owned()
}

fn admin(server: &Server) -> String {
    format!("Basic {}", BASE64.encode(format!("{}:{}", part(server, "user"), part(server, "password")).as_bytes()))
}

impl Vendor for Verdaccio {
    fn provider(&self) -> &'static str {
        "verdaccio"
    }

    fn fields(&self, _server: &Server) -> String {
        "scopes: [read-only]".to_owned()
    }

    fn changes(&self, _server: &Server) -> Vec<Change> {
        vec![Change { fields: "scopes: [publish]".to_owned(), action: "replace", holds: |entry| entry["readonly"] == false }]
    }

    fn add_foreign(&self, server: &Server, _label: &str) {
        let body = json!({ "password": part(server, "password"), "readonly": true, "cidr_whitelist": ["10.0.0.0/8"] });
        server.client.post(TOKENS, &admin(server), body).good();
    }

    fn listed(&self, server: &Server) -> Vec<Value> {
        server.client.get(TOKENS, &admin(server)).good()["objects"].as_array().expect("a list").clone()
    }

    fn label(&self) -> Option<&'static str> {
        None
    }

    fn try_out(&self, server: &Server, secret: &str) -> Use {
        let answer = server.client.get("/-/npm/v1/user", &format!("Bearer {secret}"));
        match answer.status {
            200 if answer.body["name"] == part(server, "user") => Use::Works,
            401 | 403 => Use::Refused,
            other => panic!("{other}: {}", answer.body),
        }
    }
}
