//! Computes request signatures. Pure: time and nonce are given; knows no transport.
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::profile::auth::{QuerySigning, SignatureScheme};

/// What a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub method: &'a str,
    /// As sent, percent-encoding included.
    pub path: &'a str,
    /// As sent, without the question mark; `None` when there is none or it is not covered.
    pub query: Option<&'a str>,
    /// The exact bytes of the body.
    pub body: &'a [u8],
    /// 64 hexadecimal digits that were never used before.
    pub nonce: &'a str,
    pub at: Timestamp,
}

/// The value of the `Authorization` header.
pub fn authorization(scheme: SignatureScheme, id: &str, secret: &str, signed: &Signed<'_>) -> String {
    match scheme {
        SignatureScheme::PayconexHmac => payconex_hmac(id, secret, signed),
    }
}

/// PayConex's HMAC scheme, as the vendor's Go, JavaScript and Python samples compute it.
fn payconex_hmac(id: &str, secret: &str, signed: &Signed<'_>) -> String {
    let Signed { method, path, nonce, .. } = signed;
    let query = signed.query.map(|query| format!("?{query}")).unwrap_or_default();
    let timestamp = signed.at.as_second();
    let digest = HEXLOWER.encode(&Sha256::digest(signed.body));
    let canonical = format!("{method} {path}{query}\n{nonce}\n{timestamp}\n\n{digest}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(canonical.as_bytes());
    let response = HEXLOWER.encode(&mac.finalize().into_bytes());
    format!("Hmac id=\"{id}\", nonce=\"{nonce}\", timestamp=\"{timestamp}\", response=\"{response}\"")
}

/// The other guess about an undocumented signature.
pub fn other(query: QuerySigning) -> QuerySigning {
    match query {
        QuerySigning::Signed => QuerySigning::Unsigned,
        QuerySigning::Unsigned | QuerySigning::Unknown => QuerySigning::Signed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "api_e5b145c48b1d4f748870dc31b18b670b";
    const SECRET: &str = "b328837fa95e4967a65e5d4e303c0be0";
    const NONCE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn response(method: &str, query: Option<&str>, body: &str) -> String {
        let at = Timestamp::from_second(1_664_932_648).expect("an instant");
        let signed = Signed { method, path: "/api/v4/accounts/220614966801/api-keys", query, body: body.as_bytes(), nonce: NONCE, at };
        let header = authorization(SignatureScheme::PayconexHmac, ID, SECRET, &signed);
        let start = format!("Hmac id=\"{ID}\", nonce=\"{NONCE}\", timestamp=\"1664932648\", response=\"");
        header.strip_prefix(&start).and_then(|rest| rest.strip_suffix('"')).expect("the documented form").to_owned()
    }

    #[test]
    fn the_vectors_come_out() {
        assert_eq!(response("GET", None, ""), "406fa486a97dfe28dedcc5639c44db9c9812951dfd23e80dacc42700f31297eb");
        let body = r#"{"label":"ci-test","methods":["HMAC"],"scopes":["pcx:webhooks:read"]}"#;
        assert_eq!(response("POST", None, body), "41b0e2999953a8ee890f5034a9122b24135b572706a7f9b7d2c21771ea0d533e");
    }

    #[test]
    fn a_covered_query_changes_the_signature() {
        assert_ne!(response("GET", Some("page=1"), ""), response("GET", None, ""));
        assert_eq!(other(QuerySigning::Unsigned), QuerySigning::Signed);
        assert_eq!(other(QuerySigning::Signed), QuerySigning::Unsigned);
    }
}
