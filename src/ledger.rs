//! Ledger files: reads and writes `ledger/<account>/<name>.yaml`. Never sees a secret.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Part, Place, Report, Route, file};
use crate::files::walk::{FoundKind, walk};
use crate::files::{self, FileError};
use crate::model::{Address, KeyRecord, Name, time};
use crate::yaml;

const FIRST_LINE: &str = "# written by keywright; do not edit\n";
/// The greatest ledger file that is read, in bytes.
const LIMIT: u64 = 16 << 20;

/// The ledger of one workspace.
#[derive(Debug, Clone)]
pub struct Ledger {
    root: PathBuf,
}

/// Everything that was read of a ledger.
#[derive(Debug, Default)]
pub struct Records {
    pub records: BTreeMap<Address, KeyRecord>,
    /// Every file that was read, with its bytes, by path below the workspace.
    pub files: Vec<(Arc<str>, Vec<u8>)>,
}

impl Records {
    /// The same from files that are at hand, by path below the workspace.
    pub fn of(files: impl IntoIterator<Item = (Arc<str>, Vec<u8>)>, report: &mut Report) -> Self {
        let mut all = Self::default();
        for (name, bytes) in files {
            if is_record(&name, report) {
                all.take(name, bytes, report);
            }
        }
        all
    }

    fn take(&mut self, name: Arc<str>, bytes: Vec<u8>, report: &mut Report) {
        if let Some(record) = read_record(&name, &bytes, report) {
            self.records.insert(record.address.clone(), record);
        }
        self.files.push((name, bytes));
    }
}

/// Whether a file below `ledger/` is to be read; what has no place there is reported.
fn is_record(name: &Arc<str>, report: &mut Report) -> bool {
    if name.ends_with(".yml") {
        report.push(file::misnamed(name));
    } else if !name.ends_with(".yaml") {
        report.push(file::unexpected(name, "move it out of `ledger/`, which `apply` alone writes"));
    }
    name.ends_with(".yaml")
}

impl Ledger {
    /// The ledger of the workspace in `root`. Reads nothing yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The directory of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the record of a key lies.
    pub fn path(&self, address: &Address) -> PathBuf {
        self.root.join(record_name(address))
    }

    /// Where the secret file of a key lies.
    pub fn secret_path(&self, address: &Address) -> PathBuf {
        self.root.join(secret_name(address))
    }

    /// Reads every record. What cannot be read is an error in the report, never an absent record.
    pub fn load_all(&self, report: &mut Report) -> Records {
        let mut all = Records::default();
        for found in walk(&self.root, "ledger") {
            let name: Arc<str> = found.path.into();
            match found.kind {
                FoundKind::Symlink => report.push(file::symlink(&name)),
                FoundKind::Unreadable(error) => report.push(file::unreadable(&name, &error)),
                FoundKind::File if is_record(&name, report) => match files::read(&self.root.join(&*name), LIMIT) {
                    Ok(bytes) => all.take(name, bytes, report),
                    Err(error) => report.push(file::unreadable(&name, &error.source)),
                },
                FoundKind::File => {}
            }
        }
        all
    }

    /// Writes a record, durably, unless the file has these very bytes. Returns whether anything was written. Instants are cut to whole seconds.
    pub fn save(&self, record: &KeyRecord) -> Result<bool, FileError> {
        let path = self.path(&record.address);
        let bytes = text_of(record).into_bytes();
        match files::read(&path, LIMIT) {
            Ok(present) if present == bytes => Ok(false),
            Ok(_) => files::write(&path, &bytes).map(|()| true),
            Err(error) if error.is_not_found() => files::write(&path, &bytes).map(|()| true),
            Err(error) => Err(error),
        }
    }

    /// Removes the record of a key; that there is none is success.
    pub fn remove(&self, address: &Address) -> Result<(), FileError> {
        files::remove(&self.path(address))
    }
}

/// The path of a key's record below the workspace.
pub fn record_name(address: &Address) -> String {
    format!("ledger/{}/{}.yaml", address.account, address.name)
}

/// The path of a key's secret file below the workspace.
pub fn secret_name(address: &Address) -> String {
    format!("secrets/{}/{}.age", address.account, address.name)
}

/// The text of a ledger file: the same record always gives the same bytes.
pub fn text_of(record: &KeyRecord) -> String {
    let mut record = record.clone();
    record.generations.sort_by_key(|generation| std::cmp::Reverse(generation.number));
    if let Some(reviewed) = &mut record.reviewed {
        reviewed.at = time::whole_second(reviewed.at);
    }
    if let Some(gone) = &mut record.gone {
        gone.created_at = time::whole_second(gone.created_at);
        gone.last_used_at = gone.last_used_at.map(time::whole_second);
    }
    for generation in &mut record.generations {
        *generation = generation.in_whole_seconds();
    }
    format!("{FIRST_LINE}{}", yaml::write(&record))
}

fn read_record(name: &Arc<str>, bytes: &[u8], report: &mut Report) -> Option<KeyRecord> {
    let Some(record) = yaml::read::<KeyRecord>(name, bytes, report) else {
        report.push(
            invalid(format!("`{name}` is no ledger file that this program understands"), Place::File(name.clone()))
                .help("restore it from git: without it, live keys would be forgotten"),
        );
        return None;
    };
    let route = Route::default().field("address");
    let place = Place::Route { file: name.clone(), route, part: Part::Value };
    match address_of(name) {
        Some(address) if address == record.address => {}
        Some(_) | None => {
            let message = format!("`{name}` holds the record of `{}`", record.address);
            let help = format!("move it back to `{}`, or restore `ledger/` from git", record_name(&record.address));
            report.push(Diagnostic::error(Code::LedgerMisplaced, message).at(place).label("belongs elsewhere").help(help));
            return None;
        }
    }
    let newest_first = record.generations.is_sorted_by(|a, b| a.number > b.number);
    if record.generations.is_empty() || !newest_first {
        let problem = if newest_first { "lists no generation" } else { "does not list its generations once each, newest first" };
        let place = Place::Route { file: name.clone(), route: Route::default().field("generations"), part: Part::Field };
        report.push(invalid(format!("the record of `{}` {problem}", record.address), place).help("restore the file from git"));
        return None;
    }
    Some(record)
}

fn invalid(message: String, place: Place) -> Diagnostic {
    Diagnostic::error(Code::LedgerInvalid, message).at(place)
}

/// The address that a path below the workspace stands for.
fn address_of(name: &str) -> Option<Address> {
    let (account, name) = name.strip_prefix("ledger/")?.strip_suffix(".yaml")?.split_once('/')?;
    Some(Address::new(Name::new(account).ok()?, Name::new(name).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Format, Generation, GenerationState, Marker, Sealed};

    fn record() -> KeyRecord {
        let mut record = KeyRecord::new("shop/one".parse().expect("an address"), "acme");
        let instant = |text: &str| text.parse().expect("an instant");
        for (number, state) in [(1, GenerationState::Retiring), (2, GenerationState::Active)] {
            let scopes = ["a:b".into(), "*".into(), "true".into()].into();
            record.put(Generation {
                id: Some(format!("api_{number}")),
                marker: Some(Marker::from_random([0; 5])),
                options: [("methods".to_owned(), serde_json::json!(["HMAC"]))].into(),
                expires_at: Some(instant("2027-02-19T09:00:00Z")),
                disable_after: Some(instant("2026-11-21T09:00:00.5Z")),
                sealed: Some(Sealed {
                    sha256: "0".repeat(64),
                    format: Format::Json,
                    recipients: [("ops".to_owned(), vec!["age1x".to_owned(), "ssh-ed25519 AAAA".to_owned()])].into(),
                }),
                ..Generation::new(number, state, "no: \"kw\" # 1", scopes, instant("2026-11-21T09:00:00.987654321Z"))
            });
        }
        record
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let root = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(root.path());
        assert!(ledger.save(&record()).expect("saved"));
        let mut report = Report::default();
        let all = ledger.load_all(&mut report);
        assert!(report.is_empty(), "{report:?}");
        let loaded = &all.records[&record().address];
        assert_eq!(loaded.generations[0].created_at.to_string(), "2026-11-21T09:00:00Z");
        assert_eq!((loaded.generations[0].number, &loaded.generations[1].scopes), (2, &record().generations[1].scopes));
        assert_eq!(&*all.files[0].0, "ledger/shop/one.yaml");
        assert!(all.files[0].1.starts_with(b"# written by keywright"));
    }

    #[test]
    fn saving_the_same_again_writes_nothing() {
        let root = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::new(root.path());
        assert!(ledger.save(&record()).expect("saved"));
        assert!(!ledger.save(&record()).expect("saved"));
        let mut other_order = record();
        other_order.generations.reverse();
        assert!(!ledger.save(&other_order).expect("saved"));
        other_order.protect = true;
        assert!(ledger.save(&other_order).expect("saved"));
        ledger.remove(&record().address).expect("removed");
        ledger.remove(&record().address).expect("removed already");
        assert!(!ledger.path(&record().address).exists());
    }

    #[test]
    fn paths_follow_from_the_address() {
        let ledger = Ledger::new(Path::new("/w"));
        assert_eq!(ledger.path(&record().address), Path::new("/w/ledger/shop/one.yaml"));
        assert_eq!(ledger.secret_path(&record().address), Path::new("/w/secrets/shop/one.age"));
    }
}
