//! What a request may say of a key: its fields as the profile's codecs write them. Sends nothing.
use jiff::Timestamp;
use serde_json::Value;

use super::ProviderError;
use crate::model::{Options, ScopeSet, Span};
use crate::profile::HttpApi;
use crate::profile::catalogue_spec::CatalogueSpec;
use crate::profile::codec_scopes::Lookups;
use crate::profile::template::{Placeholder, Values};

/// What writing a key's fields needs beside them.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    pub api: &'a HttpApi,
    pub catalogue: &'a CatalogueSpec,
    pub lookups: &'a Lookups,
    pub now: Timestamp,
    /// The longest lifetime that the provider grants.
    pub longest: Option<Span>,
}

/// The fields of a key that a request is about; `None`: not this one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fields<'a> {
    /// Marker included.
    pub label: Option<&'a str>,
    pub scopes: Option<&'a ScopeSet>,
    /// `Some(None)`: no end.
    pub expires_at: Option<Option<Timestamp>>,
    pub options: Option<&'a Options>,
    /// Whether the request changes a key that exists: then no end is said by null, where the profile has no word for it.
    pub changes: bool,
}

impl Writing<'_> {
    /// The values of a request. Errors, before anything is sent, when the profile's formats cannot say a field.
    pub fn values(&self, fields: Fields<'_>) -> Result<Values, ProviderError> {
        let formats = &self.api.formats;
        let local = |text: String| ProviderError::Local(text);
        let mut values = Values::new();
        if let Some(label) = fields.label {
            let place = self.api.key.as_ref().and_then(|key| key.label.as_ref()).map(|label| label.place()).unwrap_or_default();
            let (label, marker) = place.write(label);
            values.insert(Placeholder::Label, Value::String(label));
            values.extend(marker.map(|marker| (Placeholder::Marker, Value::String(marker))));
        }
        if let Some(scopes) = fields.scopes {
            let written = formats.scopes.write(scopes, self.catalogue.scopes.keys(), self.lookups);
            values.extend(written.map_err(|error| local(error.to_string()))?);
        }
        if let Some(end) = fields.expires_at {
            let written = formats.expiry.write(end, self.now, self.latest()).map_err(|error| local(error.to_string()))?;
            values.extend(self.end(written, fields.changes));
        }
        for (name, value) in fields.options.into_iter().flatten() {
            let written = match formats.options.get(name) {
                Some(writer) => writer.option(value, self.lookups).map_err(|error| local(error.to_string()))?,
                None => value.clone(),
            };
            values.insert(Placeholder::Option(name.clone()), written);
        }
        Ok(values)
    }

    /// The values of a request that disables or enables a key which ends then.
    pub fn switching(&self, expires_at: Option<Timestamp>) -> Values {
        let mut values = Values::new();
        values.extend(self.api.formats.expiry.past(self.now).map(|past| (Placeholder::Past, past)));
        // An end that is over or too near to be said is none of ours to bring back.
        let end = self.api.formats.expiry.write(expires_at, self.now, self.latest()).ok();
        values.extend(end.and_then(|end| self.end(end, true)));
        values
    }

    /// The last instant that the provider takes for an end.
    fn latest(&self) -> Option<Timestamp> {
        self.now.checked_add(self.longest?.duration()).ok()
    }

    /// An end as it was written; none is said in a field of its own where the profile has one, and otherwise by null where a key exists already.
    fn end(&self, written: Option<Value>, changes: bool) -> Option<(Placeholder, Value)> {
        match written {
            Some(end) => Some((Placeholder::Expiry, end)),
            None if self.api.says_never() => Some((Placeholder::Never, Value::Bool(true))),
            None => changes.then_some((Placeholder::Expiry, Value::Null)),
        }
    }
}
