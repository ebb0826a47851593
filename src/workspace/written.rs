//! What manifests literally say of a key, for verdicts on it: read again, one file at a time, when there is something to say.
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::{KeySpec, ManifestFile};
use super::sources::Sources;
use crate::diagnostics::{Locate, Part, Report, Route, Step};
use crate::model::{DesiredKey, Scope};
use crate::policy::{Replaced, Written, WrittenKey, WrittenScope};
use crate::yaml;

/// The manifests of a workspace, in their own words.
pub struct Manifests<'a> {
    sources: &'a Sources,
    locator: Option<Box<dyn Locate + 'a>>,
    /// The file last asked for: verdicts come file by file.
    last: RefCell<Option<(Arc<str>, SaidByKey)>>,
}

/// The keys of one file, by name.
type SaidByKey = BTreeMap<Box<str>, Said>;

/// One key of a file.
struct Said {
    scopes: Vec<Scope>,
    fields: Vec<&'static str>,
}

impl<'a> Manifests<'a> {
    pub fn of(sources: &'a Sources) -> Self {
        Self { sources, locator: sources.prepared(), last: RefCell::default() }
    }

    /// How the items of a key's list of scopes can be replaced.
    fn replaced(&self, file: &str, name: &str, count: usize) -> Vec<Replaced> {
        let fields = ["keys", name, "scopes"].map(|field| Step::Field(field.into()));
        let list = Route(fields.to_vec());
        let before = |route: &Route| {
            let locator = self.locator.as_deref()?;
            let excerpt = locator.excerpt(file, locator.locate(file, route, Part::Value)?)?;
            let column = excerpt.column as usize - 1;
            let text: Vec<char> = excerpt.text.chars().collect();
            Some((text[..column.min(text.len())].iter().collect::<String>(), text.get(column).copied()))
        };
        let is_flow = before(&list).is_some_and(|(_, first)| first == Some('['));
        (0..count)
            .map(|at| match before(&list.index(at)) {
                Some(_) if is_flow => Replaced::Flow,
                Some((before, _)) if before.trim_start() == "- " => Replaced::Block(before.len() - 2),
                Some(_) | None => Replaced::Not,
            })
            .collect()
    }
}

impl Written for Manifests<'_> {
    fn key(&self, key: &DesiredKey) -> Option<WrittenKey> {
        let (file, name) = (&key.declared_at.file, key.address.name.as_str());
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(other, _)| other != file) {
            let manifest = yaml::read::<ManifestFile>(file, self.sources.bytes(file)?, &mut Report::limited(1))?;
            let keys = manifest.keys.0.into_iter().map(|(name, spec)| (name.name, Said { fields: fields(&spec), scopes: spec.scopes }));
            *last = Some((file.clone(), keys.collect()));
        }
        let said = last.as_ref()?.1.get(name)?;
        let replaced = self.replaced(file, name, said.scopes.len());
        let scopes = said.scopes.iter().zip(replaced).map(|(word, replaced)| WrittenScope { word: word.to_string(), replaced });
        Some(WrittenKey { scopes: scopes.collect(), fields: said.fields.clone() })
    }
}

/// The fields that an entry says itself.
fn fields(spec: &KeySpec) -> Vec<&'static str> {
    let says = [
        ("scopes", true),
        ("label", spec.label.is_some()),
        ("owner", spec.owner.is_some()),
        ("purpose", spec.purpose.is_some()),
        ("lifetime", spec.lifetime.is_some()),
        ("expires", spec.expires.is_some()),
        ("renew_before", spec.renew_before.is_some()),
        ("overlap", spec.overlap.is_some()),
        ("recipients", spec.recipients.is_some()),
        ("deliver", !spec.deliver.is_empty()),
        ("review_every", spec.review_every.is_some()),
    ];
    says.into_iter().filter(|(_, says)| *says).map(|(field, _)| field).collect()
}
