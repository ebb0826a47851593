//! The vendors of a story, and the people who work in their web pages. Knows no command of ours.
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::emulator::{self, Emulator};
use crate::finance::{self, Finance, nango};
use crate::sandbox::{Ran, Sandbox};

/// The emulators that a story has started.
#[derive(Default)]
pub struct Vendors {
    payconex: Option<Emulator>,
    finance: Option<Finance>,
    /// The token that somebody pasted into Payvy's settings.
    pasted: Option<String>,
}

impl Vendors {
    /// Starts one, puts the credentials into the environment, and returns what stories call the addresses.
    pub fn start(&mut self, name: &str, sandbox: &mut Sandbox) -> Result<Vec<(&'static str, String)>, String> {
        let failed = |error: std::io::Error| error.to_string();
        match name {
            "payconex" => {
                let emulator = Emulator::start_in_thread(emulator::Config::default()).map_err(failed)?;
                sandbox.environment.insert("PAYCONEX_ADMIN_KEY".to_owned(), emulator.admin_credential_json());
                let url = emulator.url();
                self.payconex = Some(emulator);
                Ok(vec![("<endpoint>", url)])
            }
            "finance" => {
                let finance = Finance::start_in_thread(finance::Config::default()).map_err(failed)?;
                sandbox.environment.insert("NANGO_SECRET_KEY".to_owned(), nango::EXAMPLE_KEY.to_owned());
                let urls = vec![("<brex>", finance.brex.url()), ("<brynq>", finance.brynq.url()), ("<nango>", finance.nango.url())];
                self.finance = Some(finance);
                if let Some(now) = &sandbox.now {
                    self.set_clock(now)?;
                }
                Ok(urls)
            }
            other => Err(format!("there is no emulator `{other}`")),
        }
    }

    /// Lets the vendors that a story has have this time.
    pub fn set_clock(&self, now: &str) -> Result<(), String> {
        let now: Timestamp = now.parse().map_err(|error| format!("{now}: {error}"))?;
        if let Some(finance) = &self.finance {
            finance.set_clock_offset(now.duration_since(Timestamp::now()));
        }
        Ok(())
    }

    /// Every token that a person has made. None may be seen but by who opens a secret.
    pub fn tokens(&self) -> Vec<String> {
        self.finance.iter().flat_map(|finance| finance.brex.tokens()).map(|token| token.value).collect()
    }

    /// What the vendors hold, a line each.
    pub fn held(&self) -> Result<String, String> {
        match (&self.payconex, &self.finance) {
            (None, None) => Err("no emulator was started".to_owned()),
            (payconex, finance) => {
                Ok(payconex.iter().map(at_payconex).chain(finance.iter().map(|finance| self.at_finance(finance))).collect())
            }
        }
    }

    /// What a person does in a web page, or a vendor by itself; `None`: there is no such program.
    pub fn act(&mut self, program: &str, arguments: &[String], input: Option<&str>) -> Option<Result<Ran, String>> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let finance = self.finance.as_ref()?;
        let said = match (program, words.as_slice()) {
            ("brex", ["create-token", name, scopes @ ..]) => Ok(finance.brex.create_token(name, scopes.iter().copied())),
            ("brex", ["revoke", name]) => {
                let found = finance.brex.tokens().into_iter().find(|token| token.name == *name);
                found.map_or_else(
                    || Err(format!("Brex has no token `{name}`")),
                    |token| {
                        finance.brex.revoke(&token.value);
                        Ok("revoked\n".to_owned())
                    },
                )
            }
            ("payvy", ["paste"]) => {
                self.pasted = input.map(|input| input.trim().to_owned());
                Ok("saved\n".to_owned())
            }
            ("payvy", ["sync"]) => Ok(sync(finance, self.pasted.as_deref().unwrap_or_default())),
            ("brex" | "payvy", _) => Err(format!("nobody can do `{}` at `{program}`", words.join(" "))),
            _ => return None,
        };
        Some(said.map(|stdout| Ran { line: program.to_owned(), exit: 0, stdout, stderr: String::new() }))
    }

    fn at_finance(&self, finance: &Finance) -> String {
        let mut text = String::new();
        for token in finance.brex.tokens() {
            let state = if token.revoked { "revoked" } else { "works" };
            let asked = token.scopes.iter().map(String::as_str).filter(|scope| !["openid", "offline_access"].contains(scope));
            let _ = writeln!(text, "brex   {}, `{}`, {}: {state}", token.value, token.name, asked.collect::<Vec<_>>().join(" "));
        }
        finance.nango.with(|nango| {
            for connection in &nango.connections {
                let held = connection.credentials["apiKey"].as_str().unwrap_or_default();
                let _ = writeln!(text, "nango  {held} in `{}`, {}", connection.connection_id, connection.metadata);
            }
        });
        if let Some(held) = &self.pasted {
            let _ = writeln!(text, "payvy  {held}");
        }
        text
    }
}

/// What PayConex holds beside the administrator's key, oldest first.
fn at_payconex(emulator: &Emulator) -> String {
    let mut keys = emulator.keys();
    keys.retain(|key| key.id != emulator.admin_id());
    keys.sort_by(|one, other| (one.created, &one.label).cmp(&(other.created, &other.label)));
    keys.iter().fold(String::new(), |mut text, key| {
        let state = if key.enabled { "enabled " } else { "disabled" };
        let end = key.expires.map_or_else(|| "never".to_owned(), |end| end.strftime("%F").to_string());
        let _ = writeln!(text, "{state} {} {} until {end}", key.label, key.scopes.join(","));
        text
    })
}

/// Payvy reads what it shows, with the token that was pasted.
fn sync(finance: &Finance, token: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client without special wishes");
    ["vendors", "transfers"].iter().fold(String::new(), |mut text, what| {
        let request = client.get(format!("{}/v1/{what}", finance.brex.url())).bearer_auth(token);
        let answer = runtime.block_on(async { request.send().await?.text().await }).expect("Brex answers");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let _ = match answer["items"].as_array() {
            Some(items) => writeln!(text, "{what}: {} read", items.len()),
            None => writeln!(text, "{what}: {}", answer["message"].as_str().unwrap_or("no answer")),
        };
        text
    })
}
