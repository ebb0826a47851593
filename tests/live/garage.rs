//! Garage: tokens of its administration, and access keys of its S3 API, whose past end disables them.
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::http::Client;
use crate::server::Server;
use crate::vendor::{Change, Use, Vendor};

fn admin(server: &Server) -> String {
    format!("Bearer {}", server.credential())
}

/// Tokens of the administration API.
pub struct AdminTokens;

impl Vendor for AdminTokens {
    fn provider(&self) -> &'static str {
        "garage-admin"
    }

    fn fields(&self, _server: &Server) -> String {
        "scopes: [ListKeys]".to_owned()
    }

    fn changes(&self, _server: &Server) -> Vec<Change> {
        vec![
            Change {
                fields: "scopes: [GetClusterHealth, ListBuckets]".to_owned(),
                action: "edit",
                holds: |entry| entry["scope"] == json!(["GetClusterHealth", "ListBuckets"]),
            },
            Change {
                fields: "scopes: [GetClusterHealth, ListBuckets], expires: never".to_owned(),
                action: "edit",
                holds: |entry| entry["expiration"].is_null() && entry["expired"] == false,
            },
        ]
    }

    fn add_foreign(&self, server: &Server, label: &str) {
        let body = json!({ "name": label, "scope": ["*"], "expiration": "2099-01-01T00:00:00Z" });
        server.client.post("/v2/CreateAdminToken", &admin(server), body).good();
    }

    fn listed(&self, server: &Server) -> Vec<Value> {
        server.client.get("/v2/ListAdminTokens", &admin(server)).good().as_array().expect("a list").clone()
    }

    fn label(&self) -> Option<&'static str> {
        Some("/name")
    }

    fn reversible(&self) -> bool {
        true
    }

    fn try_out(&self, server: &Server, secret: &str) -> Use {
        match server.client.get("/v2/GetCurrentAdminTokenInfo", &format!("Bearer {secret}")).status {
            200 => Use::Works,
            401 | 403 => Use::Refused,
            other => panic!("{other}"),
        }
    }
}

/// Access keys of the S3 API.
pub struct Keys;

fn bucket(server: &Server) -> String {
    std::fs::read_to_string(server.file("bucket")).expect("the script makes one")
}

impl Vendor for Keys {
    fn provider(&self) -> &'static str {
        "garage-s3"
    }

    fn fields(&self, server: &Server) -> String {
        format!("scopes: [\"bucket:read\"], options: {{ bucket: {} }}", bucket(server))
    }

    fn changes(&self, server: &Server) -> Vec<Change> {
        vec![
            Change {
                fields: format!("{}, expires: 2099-06-30", self.fields(server)),
                action: "edit",
                holds: |entry| entry["expiration"].as_str().is_some_and(|end| end.starts_with("2099-06-30")),
            },
            Change {
                fields: format!(
                    "scopes: [\"bucket:read\", \"bucket:write\"], expires: 2099-06-30, options: {{ bucket: {} }}",
                    bucket(server)
                ),
                action: "replace",
                holds: |entry| entry["buckets"][0]["permissions"] == json!({ "read": true, "write": true, "owner": false }),
            },
        ]
    }

    fn add_foreign(&self, server: &Server, label: &str) {
        server.client.post("/v2/CreateKey", &admin(server), json!({ "name": label, "neverExpires": true })).good();
    }

    fn listed(&self, server: &Server) -> Vec<Value> {
        let all = server.client.get("/v2/ListKeys", &admin(server)).good();
        let detail = |entry: &Value| {
            let path = format!("/v2/GetKeyInfo?id={}", entry["id"].as_str().expect("an id"));
            server.client.get(&path, &admin(server)).good()
        };
        all.as_array().expect("a list").iter().map(detail).collect()
    }

    fn label(&self) -> Option<&'static str> {
        Some("/name")
    }

    fn reversible(&self) -> bool {
        true
    }

    /// Lists the buckets of the key, signed as S3 asks.
    fn try_out(&self, server: &Server, secret: &str) -> Use {
        let parts: Value = serde_json::from_str(secret).expect("two parts");
        let part = |name: &str| parts[name].as_str().expect("a part");
        let host = std::fs::read_to_string(server.file("s3")).expect("the script writes it");
        let client = Client::new(format!("http://{host}"));
        let (headers, authorization) = signed(&host, part("access_key_id"), part("secret_access_key"));
        match client.ask_with(Method::GET, "/", &authorization, &headers, None).status {
            200 => Use::Works,
            403 => Use::Refused,
            other => panic!("{other}"),
        }
    }

    /// Nodes remember keys for a moment.
    fn lag(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// The headers and the `Authorization` of `GET /` by AWS Signature 4.
fn signed(host: &str, id: &str, secret: &str) -> (Vec<(&'static str, String)>, String) {
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/garage/s3/aws4_request", &time[..8]);
    let empty = HEXLOWER.encode(&Sha256::digest(b""));
    let names = "host;x-amz-content-sha256;x-amz-date";
    let canonical = format!("GET\n/\n\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{time}\n\n{names}\n{empty}");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", HEXLOWER.encode(&Sha256::digest(canonical.as_bytes())));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is fine");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let signature = HEXLOWER.encode(&mac(&key, &text));
    let headers = vec![("x-amz-content-sha256", empty), ("x-amz-date", time)];
    (headers, format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"))
}
