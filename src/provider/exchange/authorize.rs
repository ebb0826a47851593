//! What proves who makes a call: headers by the profile's schemes. Sends nothing.
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use zeroize::Zeroizing;

use super::session::Opened;
use super::{Caller, Exchange, Failure, Prepared};
use crate::profile::auth::{AuthScheme, QuerySigning};
use crate::profile::template::{Placeholder, Template};
use crate::provider::ProviderError;
use crate::provider::signature::{self, Signed};

/// A fresh random UUID (RFC 9562, version 4).
pub(super) fn uuid() -> Result<String, ProviderError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| ProviderError::Local(format!("no random numbers: {error}")))?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

impl Exchange {
    /// The headers that prove who makes a call.
    pub(super) fn authorize(
        &self,
        scheme: &AuthScheme,
        caller: Caller<'_>,
        session: Option<&Opened>,
        prepared: &Prepared,
        guess: QuerySigning,
    ) -> Result<Vec<(String, Zeroizing<String>)>, Failure> {
        let value = |placeholder: &Placeholder| match placeholder {
            Placeholder::Part(name) => caller.credential.part(name),
            Placeholder::Admin(name) => caller.admin?.part(name),
            Placeholder::Login(name) => session?.value(name),
            Placeholder::Param(_) => prepared.values.get(placeholder).and_then(Value::as_str),
            Placeholder::Id
            | Placeholder::Label
            | Placeholder::Marker
            | Placeholder::Scopes
            | Placeholder::ScopesAxis(_)
            | Placeholder::Expiry
            | Placeholder::Never
            | Placeholder::Past
            | Placeholder::Uuid
            | Placeholder::Page
            | Placeholder::Limit
            | Placeholder::Offset
            | Placeholder::Cursor
            | Placeholder::Item(_)
            | Placeholder::Option(_) => None,
        };
        let fill = |template: &Template| {
            let absent = |placeholder: &&Placeholder| value(placeholder).is_none();
            let missing = || {
                let what = template.placeholders().find(absent).map(|placeholder| format!("`{{{placeholder}}}` has no value"));
                ProviderError::Local(format!("the profile asks for more than there is to authenticate: {}", what.unwrap_or_default()))
            };
            template.secret_text(value).ok_or_else(missing)
        };
        let authorization = |text: String| vec![("authorization".to_owned(), Zeroizing::new(text))];
        Ok(match scheme {
            AuthScheme::Bearer(token) => authorization(format!("Bearer {}", *fill(token)?)),
            AuthScheme::Basic { user, password } => {
                let both = Zeroizing::new(format!("{}:{}", *fill(user)?, *fill(password)?));
                authorization(format!("Basic {}", BASE64.encode(both.as_bytes())))
            }
            AuthScheme::Headers(headers) => {
                headers.iter().map(|(name, template)| Ok((name.clone(), fill(template)?))).collect::<Result<_, ProviderError>>()?
            }
            AuthScheme::Signature(spec) => {
                let mut nonce = [0_u8; 32];
                getrandom::fill(&mut nonce).map_err(|error| ProviderError::Local(format!("no random numbers: {error}")))?;
                let query = match spec.query {
                    QuerySigning::Unknown => guess,
                    known @ (QuerySigning::Signed | QuerySigning::Unsigned) => known,
                };
                let signed = Signed {
                    method: prepared.method.as_str(),
                    path: &prepared.path,
                    query: prepared.query.as_deref().filter(|_| query == QuerySigning::Signed),
                    body: prepared.body.as_ref().map_or(&[], |(_, bytes)| bytes.as_slice()),
                    nonce: &HEXLOWER.encode(&nonce),
                    at: (self.clock)(),
                };
                authorization(signature::authorization(spec.scheme, &fill(&spec.id)?, &fill(&spec.secret)?, &signed))
            }
        })
    }
}
