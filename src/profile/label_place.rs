//! Where a provider's label and marker stand, and how they become the one label of the program. Knows no request.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pointer::Pointer;
use crate::model::Marker;

/// Where the label is: a pointer, or a map that says where the marker stands, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LabelReader {
    At(Pointer),
    Place(LabelPlace),
}

/// Where label and marker are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelPlace {
    /// Where the label is. With a `*` segment, as for tags, it is the first element that ends in a marker.
    pub at: Pointer,
    /// Where the marker is, when it is not at the end of the label. With a `*` segment it is the first element that is a marker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Pointer>,
    /// What stands between the label and the marker at its end.
    #[serde(default = "space")]
    pub joined_by: String,
}

fn space() -> String {
    " ".to_owned()
}

impl LabelReader {
    /// As a place.
    pub fn place(&self) -> LabelPlace {
        match self {
            Self::At(at) => LabelPlace { at: at.clone(), marker: None, joined_by: space() },
            Self::Place(place) => place.clone(),
        }
    }

    /// Where the label is.
    pub fn at(&self) -> &Pointer {
        match self {
            Self::At(at) | Self::Place(LabelPlace { at, .. }) => at,
        }
    }
}

impl Default for LabelPlace {
    fn default() -> Self {
        Self { at: Pointer::default(), marker: None, joined_by: space() }
    }
}

impl LabelPlace {
    /// The program's label of an object: label, space, marker. Errors with the place of what is no text.
    pub fn read(&self, object: &Value) -> Result<String, Pointer> {
        if self.at.is_many() {
            let labels = self.at.all(object).into_iter().filter_map(Value::as_str).map(|text| self.spaced(text));
            return Ok(labels.into_iter().find(|label| Marker::at_end_of(label).is_some()).unwrap_or_default());
        }
        let text = self.at.of(object).map_or(Ok(""), |value| value.as_str().ok_or_else(|| self.at.clone()))?;
        let marker = match &self.marker {
            Some(at) => at.all(object).into_iter().filter_map(Value::as_str).find_map(|text| text.parse::<Marker>().ok()),
            None => None,
        };
        Ok(match marker {
            Some(marker) => marker.label(text),
            None if self.marker.is_some() => text.to_owned(),
            None => self.spaced(text),
        })
    }

    /// The text with a space before its marker, however it is joined.
    fn spaced(&self, text: &str) -> String {
        let joined = text.char_indices().rev().nth(Self::LENGTH - 1).and_then(|(at, _)| {
            let marker: Marker = text[at..].parse().ok()?;
            let label = text[..at].strip_suffix(self.joined_by.as_str()).filter(|_| !self.joined_by.is_empty())?;
            Some(marker.label(label))
        });
        joined.unwrap_or_else(|| text.to_owned())
    }

    /// In characters.
    const LENGTH: usize = "kw-a2a2a2a2".len();

    /// What requests say of the program's label: the label as the provider has it, and the marker.
    pub fn write(&self, label: &str) -> (String, Option<String>) {
        let Some(marker) = Marker::at_end_of(label) else { return (label.to_owned(), None) };
        let bare = Marker::strip_from(label);
        let text = if self.marker.is_some() {
            bare.to_owned()
        } else if self.joined_by == " " {
            label.to_owned()
        } else {
            format!("{bare}{}{marker}", self.joined_by)
        };
        (text, Some(marker.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn place(value: Value) -> LabelPlace {
        serde_json::from_value::<LabelReader>(value).expect("a place").place()
    }

    fn read(place: &LabelPlace, object: Value) -> String {
        place.read(&object).expect("a label")
    }

    #[test]
    fn a_marker_stands_at_the_end_of_a_label() {
        let place = place(json!("/name"));
        assert_eq!(read(&place, json!({"name": "Billing kw-7f3ag2q4"})), "Billing kw-7f3ag2q4");
        assert_eq!(read(&place, json!({})), "");
        assert_eq!(place.read(&json!({"name": 7})), Err("/name".parse().expect("a pointer")));
        assert_eq!(place.write("Billing kw-7f3ag2q4"), ("Billing kw-7f3ag2q4".into(), Some("kw-7f3ag2q4".into())));
        assert_eq!(place.write("By hand"), ("By hand".into(), None));
    }

    #[test]
    fn a_marker_may_be_joined_otherwise() {
        let place = place(json!({"at": "/name", "joined_by": "-"}));
        assert_eq!(place.write("billing kw-7f3ag2q4").0, "billing-kw-7f3ag2q4");
        assert_eq!(read(&place, json!({"name": "billing-kw-7f3ag2q4"})), "billing kw-7f3ag2q4");
        for text in ["by-hand", "kw-7f3ag2q4", "billing_kw-7f3ag2q4", "bílling-kw-7f3ag2q1", ""] {
            assert_eq!(read(&place, json!({ "name": text })), text);
        }
    }

    #[test]
    fn a_marker_may_have_a_place_of_its_own() {
        let metadata = place(json!({"at": "/name", "marker": "/metadata/keywright"}));
        assert_eq!(metadata.write("Billing kw-7f3ag2q4"), ("Billing".into(), Some("kw-7f3ag2q4".into())));
        assert_eq!(read(&metadata, json!({"name": "Billing", "metadata": {"keywright": "kw-7f3ag2q4"}})), "Billing kw-7f3ag2q4");
        assert_eq!(read(&metadata, json!({"name": "By hand", "metadata": {}})), "By hand");
        let tags = place(json!({"at": "/name", "marker": "/tags/*"}));
        assert_eq!(read(&tags, json!({"name": "Billing", "tags": ["team-a", "kw-7f3ag2q4"]})), "Billing kw-7f3ag2q4");
        assert_eq!(read(&tags, json!({"tags": null})), "");
    }

    #[test]
    fn a_label_may_be_one_of_many_tags() {
        let tags = place(json!({"at": "/tags/*", "joined_by": ":"}));
        assert_eq!(tags.write("billing kw-7f3ag2q4").0, "billing:kw-7f3ag2q4");
        assert_eq!(read(&tags, json!({"tags": ["team-a", "billing:kw-7f3ag2q4"]})), "billing kw-7f3ag2q4");
        assert_eq!(read(&tags, json!({"tags": ["team-a"]})), "");
    }
}
