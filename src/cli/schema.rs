//! `schema`: a JSON Schema, generated from the very types that parse.
use super::args::SchemaArgs;
use super::exit::{Exit, Stop};
use super::print;
use crate::diagnostics::suggest;
use crate::render;

/// Every schema by its name.
const NAMES: [&str; 5] = ["config", "manifest", "profile", "plan", "ledger"];

pub fn run(args: &SchemaArgs) -> Result<Exit, Stop> {
    let schema = render::schema(&args.name).ok_or_else(|| {
        let hint = suggest::did_you_mean(&args.name, NAMES).unwrap_or_else(|| format!("there are {}", NAMES.join(", ")));
        Stop::message(format!("there is no schema `{}`; {hint}", args.name.escape_debug()))
    })?;
    print(schema)?;
    Ok(Exit::Done)
}
