//! Decides which comment is ours and what becomes of it. Sends nothing.
use super::body::{Body, Mark};

/// A comment as a forge shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: String,
    pub body: String,
    pub author: Author,
    pub shown: Shown,
}

/// Whether it was written by whoever we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    Ourselves,
    Somebody,
}

/// Whether readers see it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Open,
    Minimised,
}

/// What a forge does with a comment whose plan is history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// It stays, minimised, below it the new one.
    Minimised,
    /// Its text is replaced.
    Overwritten,
}

/// What is done, first `write`, then the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub write: Write,
    /// Ids of comments of ours that must not be taken for the present one any more.
    pub retire: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    Create,
    Edit(String),
    /// The comment says it already.
    Nothing,
}

/// Decides, over all comments in their order.
///
/// Ours is what we wrote ourselves, is not minimised, and bears our marker for this workspace in its first line. The same digest is the same plan: its
/// comment is edited where it stands. Another digest is another plan: the comment of the one before is history.
pub fn decide(comments: &[Seen], body: &Body, history: History) -> Decision {
    let ours = ours(comments, body);
    let same_plan = ours.iter().rev().find(|(_, mark)| mark.digest == body.mark().digest);
    let kept = match history {
        History::Minimised => same_plan,
        History::Overwritten => same_plan.or(ours.last()),
    };
    let write = match kept {
        None => Write::Create,
        Some((comment, _)) if body.is(&comment.body) => Write::Nothing,
        Some((comment, _)) => Write::Edit(comment.id.clone()),
    };
    let rest = ours.iter().filter(|(comment, _)| kept.is_none_or(|(kept, _)| kept.id != comment.id));
    Decision { write, retire: rest.map(|(comment, _)| comment.id.clone()).collect() }
}

/// Ids of all comments of this plan but the oldest: two runs that know nothing of each other keep the same one.
pub fn twins(comments: &[Seen], body: &Body) -> Vec<String> {
    let same = ours(comments, body).into_iter().filter(|(_, mark)| mark.digest == body.mark().digest);
    same.skip(1).map(|(comment, _)| comment.id.clone()).collect()
}

fn ours<'c>(comments: &'c [Seen], body: &Body) -> Vec<(&'c Seen, Mark)> {
    let mark = |comment: &Seen| match (comment.author, comment.shown) {
        (Author::Ourselves, Shown::Open) => Mark::of(&comment.body).filter(|mark| mark.workspace == body.mark().workspace),
        (Author::Ourselves, Shown::Minimised) | (Author::Somebody, Shown::Open | Shown::Minimised) => None,
    };
    comments.iter().filter_map(|comment| Some((comment, mark(comment)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGESTS: [&str; 2] = ["a", "b"];

    fn text(workspace: &str, plan: usize, says: &str) -> String {
        let digest = DIGESTS[plan].repeat(64);
        format!("<!-- keywright:plan {{\"v\":1,\"workspace\":\"{workspace}\",\"digest\":\"sha256:{digest}\"}} -->\n{says}\n")
    }

    fn seen(id: &str, body: String) -> Seen {
        Seen { id: id.to_owned(), body, author: Author::Ourselves, shown: Shown::Open }
    }

    #[track_caller]
    fn decides(comments: &[Seen], history: History, write: Write, retire: &[&str]) {
        let body = Body::new(text("keys", 0, "now").as_bytes()).expect("a body");
        let retire = retire.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(decide(comments, &body, history), Decision { write, retire });
    }

    #[test]
    fn every_row() {
        use History::{Minimised, Overwritten};
        let (same, edited, other) = (text("keys", 0, "now"), text("keys", 0, "before"), text("keys", 1, "now"));
        let edit = |id: &str| Write::Edit(id.to_owned());
        for history in [Minimised, Overwritten] {
            decides(&[], history, Write::Create, &[]);
            decides(&[seen("1", same.clone())], history, Write::Nothing, &[]);
            decides(&[seen("1", edited.clone())], history, edit("1"), &[]);
            decides(&[seen("1", same.clone()), seen("2", other.clone())], history, Write::Nothing, &["2"]);
            decides(&[seen("1", edited.clone()), seen("2", same.clone())], history, Write::Nothing, &["1"]);
        }
        decides(&[seen("1", other.clone())], Minimised, Write::Create, &["1"]);
        decides(&[seen("1", other.clone())], Overwritten, edit("1"), &[]);
        decides(&[seen("1", other.clone()), seen("2", other)], Overwritten, edit("2"), &["1"]);
    }

    #[test]
    fn of_twins_the_oldest_stays() {
        let body = Body::new(text("keys", 0, "now").as_bytes()).expect("a body");
        let (same, other) = (text("keys", 0, "now"), text("keys", 1, "now"));
        let forged = Seen { author: Author::Somebody, ..seen("0", same.clone()) };
        let comments = [forged, seen("1", other), seen("2", same.clone()), seen("3", same.clone()), seen("4", same)];
        assert_eq!(twins(&comments, &body), ["3", "4"]);
        assert!(twins(&comments[..3], &body).is_empty());
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let same = text("keys", 0, "now");
        let forged = Seen { author: Author::Somebody, ..seen("1", same.clone()) };
        let hidden = Seen { shown: Shown::Minimised, ..seen("2", same.clone()) };
        let quoted = seen("3", format!("see\n{same}"));
        let elsewhere = seen("4", text("other", 0, "now"));
        let newer = seen("5", same.replace("\"v\":1", "\"v\":2"));
        for history in [History::Minimised, History::Overwritten] {
            decides(&[forged.clone(), hidden.clone(), quoted.clone(), elsewhere.clone(), newer.clone()], history, Write::Create, &[]);
        }
    }
}
