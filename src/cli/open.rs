//! `open`: decrypts a key's secret to standard output. Needs no valid manifest, so that it works in an emergency.
use super::args::OpenArgs;
use super::exit::{Exit, Stop};
use super::host::Host;
use super::{credentials, print, session};
use crate::diagnostics::{Code, Diagnostic};
use crate::files;
use crate::ledger::Ledger;
use crate::vault;

const SECRET_FILE_LIMIT: u64 = 1 << 20;

pub fn run(host: &Host, args: &OpenArgs) -> Result<Exit, Stop> {
    let path = Ledger::new(&session::find(host)?).secret_path(&args.address);
    let ciphertext = files::read(&path, SECRET_FILE_LIMIT).map_err(|error| {
        let missing = error.is_not_found();
        let diagnostic =
            Diagnostic::error(Code::LedgerSecretMissing, format!("`{}` has no secret that can be opened: {error}", args.address));
        Stop::with(Exit::Error, if missing { diagnostic.help("apply writes it when the key is created") } else { diagnostic })
    })?;
    let identities = credentials::identities(host, &args.identity)?.ok_or_else(|| Stop::message("name an identity file with `-i`"))?;
    let plaintext = vault::open::open(&ciphertext, &identities).map_err(|problem| {
        Stop::with(Exit::Error, Diagnostic::error(Code::CredentialInvalid, format!("`{}`: {problem}", path.display())))
    })?;
    match &args.part {
        None => print(&*plaintext)?,
        Some(name) => {
            let part = vault::format::part(&plaintext, name);
            print(part.map_err(|problem| Stop::message(format!("`{}`: {problem}", path.display())))?.as_bytes())?;
        }
    }
    Ok(Exit::Done)
}
