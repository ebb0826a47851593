//! The port to forges, where changes are reviewed: keeps one comment of ours there that says what the present plan is. Knows no plan.
pub mod body;
mod call;
pub mod decide;
pub mod github;
pub mod gitlab;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use zeroize::Zeroizing;

pub use body::{Body, BodyError};
use decide::{Decision, History, Seen, Write, decide};

/// How often a comment is created before it is given up.
const MOST_CREATES: u32 = 3;

/// Where the comment goes, and as whom.
pub struct Access<'a> {
    /// The address of the API: GraphQL at GitHub, version 4 at GitLab.
    pub url: &'a str,
    pub token: Zeroizing<String>,
    /// Whose comments are ours; absent: those of the token's own user.
    pub author: Option<&'a str>,
    pub patience: &'a dyn Patience,
}

/// The clock, and the time that passes between two tries.
#[async_trait(?Send)]
pub trait Patience {
    fn now(&self) -> Timestamp;
    async fn wait(&self, time: Duration, why: &str);
}

/// All comments of a change, oldest first.
pub struct Sight {
    /// What a new comment is attached to.
    pub subject: String,
    pub comments: Vec<Seen>,
}

/// One change under review at one forge.
#[async_trait(?Send)]
pub trait Forge {
    fn history(&self) -> History;
    /// Reads all comments, or fails.
    async fn look(&self) -> Result<Sight, ForgeError>;
    /// Sends a new comment once. `Unanswered`: it may be there.
    async fn create(&self, subject: &str, body: &Body) -> Result<(), ForgeError>;
    /// Replaces a text. Twice does what once does, as all below.
    async fn edit(&self, id: &str, body: &Body) -> Result<(), ForgeError>;
    /// Makes a comment of ours recognisable as history.
    async fn retire(&self, id: &str) -> Result<(), ForgeError>;
}

/// Why a forge did not do what it was asked. Holds no token, and of an answer one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    #[error("the token was refused: {0}")]
    Unauthenticated(String),
    #[error("the token may not do this: {0}")]
    Forbidden(String),
    #[error("not found, or the token cannot see it: {0}")]
    NotFound(String),
    #[error("refused: {0}")]
    Refused(String),
    #[error("throttled: {0}")]
    Throttled(String),
    /// Nothing was sent.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// No answer, or one that cannot be understood: it may have acted.
    #[error("no usable answer: {0}")]
    Unanswered(String),
    /// A fault of ours: nothing was sent.
    #[error("{0}")]
    Local(String),
}

/// What became of the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub written: Written,
    /// How many older ones were made recognisable as history.
    pub retired: usize,
    /// Why others could not be.
    pub left: Vec<ForgeError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Created,
    Edited,
    Unchanged,
}

/// Makes one comment of ours say what `body` says.
///
/// Expected flow: all comments are read; a comment of the same plan is edited, or left when it says the same; for another plan a new one is created where
/// the forge can minimise, and only then are the older ones minimised.
///
/// Guarantees: only comments of ours are touched, and what was read in part decides nothing. A create that may have acted is never sent again before the
/// comments were read again, so there are not two of one plan. At each instant a comment of ours is to be seen, once there was one.
///
/// Assumptions: none of other runs. Of two at once each may create one; each reads again after it has created, and both keep the older one.
///
/// Caveats: a forge that shows a comment later than it answers the next read could get a second one; the next run retires it.
///
/// Errors when the comment is not there, or it is unknown. That an older one could not be retired is no error but in [`Done::left`].
pub async fn upsert(forge: &dyn Forge, body: &Body, patience: &dyn Patience) -> Result<Done, ForgeError> {
    let mut creates = 0;
    let mut edits = 0;
    let (written, mut retire) = loop {
        let sight = forge.look().await?;
        let Decision { write, retire } = decide(&sight.comments, body, forge.history());
        match write {
            Write::Nothing => break (if creates > 0 { Written::Created } else { Written::Unchanged }, retire),
            Write::Edit(id) => match forge.edit(&id, body).await {
                Ok(()) => break (Written::Edited, retire),
                // Somebody deleted it meanwhile.
                Err(ForgeError::NotFound(_)) if edits == 0 => edits += 1,
                Err(error) => return Err(error),
            },
            Write::Create => {
                creates += 1;
                match forge.create(&sight.subject, body).await {
                    Ok(()) => break (Written::Created, retire),
                    Err(ForgeError::Unanswered(_)) if creates < MOST_CREATES => {
                        patience.wait(Duration::from_secs(2 << creates), "whether the comment was created is unknown").await;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    };
    if written == Written::Created {
        // Another run may have created one at the same time. That this cannot be looked up takes nothing away from what is there.
        let twins = forge.look().await.map(|sight| decide::twins(&sight.comments, body)).unwrap_or_default();
        retire.extend(twins.into_iter().filter(|twin| !retire.contains(twin)).collect::<Vec<_>>());
    }
    let mut done = Done { written, retired: 0, left: Vec::new() };
    for id in retire {
        match forge.retire(&id).await {
            Ok(()) => done.retired += 1,
            Err(error) => done.left.push(error),
        }
    }
    Ok(done)
}
