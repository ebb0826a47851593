//! What a key gains beside its scopes: a longer life, readers, places, options, and the risk of each.
use std::fmt::Write as _;

use super::super::palette::Ink;
use super::super::table::pad;
use super::super::weighed::{lives, pending};
use super::{Entry, PLACE, arrow, field, issues, shouted};
use crate::model::Risk;
use crate::model::text_safety::safe;
use crate::plan::{Action, PROTECTION, PendingAccess};

impl Entry<'_> {
    /// Where a new secret goes, who gets it, and what else gives more than scopes.
    pub fn secret(&self, out: &mut String) {
        if (issues(self.change.action) || self.change.action == Action::Reseal) && !self.notes_on("secret ") {
            field(out, "secret", &format!("-> secrets/{}.age", self.change.address));
        }
        let before = |is: &dyn Fn(&PendingAccess) -> bool| {
            if pending(self.change).is_some_and(is) { "; already pending" } else { "" }
        };
        // Whoever holds the secret can do all that the key can.
        let all = self.risk(self.change.access.reaches());
        for key in &self.change.access.recipients_added {
            let pending = before(&|pending| pending.recipients_added.contains(key));
            let word = self.style.paint(Ink::Create, "+ reader");
            let _ = writeln!(out, "      {word}  {}  {all}  can open the secret{pending}", safe(key));
        }
        if let Some(life) = self.change.access.life {
            let pending = before(&|pending| pending.expiry_extended);
            field(out, "lives", &format!("{}  {all}  longer than the base declares{pending}", pad(&lives(life), PLACE - 18)));
        }
        if let Some(longer) = self.change.access.overlap {
            let text = arrow(&longer.before.to_string(), &longer.after.to_string());
            let pending = before(&|pending| pending.overlap);
            field(out, "overlap", &format!("{}  {all}  longer{pending}", pad(&text, PLACE - 18)));
        }
        for gain in &self.change.access.options_gained {
            let risk = self.risk(gain.risk);
            let value = gain.value.as_deref().map_or_else(|| "removed".to_owned(), |value| format!("gains {}", safe(value)));
            let text = pad(&format!("{}: {value}", safe(&gain.option)), PLACE - 18);
            let (why, pending) = (safe(&gain.why), before(&|pending| pending.options_gained.contains(gain)));
            field(out, "option", &format!("{text}  {risk}  {why}{pending}"));
        }
        if self.change.access.protection_removed {
            let high = self.risk(PROTECTION);
            let text = pad(&arrow("true", "false"), PLACE - 18);
            let pending = before(&|pending| pending.protection_removed);
            field(out, "protect", &format!("{text}  {high}  removed: it may be disabled or deleted from now on{pending}"));
        }
        for place in &self.change.access.deliveries_added {
            let pending = before(&|pending| pending.deliveries_added.contains(place));
            let word = self.style.paint(Ink::Create, "+ place");
            let _ = writeln!(out, "      {word}   {}  {all}  gets the secret{pending}", safe(place));
        }
        for key in &self.change.access.recipients_removed {
            let text = "can no longer open new secrets";
            let _ = writeln!(out, "      {}  {}  {text}", self.style.paint(Ink::Remove, "- reader"), safe(key));
        }
    }

    /// The risk of a longer life, before the word for it.
    pub fn longer_life(&self) -> String {
        let access = &self.change.access;
        if access.expiry_extended && access.life.is_none() { format!("{}  ", self.risk(access.reaches())) } else { String::new() }
    }

    /// That a new generation lives for longer than the one before, or than the base declares.
    pub fn lengthened(&self) -> String {
        let than = if self.change.before.is_some() { "longer than before" } else { "longer than the base declares" };
        match self.longer_life() {
            none if none.is_empty() => none,
            risk => format!("   {risk}{than}"),
        }
    }

    fn risk(&self, risk: Risk) -> String {
        self.style.paint(Ink::Risk(risk), shouted(risk))
    }
}
