//! At GitLab: one note that is edited where it stands.
use std::time::Duration;

use axum::http::Method;

use crate::faults::Fault;
use crate::gitlab::{BOT, GitLab, JOB, Note, READER, Route};
use crate::{Site, text};

const US: (u64, &str) = (77, "project_42_bot");

fn site() -> Site<GitLab> {
    let arguments = ["--gitlab", "acme/keys", "--merge-request", "3"];
    Site::start(GitLab::default(), BOT, "GITLAB_TOKEN", &arguments, "/api/v4")
}

impl Site<GitLab> {
    #[track_caller]
    fn shows(&self, notes: &[&str]) {
        self.there.with(|gitlab| assert_eq!(gitlab.notes.iter().map(|note| note.body.as_str()).collect::<Vec<_>>(), notes));
    }
}

#[test]
fn one_note_says_what_the_present_plan_is() {
    let site = site();
    let (first, second) = (text('a', "1 create"), text('b', "nothing changes"));
    assert_eq!(site.post(&first, 0, "").stdout, "acme/keys!3: comment created\n");
    assert_eq!(site.post(&first, 0, "").stdout, "acme/keys!3: comment unchanged\n");
    assert_eq!(site.post(&second, 0, "").stdout, "acme/keys!3: comment edited\n");
    site.shows(&[&second]);
    assert_eq!((site.there.count(Route::Create), site.there.count(Route::Edit)), (1, 1));
}

#[test]
fn the_ci_says_where_to() {
    let mut site = site();
    let api = site.arguments.pop().expect("the address");
    site.arguments.truncate(1);
    for (name, value) in [("GITLAB_CI", "true"), ("CI_PROJECT_ID", "42"), ("CI_MERGE_REQUEST_IID", "3"), ("CI_API_V4_URL", api.as_str())] {
        site.sandbox.environment.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(site.post(&text('a', "x"), 0, "").stdout, "42!3: comment created\n");
}

#[test]
fn what_somebody_else_wrote_is_not_taken_for_ours() {
    let site = site();
    let plan = text('a', "x");
    site.there.with(|gitlab| {
        gitlab.add((5, "ada"), &plan);
        gitlab.add((6, "project_42_bot2"), &plan);
        gitlab.add(US, "an unrelated note");
        gitlab.notes.push(Note { id: 9, author: US, body: plan.clone(), system: true });
    });
    site.post(&plan, 0, "comment created");
    assert_eq!(site.there.with(|gitlab| gitlab.notes.len()), 5);
    assert_eq!(site.post_with(&plan, &["--author", "ada"]).stdout, "acme/keys!3: comment unchanged\n");
    // Two of ours, from two runs at once: the older one says so.
    site.there.with(|gitlab| gitlab.add(US, &text('b', "y")));
    site.post(&plan, 0, "comment unchanged, 1 older one superseded");
    site.there.with(|gitlab| assert!(gitlab.notes[5].body.starts_with("_Superseded")));
}

#[test]
fn every_page_is_read_and_waited_for() {
    let site = site();
    let plan = text('a', "x");
    site.there.with(|gitlab| {
        (0..110).for_each(|_| gitlab.add((5, "ada"), "talk"));
        gitlab.add(US, &plan);
    });
    site.order(Fault::Throttle(Duration::from_secs(9)), Method::GET, Route::List, 1);
    let ran = site.post(&plan, 0, "unchanged");
    assert!(ran.stderr.contains("waiting 9 seconds"), "{}", ran.stderr);
    assert_eq!(site.there.with(|gitlab| gitlab.pages), 3);
    site.order(Fault::ErrorBefore, Method::GET, Route::List, 4);
    site.post(&text('b', "y"), 1, "comment/unanswered");
    assert_eq!(site.there.count(Route::Edit), 0, "what was read in part decides nothing");
}

#[test]
fn a_create_that_may_have_acted_is_not_repeated_blindly() {
    for fault in [Fault::ErrorAfter, Fault::ResetAfter, Fault::Gateway(504), Fault::Html, Fault::NoContent] {
        let site = site();
        let plan = text('a', "x");
        site.order(fault, Method::POST, Route::Create, 1);
        site.post(&plan, 0, "comment created");
        site.shows(&[&plan]);
        assert_eq!(site.there.count(Route::Create), 1, "{fault:?}");
    }
}

#[test]
fn what_gitlab_refuses_is_told() {
    let plan = text('a', "x");
    let site = site();
    site.order(Fault::Redirect(302), Method::GET, Route::User, 1);
    site.post(&plan, 1, "redirects are not followed");
    assert_eq!(site.there.count(Route::Unknown), 0, "nobody went there");
    site.order(Fault::Echo(422), Method::POST, Route::Create, 1);
    site.post(&plan, 1, "comment/refused");
    let site = site.with_token("GITLAB_TOKEN", JOB);
    site.post(&plan, 1, "401 Unauthorized");
    let mut site = site.with_token("GITLAB_TOKEN", READER);
    site.post(&plan, 1, "insufficient_scope");
    for project in ["acme", "..", "../x", "acme/..", ""] {
        site.arguments[2] = project.to_owned();
        site.post(&plan, 1, "is neither the number of a project");
    }
    site.arguments[2] = "acme/other".to_owned();
    site.post(&plan, 1, "404 Project Not Found");
}

#[test]
fn no_quick_action_is_carried_out() {
    let site = site();
    for action in ["/approve", "/merge", "\t/label ~safe", "  /assign @mallory"] {
        site.post(&format!("{}{action}\n", text('a', "x")), 1, "comment/body");
    }
    site.post(&text('a', "a /b/c"), 0, "created");
    assert_eq!(site.there.with(|gitlab| gitlab.actions.clone()), Vec::<String>::new());
}
