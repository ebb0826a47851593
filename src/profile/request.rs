//! What every request of a profile may say, whatever it is for. Data only.
use std::collections::BTreeMap;

use super::body::Body;
use super::template::{Placeholder, Request, Template};

/// A request as the profile writes it, seen alike whatever it is for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub request: &'a Request,
    pub query: &'a BTreeMap<String, Template>,
    pub headers: &'a BTreeMap<String, Template>,
    pub content: Option<Content<'a>>,
}

/// What a request carries, and in which form.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    Json(&'a Body),
    Form(&'a Body),
    /// JSON Patch.
    Patch(&'a Body),
}

impl<'a> Content<'a> {
    pub fn body(self) -> &'a Body {
        match self {
            Self::Json(body) | Self::Form(body) | Self::Patch(body) => body,
        }
    }
}

impl<'a> Asked<'a> {
    /// Every placeholder of path, query, headers and body.
    pub fn placeholders(&self) -> Vec<&'a Placeholder> {
        let beside = self.query.values().chain(self.headers.values());
        let mut found: Vec<&Placeholder> = std::iter::once(&self.request.path).chain(beside).flat_map(Template::placeholders).collect();
        found.extend(self.content.map(|content| content.body().placeholders()).unwrap_or_default());
        found
    }
}

/// The content among three fields of which a profile fills at most one.
pub(super) fn content<'a>(body: Option<&'a Body>, form: Option<&'a Body>, patch: Option<&'a Body>) -> Option<Content<'a>> {
    body.map(Content::Json).or(form.map(Content::Form)).or(patch.map(Content::Patch))
}

/// Declares a struct that is a request with fields of its own beside; one place says what a request is.
macro_rules! requests {
    ($($(#[$about:meta])* pub struct $name:ident { $($own:tt)* })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Method and path, as documentation writes them: `POST /keys/{id}/disable`.
            pub request: $crate::profile::template::Request,
            /// The query string by name; absent values are left out.
            #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
            pub query: std::collections::BTreeMap<String, $crate::profile::template::Template>,
            /// Headers of this request alone; absent values are left out.
            #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
            pub headers: std::collections::BTreeMap<String, $crate::profile::template::Template>,
            /// A JSON body: a map or a list.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub body: Option<$crate::profile::body::Body>,
            /// A body as `application/x-www-form-urlencoded`: a list becomes repeated fields, a map JSON text.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub form: Option<$crate::profile::body::Body>,
            /// A body as JSON Patch: from pointer to value; each value that is there becomes one `replace`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub patch: Option<$crate::profile::body::Body>,
            $($own)*
        }

        impl $name {
            /// What is sent.
            pub fn asked(&self) -> $crate::profile::request::Asked<'_> {
                let Self { request, query, headers, body, form, patch, .. } = self;
                let content = $crate::profile::request::content(body.as_ref(), form.as_ref(), patch.as_ref());
                $crate::profile::request::Asked { request, query, headers, content }
            }

            /// How many bodies the profile gives it: at most one makes sense.
            pub fn bodies(&self) -> usize {
                [&self.body, &self.form, &self.patch].into_iter().flatten().count()
            }
        }
    )+};
}
pub(super) use requests;
