//! At GitHub: plans before the present one are minimised.
use std::time::Duration;

use axum::http::Method;

use crate::faults::Fault;
use crate::front::Incoming;
use crate::github::{ACTIONS, ADA, GitHub, Limit, READER, Route};
use crate::{Site, text};

const US: (&str, &str) = ("Bot", "github-actions");

fn site() -> Site<GitHub> {
    let arguments = ["--github", "acme/keys", "--pull-request", "7"];
    Site::start(GitHub::default(), ACTIONS, "GITHUB_TOKEN", &arguments, "")
}

impl Site<GitHub> {
    /// Texts in sight, and how many are minimised.
    #[track_caller]
    fn shows(&self, open: &[&str], minimised: usize) {
        self.there.with(|github| {
            assert_eq!(github.open(), open);
            let hidden: Vec<_> = github.comments.iter().filter_map(|comment| comment.minimised.as_deref()).collect();
            assert_eq!(hidden, vec!["OUTDATED"; minimised]);
        });
    }
}

#[test]
fn one_comment_says_what_the_present_plan_is() {
    let site = site();
    let (first, again, second) = (text('a', "1 create"), text('a', "1 create, later"), text('b', "nothing changes"));
    assert_eq!(site.post(&first, 0, "").stdout, "acme/keys#7: comment created\n");
    assert_eq!(site.post(&first, 0, "").stdout, "acme/keys#7: comment unchanged\n");
    site.shows(&[&first], 0);
    // The same plan at another time is edited where it stands.
    assert_eq!(site.post(&again, 0, "").stdout, "acme/keys#7: comment edited\n");
    site.shows(&[&again], 0);
    // Another plan is a new comment, below which nobody has to search.
    assert_eq!(site.post(&second, 0, "").stdout, "acme/keys#7: comment created, 1 older one minimised\n");
    site.shows(&[&second], 1);
    // Back to the first plan: what is minimised stays so.
    site.post(&first, 0, "created, 1 older one minimised");
    site.shows(&[&first], 2);
    let count = |route| site.there.count(route);
    assert_eq!((count(Route::Create), count(Route::Edit), count(Route::Minimise), count(Route::User)), (3, 1, 2, 0));
}

#[test]
fn what_plan_writes_is_taken_from_a_file() {
    let site = site();
    site.sandbox.write("keywright.yaml", "version: 1\naccounts:\n  shop: { provider: keyring }\nrecipients: { ops: [age17f9yaa00npfgwl572y7jc8rfjy09rraahafem4znerfw9qu8cdrsjeqh70] }\ndefaults: { recipients: [ops], lifetime: 90d }\n");
    site.sandbox.write("keys/shop.yaml", "account: shop\nkeys:\n  web: { owner: \"@acme/shop\", purpose: x, scopes: [\"orders:read\"] }\n");
    let planned = site.sandbox.run(&["plan", "--offline", "-o", "markdown=plan.md"]);
    assert!([0, 4].contains(&planned.exit), "{}", planned.stderr);
    let arguments: Vec<&str> = site.arguments.iter().map(String::as_str).chain(["plan.md"]).collect();
    for done in ["created", "unchanged"] {
        assert_eq!(site.sandbox.run(&arguments).stdout, format!("acme/keys#7: comment {done}\n"));
    }
    site.shows(&[&site.sandbox.read("plan.md")], 0);
    // What leads out of an artifact is not followed.
    std::os::unix::fs::symlink("plan.md", site.sandbox.path("link.md")).expect("a link");
    let arguments: Vec<&str> = site.arguments.iter().map(String::as_str).chain(["link.md"]).collect();
    let ran = site.sandbox.run(&arguments);
    assert!(ran.exit == 1 && ran.stderr.contains("not a regular file"), "{}", ran.stderr);
}

#[test]
fn what_somebody_else_wrote_is_not_taken_for_ours() {
    let site = site();
    let (ours, plan) = (text('a', "old"), text('b', "new"));
    site.there.with(|github| {
        // A forged marker, by a person, by a person of the bot's name, by another bot, and by an account that is gone.
        for author in [("User", "mallory"), ("User", "github-actions"), ("Bot", "mallory"), ("User", "")] {
            github.add(author, &plan);
        }
        github.add(US, "an unrelated comment of another workflow");
        github.add(US, &format!("> quoted\n{plan}"));
        github.add(US, &plan.replace("\".\"", "\"other\""));
        github.add(US, &ours);
    });
    let before = site.there.with(|github| github.comments.clone());
    site.post(&plan, 0, "comment created, 1 older one minimised");
    site.there.with(|github| {
        assert_eq!(github.comments[..7], before[..7]);
        assert_eq!(github.comments.len(), 9);
        assert!(github.comments[7].minimised.is_some());
    });
    // A comment of ours that a person minimised stays minimised, and says nothing to anybody.
    site.there.with(|github| github.comments[8].minimised = Some("RESOLVED".to_owned()));
    site.post(&plan, 0, "comment created\n");
}

#[test]
fn every_page_is_read() {
    let site = site();
    let plan = text('a', "x");
    site.there.with(|github| {
        (0..120).for_each(|_| github.add(("User", "ada"), "talk"));
        github.add(US, &plan);
        (0..60).for_each(|_| github.add(("User", "ada"), "more talk"));
    });
    site.post(&plan, 0, "unchanged");
    assert_eq!(site.there.with(|github| github.pages), 4);
    // A page that is missing is not taken for the end.
    for fault in [Fault::ErrorBefore, Fault::TruncatedJson, Fault::Html, Fault::ResetBefore] {
        site.order(fault, Method::POST, Route::Look, 4);
        site.post(&text('b', "y"), 1, "comment/unanswered");
    }
    assert_eq!(site.there.count(Route::Create), 0);
}

#[test]
fn a_create_that_may_have_acted_is_not_repeated_blindly() {
    for fault in [Fault::ErrorAfter, Fault::ResetAfter, Fault::Gateway(502), Fault::Html, Fault::TruncatedJson, Fault::NoContent] {
        let site = site();
        let (old, plan) = (text('a', "x"), text('b', "y"));
        site.there.with(|github| github.add(US, &old));
        site.order(fault, Method::POST, Route::Create, 1);
        site.post(&plan, 0, "comment created, 1 older one minimised");
        site.shows(&[&plan], 1);
        assert_eq!(site.there.count(Route::Create), 1, "{fault:?}");
    }
    let site = site();
    let plan = text('a', "x");
    // Nothing happened, twice: it is sent again, after a look; and a last look finds whether another run created one as well.
    site.order(Fault::ErrorBefore, Method::POST, Route::Create, 2);
    site.post(&plan, 0, "comment created");
    assert_eq!((site.there.count(Route::Create), site.there.count(Route::Look)), (3, 4));
    site.there.with(|github| github.comments.clear());
    site.order(Fault::ErrorBefore, Method::POST, Route::Create, 9);
    site.post(&plan, 1, "comment/unanswered");
    assert_eq!(site.there.count(Route::Create), 6);
}

#[test]
fn reads_and_repeatable_writes_are_sent_again() {
    let site = site();
    let (plan, later, next) = (text('a', "x"), text('a', "y"), text('b', "z"));
    site.order(Fault::ErrorBefore, Method::POST, Route::Look, 1);
    site.order(Fault::ResetAfter, Method::POST, Route::Look, 1);
    site.post(&plan, 0, "created");
    site.order(Fault::ResetAfter, Method::POST, Route::Edit, 1);
    site.post(&later, 0, "edited");
    site.order(Fault::ErrorAfter, Method::POST, Route::Minimise, 2);
    site.post(&next, 0, "created, 1 older one minimised");
    site.shows(&[&next], 1);
}

#[test]
fn rate_limits_are_waited_for() {
    let site = site();
    for (limit, seconds) in [(Limit::Primary, 41), (Limit::Secondary, 30), (Limit::SecondaryUnsaid, 60)] {
        site.there.with(|github| github.limits = vec![limit]);
        let plan = text('a', &format!("{limit:?}"));
        let ran = site.post(&plan, 0, "comment ");
        // The clocks of both may differ by a second or two.
        let waited = (seconds - 3..=seconds + 3).any(|seconds| ran.stderr.contains(&format!("waiting {seconds} seconds")));
        assert!(waited, "{limit:?}: {}", ran.stderr);
    }
    site.order(Fault::Throttle(Duration::from_secs(7)), Method::POST, Route::Create, 2);
    let ran = site.post(&text('b', "y"), 0, "created, 1 older one minimised");
    assert!(ran.stderr.matches("waiting 7 seconds").count() == 2, "{}", ran.stderr);
    assert!(site.post_with(&text('b', "y"), &["--quiet"]).stderr.is_empty());
    // An hour is too long, and so is a limit without end.
    site.order(Fault::Throttle(Duration::from_secs(3600)), Method::POST, Route::Look, 1);
    site.post(&text('b', "y"), 1, "comment/unanswered");
    site.there.with(|github| github.limits = vec![Limit::Secondary; 20]);
    site.post(&text('b', "y"), 1, "secondary rate limit");
}

#[test]
fn what_github_refuses_is_told_and_nothing_else_is_tried() {
    let plan = text('a', "x");
    let site = site();
    let redirect = |status| site.order(Fault::Redirect(status), Method::POST, Route::Look, 1);
    for status in [301, 302, 307, 308] {
        redirect(status);
        site.post(&plan, 1, "redirects are not followed");
    }
    assert_eq!(site.there.count(Route::Unknown), 0, "nobody went there");
    site.order(Fault::Echo(400), Method::POST, Route::Create, 1);
    site.post(&plan, 1, "comment/refused");
    let bad = site.with_token("GITHUB_TOKEN", "ghp_unknown_token_0123456789");
    bad.post(&plan, 1, "the token was refused: status 401: Bad credentials");
    let reader = bad.with_token("GITHUB_TOKEN", READER);
    reader.post(&plan, 1, "Resource not accessible by personal access token");
    reader.post(&plan, 1, "pull-requests: write");
    let mut elsewhere = reader.with_token("GITHUB_TOKEN", ADA);
    elsewhere.arguments[4] = "8".to_owned();
    elsewhere.post(&plan, 1, "not found, or the token cannot see it");
    // What was echoed had acted; nothing after it did.
    assert_eq!((elsewhere.there.with(|github| github.comments.len()), elsewhere.there.count(Route::Create)), (1, 3));
}

#[test]
fn an_older_comment_that_cannot_be_minimised_is_told() {
    let site = site();
    site.post(&text('a', "x"), 0, "created");
    site.there.with(|github| github.stubborn = true);
    let ran = site.post(&text('b', "y"), 4, "comment/stale");
    assert_eq!(ran.stdout, "acme/keys#7: comment created\n", "it is in place");
    site.there.with(|github| github.stubborn = false);
    site.post(&text('b', "y"), 0, "comment unchanged, 1 older one minimised");
}

#[test]
fn a_comment_that_is_deleted_meanwhile_is_written_anew() {
    let site = site();
    site.post(&text('a', "x"), 0, "created");
    site.there.with(|github| github.vanishing = true);
    let plan = text('a', "y");
    site.post(&plan, 0, "created");
    site.shows(&[&plan], 0);
}

#[test]
fn ours_are_those_of_the_tokens_own_user_or_of_author() {
    let site = site().with_token("GITHUB_TOKEN", ADA);
    let plan = text('a', "x");
    site.there.with(|github| github.add(US, &plan));
    site.post(&plan, 0, "created");
    let ran = site.post_with(&text('a', "y"), &["--author", "github-actions[bot]"]);
    assert!(ran.exit == 1 && ran.stderr.contains("may not do this"), "it took the other one: {}", ran.stderr);
    assert_eq!(site.post_with(&plan, &["--author", "ADA"]).stdout, "acme/keys#7: comment unchanged\n");
}

#[test]
fn what_is_not_ours_to_post_is_refused_before_anything_is_sent() {
    let site = site();
    let plan = text('a', "x");
    for bad in [
        "## Keys\n".to_owned(),
        format!("\n{plan}"),
        format!("{plan}\u{1b}]0;title\u{7}"),
        format!("{plan}a\u{202e}b"),
        format!("{plan}/approve\n"),
        format!("{plan}{}", "x".repeat(60_000)),
        format!("{plan}{}", "x".repeat(1 << 20)),
    ] {
        site.post(&bad, 1, "comment/body");
    }
    let missing = site.sandbox.run(&site.arguments.iter().map(String::as_str).chain(["nowhere.md"]).collect::<Vec<_>>());
    assert!(missing.exit == 1 && missing.stderr.contains("cannot read nowhere.md"), "{}", missing.stderr);
    let site = site.with_token("GITHUB_TOKEN", "two words");
    site.post(&plan, 1, "comment/token");
    let mut site = site;
    site.sandbox.environment.clear();
    site.token = "never";
    site.post(&plan, 1, "comment/token");
    assert_eq!(site.there.requests(), []);
    // Another variable, and an address that would send the token over the open network.
    site.sandbox.environment.insert("POSTER".to_owned(), ADA.to_owned());
    assert_eq!(site.post_with(&plan, &["--token-env", "POSTER"]).exit, 0);
    for api in ["http://api.github.example", "https://user:pass@api.github.example", "ftp://x", "nonsense"] {
        let last = site.arguments.len() - 1;
        site.arguments[last] = api.to_owned();
        assert_eq!(site.post_with(&plan, &["--token-env", "POSTER"]).exit, 1, "{api}");
    }
}

#[test]
fn the_emulator_refuses_what_github_refuses() {
    use crate::answer::Content;
    use crate::front::{Outcome, Vendor};
    use axum::http::{HeaderMap, StatusCode};
    let mut github = GitHub::default();
    let mut ask = |method: Method, path: &str, headers: &[(&'static str, &str)], body: &str| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header"));
        }
        let request = Incoming { method, path: path.to_owned(), query: None, headers: map, body: body.to_owned().into() };
        let route = github.route(&request);
        let Outcome::Reply(reply) = github.answer(route, &request, jiff::Timestamp::UNIX_EPOCH) else { panic!("it forwards nothing") };
        let Content::Json(json) = reply.content else { panic!("it answers JSON") };
        (reply.status, json.to_string())
    };
    let bearer = format!("Bearer {ACTIONS}");
    let agent = ("user-agent", "tests");
    let authorized = ("authorization", bearer.as_str());
    let json = ("content-type", "application/json");
    let create = |body: &str| {
        serde_json::json!({"query": "mutation { addComment(", "variables": {"subject": "PR_kwDOExample7", "body": body}}).to_string()
    };
    assert_eq!(ask(Method::POST, "/graphql", &[authorized, json], &create("x")).0, StatusCode::FORBIDDEN, "no user agent");
    assert_eq!(ask(Method::POST, "/graphql", &[agent, json], &create("x")).0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(Method::POST, "/graphql", &[agent, authorized], &create("x")).0, StatusCode::BAD_REQUEST, "no content type");
    let user = ask(Method::GET, "/user", &[agent, authorized], "");
    assert!(user.0 == StatusCode::FORBIDDEN && user.1.contains("Resource not accessible by integration"));
    assert!(ask(Method::POST, "/graphql", &[agent, authorized, json], &create(&"x".repeat(65_537))).1.contains("too long"));
    assert!(ask(Method::POST, "/graphql", &[agent, authorized, json], &create(" ")).1.contains("blank"));
    assert!(ask(Method::POST, "/graphql", &[agent, authorized, json], &create("x")).1.contains("IC_kwDO"));
}
