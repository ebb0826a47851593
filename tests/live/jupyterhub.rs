//! JupyterHub: tokens that never change, whose scopes come back expanded, and whose numbers are given again.
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;
use crate::vendor::{Change, Use, Vendor};

pub struct JupyterHub;

const TOKENS: &str = "/hub/api/users/ci-bot/tokens";

fn admin(server: &Server) -> String {
    format!("token {}", server.credential())
}

impl Vendor for JupyterHub {
    fn provider(&self) -> &'static str {
        "jupyterhub"
    }

    fn account(&self) -> &'static str {
        "params: { user: ci-bot }"
    }

    fn fields(&self, _server: &Server) -> String {
        "scopes: [\"read:users!user=ci-bot\"]".to_owned()
    }

    fn changes(&self, _server: &Server) -> Vec<Change> {
        vec![Change {
            fields: "scopes: [\"read:users:name!user=ci-bot\", \"read:tokens!user=ci-bot\"]".to_owned(),
            action: "replace",
            holds: |entry| {
                let has = |scope: &str| entry["scopes"].as_array().is_some_and(|all| all.contains(&Value::from(scope)));
                has("read:tokens!user=ci-bot") && !has("read:users!user=ci-bot")
            },
        }]
    }

    fn add_foreign(&self, server: &Server, label: &str) {
        let made = server.client.post(TOKENS, &admin(server), json!({ "note": label, "scopes": ["self"] })).good();
        // The number of the newest is given again: what is deleted here leaves a hole that the program's keys fall into.
        if label.ends_with("deleted") {
            let path = format!("{TOKENS}/{}", made["id"].as_str().expect("an id"));
            server.client.ask(Method::DELETE, &path, &admin(server), None).good();
        }
    }

    fn listed(&self, server: &Server) -> Vec<Value> {
        let mut all = server.client.get(TOKENS, &admin(server)).good()["api_tokens"].as_array().expect("a list").clone();
        for entry in &mut all {
            let scopes = entry["scopes"].as_array_mut().expect("scopes");
            scopes.sort_by_key(Value::to_string);
        }
        all
    }

    fn label(&self) -> Option<&'static str> {
        Some("/note")
    }

    fn restless(&self) -> &'static [&'static str] {
        &["last_activity"]
    }

    fn try_out(&self, server: &Server, secret: &str) -> Use {
        match server.client.get("/hub/api/user", &format!("token {secret}")).status {
            200 => Use::Works,
            403 => Use::Refused,
            other => panic!("{other}"),
        }
    }
}
