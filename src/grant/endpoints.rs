//! Where an issuer says that its endpoints are, and whether a token may go there. Sends nothing.
use serde_json::Value;

use crate::provider::transport::{Url, is_loopback};

/// The endpoints of an issuer; all at its own host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub authorize: Url,
    pub token: Url,
    /// Absent where it offers no revocation.
    pub revoke: Option<Url>,
}

/// The issuer of an account: the profile's, with scheme, host and port of the trusted endpoint where there is one.
pub fn issuer(own: &str, endpoint: Option<&str>) -> Result<String, String> {
    let own = Url::parse(own).map_err(|error| format!("the profile's issuer is no URL: {error}"))?;
    let path = own.path().trim_end_matches('/');
    match endpoint {
        None => Ok(format!("{}{path}", own.as_str().split_at(own.as_str().len() - own.path().len()).0)),
        Some(endpoint) => Ok(format!("{}{path}", endpoint.trim_end_matches('/'))),
    }
}

impl Endpoints {
    /// Reads a discovery document. Errors when it is of another issuer, or leads to another host: a token must not go there.
    pub fn read(document: &Value, issuer: &str) -> Result<Self, String> {
        let text = |name: &str| document[name].as_str();
        let told = text("issuer").ok_or_else(|| "the discovery document names no issuer".to_owned())?;
        if told.trim_end_matches('/') != issuer {
            return Err(format!("the discovery document is of the issuer `{}`, not of `{issuer}`", short(told)));
        }
        let own = Url::parse(issuer).map_err(|error| format!("the issuer is no URL: {error}"))?;
        let place = |name: &str, told: &str| {
            let url = Url::parse(told).ok().filter(|url| is_at(url, &own));
            url.ok_or_else(|| format!("the discovery document puts `{name}` at `{}`, which is not at the issuer's host", short(told)))
        };
        let needed = |name: &str| place(name, text(name).ok_or_else(|| format!("the discovery document has no `{name}`"))?);
        let methods = document["code_challenge_methods_supported"].as_array();
        if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err("the issuer takes no PKCE challenge of the method `S256`".to_owned());
        }
        Ok(Self {
            authorize: needed("authorization_endpoint")?,
            token: needed("token_endpoint")?,
            revoke: text("revocation_endpoint").map(|told| place("revocation_endpoint", told)).transpose()?,
        })
    }
}

fn is_at(url: &Url, own: &Url) -> bool {
    let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && origin(url) == origin(own) && (url.scheme() == "https" || is_loopback(url))
}

/// What a stranger wrote, for a message.
fn short(text: &str) -> String {
    text.chars().take(120).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://accounts.example/oauth2/default";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://accounts.example/oauth2/default/v1/authorize",
            "token_endpoint": "https://accounts.example:443/elsewhere/token",
            "revocation_endpoint": "https://accounts.example/revoke",
        })
    }

    #[test]
    fn the_document_decides_paths_and_no_hosts() {
        let endpoints = Endpoints::read(&document(), ISSUER).expect("endpoints");
        assert_eq!(endpoints.token.path(), "/elsewhere/token");
        let refused = |name: &str, value: Value| {
            let mut document = document();
            document[name] = value;
            Endpoints::read(&document, ISSUER).expect_err(name)
        };
        for bad in [
            "https://evil.example/token",
            "http://accounts.example/token",
            "https://accounts.example:444/token",
            "https://user@accounts.example/token",
            "https://accounts.example/token#x",
            "nowhere",
        ] {
            for name in ["authorization_endpoint", "token_endpoint", "revocation_endpoint"] {
                assert!(refused(name, bad.into()).contains("not at the issuer's host"), "{name} {bad}");
            }
        }
        assert!(refused("issuer", "https://accounts.example/other".into()).contains("is of the issuer"));
        assert!(refused("token_endpoint", Value::Null).contains("has no `token_endpoint`"));
        assert!(refused("code_challenge_methods_supported", json!(["plain"])).contains("S256"));
        let mut without = document();
        without.as_object_mut().expect("an object").remove("revocation_endpoint");
        assert_eq!(Endpoints::read(&without, ISSUER).expect("endpoints").revoke, None);
    }

    #[test]
    fn a_trusted_endpoint_replaces_the_host_alone() {
        assert_eq!(issuer(ISSUER, None).as_deref(), Ok(ISSUER));
        assert_eq!(issuer(ISSUER, Some("http://127.0.0.1:9/x/")).as_deref(), Ok("http://127.0.0.1:9/x/oauth2/default"));
    }
}
