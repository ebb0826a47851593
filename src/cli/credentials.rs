//! Reads credentials and identities from where they are referred to.
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::exit::{Exit, Stop};
use super::host::Host;
use super::session::{Purpose, Session, records_of};
use crate::apply::observe;
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::files;
use crate::model::{Address, Listing, Name};
use crate::provider::{Provider, ProviderError};
use crate::vault::Identities;
use crate::workspace::{Account, CredentialRef};

/// Longest credential, in bytes.
const CREDENTIAL_LIMIT: usize = 1 << 20;
/// Longest credential, identity or saved plan that is read.
const INPUT_LIMIT: u64 = 64 << 20;

impl Session<'_> {
    /// Variables that hold admin credentials, and those of deliveries: no other program needs them.
    pub fn credential_variables(&self) -> Vec<String> {
        let accounts = self.workspace.accounts.values();
        let deliveries = self.workspace.deliveries.values().filter_map(|delivery| delivery.credential.as_ref());
        let references = accounts.flat_map(|account| account.credential.iter().chain(&account.plan_credential)).chain(deliveries);
        references
            .filter_map(|reference| match reference {
                CredentialRef::Env(name) => Some(name.clone()),
                CredentialRef::File(_) | CredentialRef::Command(_) => None,
            })
            .collect()
    }

    /// An account whose credential for plans is not there.
    pub(super) fn lacks_credential(&self, only: &BTreeSet<Address>) -> Option<(&Name, String)> {
        let trusted = |name: &&Name| !self.workspace.untrusted.accounts.contains(*name);
        self.chosen(only).filter(trusted).find_map(|name| {
            let account = &self.workspace.accounts[name];
            match reference(account, Purpose::Plan)? {
                CredentialRef::Env(variable) if self.host.variable(variable).is_none() => {
                    Some((name, format!("the variable `{variable}` is not set")))
                }
                CredentialRef::File(path) if !self.workspace.root.join(path).exists() => {
                    Some((name, format!("`{}` is not there", path.display())))
                }
                CredentialRef::Env(_) | CredentialRef::File(_) | CredentialRef::Command(_) => None,
            }
        })
    }

    /// What an account holds. Where it cannot be listed since its credential is refused, that says which one that is.
    pub(super) async fn listing(&self, name: &Name, provider: &dyn Provider, purpose: Purpose) -> Listing {
        let account = &self.workspace.accounts[name];
        let records = records_of(&self.records, name);
        match observe::observe(provider, &account.profile.capabilities, &records, self.host.clock().now()).await {
            Ok(snapshot) => Listing::Complete(snapshot),
            Err(error @ ProviderError::Unauthenticated(_)) => {
                let origin = reference(account, purpose).map(|reference| format!("; it comes from {}", describe(reference)));
                Listing::Unavailable(format!("{error}{}", origin.unwrap_or_default()))
            }
            Err(error) => Listing::Unavailable(error.to_string()),
        }
    }

    /// The credential that an account's reference names; never empty.
    pub(super) fn credential(&self, account: &Name, reference: &CredentialRef) -> Result<Zeroizing<String>, Box<Diagnostic>> {
        self.credential_of(&format!("account `{account}`"), reference)
    }

    /// The credential of an account that is not in use, where it is at hand: its key is ours, too. No command is run for it.
    pub(super) fn other_credential(&self, account: &Account, purpose: Purpose) -> Option<Zeroizing<String>> {
        let other = match purpose {
            Purpose::Plan => account.plan_credential.as_ref().and(account.credential.as_ref()),
            Purpose::Apply => account.plan_credential.as_ref(),
        };
        match other? {
            CredentialRef::Command(_) => None,
            reference @ (CredentialRef::Env(_) | CredentialRef::File(_)) => self.credential(&account.name, reference).ok(),
        }
    }

    /// The same for whoever it is.
    pub(super) fn credential_of(&self, whose: &str, reference: &CredentialRef) -> Result<Zeroizing<String>, Box<Diagnostic>> {
        let missing = |why: String| {
            let message = format!("the credential of {whose} is not there: {why}");
            Box::new(Diagnostic::error(Code::CredentialMissing, message).help(format!("provide {}", describe(reference))))
        };
        if (self.host.is_pull_request() || self.base.is_some()) && may_be_brought_along(reference) {
            let message =
                format!("the credential of {whose} is not used for a change under review: it could bring along {}", describe(reference));
            let help = "use `env`, or a file by its absolute path, for the plans of pull requests (`plan_credential`)";
            return Err(Box::new(Diagnostic::error(Code::TrustCredential, message).help(help)));
        }
        let text = match reference {
            CredentialRef::Env(name) => self
                .host
                .variable(name)
                .map(Zeroizing::new)
                .ok_or_else(|| missing(format!("the variable `{name}` is not set, or empty")))?,
            CredentialRef::File(path) => text_of(&self.workspace.root.join(path)).map_err(missing)?,
            CredentialRef::Command(words) => output_of(&self.workspace.root, words).map_err(missing)?,
        };
        if text.trim().is_empty() { Err(missing("it is empty".to_owned())) } else { Ok(text) }
    }
}

/// Reads identity files for `-i`.
pub fn identities(host: &Host, files: &[PathBuf]) -> Result<Option<Identities>, Stop> {
    let mut all: Option<Identities> = None;
    for file in files {
        let bytes = Zeroizing::new(files::read_through_links(file, INPUT_LIMIT)?);
        let mut ask = || host.passphrase(&format!("passphrase of {}", file.display()));
        let read = Identities::unlock(&bytes, &file.display().to_string(), &mut ask).map_err(|problem| {
            let mut diagnostic = Diagnostic::new(Code::CredentialInvalid, Severity::Error, problem.to_string());
            diagnostic.help = Some(problem.help().to_owned());
            Stop::with(Exit::Error, diagnostic)
        })?;
        match &mut all {
            None => all = Some(read),
            Some(all) => all.extend(read),
        }
    }
    Ok(all)
}

/// Which credential of an account is used.
pub(super) fn reference(account: &Account, purpose: Purpose) -> Option<&CredentialRef> {
    match purpose {
        Purpose::Plan => account.plan_credential.as_ref().or(account.credential.as_ref()),
        Purpose::Apply => account.credential.as_ref(),
    }
}

/// Where a credential comes from, in words.
pub(super) fn describe(reference: &CredentialRef) -> String {
    match reference {
        CredentialRef::Env(name) => format!("the variable `{name}`"),
        CredentialRef::File(path) => format!("the file `{}`", path.display()),
        CredentialRef::Command(words) => format!("the command `{}`", words.first().map_or("", String::as_str)),
    }
}

/// Whether the working tree, which holds a change that nobody has approved, could decide what is read or run.
fn may_be_brought_along(reference: &CredentialRef) -> bool {
    match reference {
        CredentialRef::Env(_) => false,
        CredentialRef::File(path) => !path.is_absolute(),
        CredentialRef::Command(_) => true,
    }
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = files::read_through_links(path, CREDENTIAL_LIMIT as u64).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|_| format!("`{}` is not UTF-8", path.display()))
}

fn output_of(root: &Path, words: &[String]) -> Result<Zeroizing<String>, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let failed = |error: io::Error| format!("`{program}` cannot be run: {error}");
    let mut child = command.spawn().map_err(failed)?;
    // With room for all of it: what grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(CREDENTIAL_LIMIT + 1));
    let read = child.stdout.take().map_or(Ok(0), |output| output.take(CREDENTIAL_LIMIT as u64 + 1).read_to_end(&mut bytes));
    if read.is_err() || bytes.len() > CREDENTIAL_LIMIT {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    read.map_err(failed)?;
    if bytes.len() > CREDENTIAL_LIMIT {
        return Err(format!("`{program}` printed more than {CREDENTIAL_LIMIT} bytes"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| format!("`{program}` did not print UTF-8"))?;
    if status.success() { Ok(Zeroizing::new(text.to_owned())) } else { Err(format!("`{program}` failed with {status}")) }
}
