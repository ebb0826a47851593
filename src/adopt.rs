//! Takes over keys that somebody else made: works out manifest entries and records that change nothing, and writes both or neither. Knows no
//! provider and no terminal.
mod entry;
mod insert;
mod name;
mod pending;
mod proposal;
mod unwritten;

pub use pending::{Adopted, PendingError, WriteBack, carry_out, finish, manifest_of, pending};
pub use proposal::{Adoptee, Proposal, Refused, Request, Unproposed, propose};
pub use unwritten::{Unwritten, unwritten, written_back};
