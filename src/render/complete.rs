//! Every format of one rich plan: a snapshot each, the facts that none may lack, and nothing hostile that comes alive.
use serde_json::Value;

use super::patch::samples::open_ended;
use super::*;
use crate::model::Risk;
use crate::plan::Plan;
use crate::plan::rich::{HOSTILE, many, plan, wide};

fn setting() -> Setting {
    Setting::new("infra/keys")
}

fn every(plan: &Plan) -> Vec<(&'static str, String)> {
    let setting = setting();
    vec![
        ("text", plan_text(plan, Style::PLAIN)),
        ("json", plan_json(plan)),
        ("markdown", plan_markdown(plan, &setting).expect("it fits")),
        ("html", plan_html(plan, &setting)),
        ("sarif", plan_sarif(plan, &setting)),
        ("github", plan_github(plan, &setting)),
        ("gitlab", plan_gitlab(plan)),
        ("codequality", plan_codequality(plan, &setting)),
    ]
}

#[test]
fn every_format_of_a_rich_plan() {
    for (format, text) in every(&plan()) {
        let text = match format {
            // Pages of codes have snapshots of their own.
            "sarif" => {
                let mut log: Value = serde_json::from_str(&text).expect("JSON");
                log["runs"][0]["tool"]["driver"]["rules"]
                    .as_array_mut()
                    .expect("rules")
                    .iter_mut()
                    .for_each(|rule| *rule = rule["id"].clone());
                json(&log)
            }
            "html" => text.replace("><", ">\n<"),
            _ => text,
        };
        insta::assert_snapshot!(format, text);
    }
}

/// Reads the words of a page or a comment as a person sees them.
fn visible(text: &str) -> String {
    let mut out = text.replace("&#8203;", "").replace('`', "").replace("<code>", "").replace("</code>", "").replace("**", "");
    for (entity, shown) in [
        ("&#58;", ":"),
        ("&#64;", "@"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#95;", "_"),
        ("&#40;", "("),
        ("&#41;", ")"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, shown);
    }
    out
}

/// What a reviewer must find, whatever is read: who gains and loses what, at which risk and why.
#[test]
fn no_format_for_people_lacks_a_fact() {
    let plan = plan();
    for (format, text) in every(&plan).into_iter().filter(|(format, _)| ["text", "markdown", "html"].contains(format)) {
        let text = visible(&text);
        let must = [
            ("a created key", "pay/card-updater"),
            ("its gain", "x:pay:read"),
            ("a new place", "vault"),
            ("a widened key", "pay/billing-webhooks"),
            ("how", "widened"),
            ("the wildcard", "x:hooks:*"),
            ("each scope it opens", "x:hooks:create"),
            ("why that matters", "can repoint events"),
            ("that it is open-ended", "open-ended"),
            ("a narrowed key", "pay/narrower"),
            ("a scope nobody knows", "not in the catalogue"),
            ("a replaced key", "pay/expense-sync"),
            ("a disabled key", "pay/old-reporting"),
            ("an endless key", "pay/forever"),
            ("a new reader", "age1newcomer"),
            ("a longer overlap", "overlap"),
            ("from when", "10d"),
            ("an option that confined", "pay/unconfined"),
            ("what it opens", "the key reaches more sub-accounts"),
            ("a key that was pending in part", "pay/half-pending"),
            ("a due rotation", "pay/ci-deploy"),
            ("what is due later", "pay/ci-metrics"),
            ("an attended key", "brex/finance"),
            ("its command", "keywright fulfil brex/finance"),
            ("drift", "pay/newsletter"),
            ("what it gives", "x:key:update"),
            ("an unmanaged key", "api_9"),
            ("an unused key", "pay/nobody"),
            ("a blocked key", "pay/stuck"),
            ("what it would gain", "blocked: +1"),
            ("an account unread", "page 2 failed"),
            ("a deferred key", "pay/later"),
            ("a guard", "max_rotations"),
            ("a violation", open_ended().code.as_str()),
            ("its place", "keys/payconex.yaml:34"),
            ("what to do", "list the scopes that it grants today"),
            ("the base", "origin/main"),
            ("its commit", "41d07ab8"),
            ("a trusted change", "recipients.ops"),
            ("what it brings", "age1mallory"),
            ("whom it concerns", "pay/signing"),
            ("a weaker guard", "guards.max_disables"),
            ("a withdrawn change", "pay/abandoned"),
            ("the plan", "7c1e"),
            ("until when", "2026-11-22"),
            ("critical risk", "CRITICAL"),
            ("high risk", "HIGH"),
            ("medium risk", "MEDIUM"),
        ];
        let text = if format == "text" { text } else { text.replace("brynq/stuck", "pay/stuck") };
        for (what, fact) in must {
            let fact = if fact == "pay/stuck" && format == "text" { "brynq/stuck" } else { fact };
            assert!(text.contains(fact), "{format} lacks {what} (`{fact}`)");
        }
        let words = ["introduced", "pending", "ithdrawn"];
        words.iter().for_each(|word| assert!(text.to_lowercase().contains(word), "{format} lacks the group {word}"));
    }
}

/// `+12 gained (3 critical, 1 high)`, as any format for people says it.
fn tallied(text: &str, word: &str) -> String {
    let at = text.find(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    let begin = text[..at].rfind(['+', '-', '−']).expect("a sign");
    let end = at + word.len();
    let aside = text[end..].strip_prefix(" (").map_or("", |rest| rest.split(')').next().expect("closed"));
    format!("{} ({aside})", text[begin..end].trim_start_matches(['+', '-', '−']))
}

#[test]
fn every_format_counts_the_same_access() {
    let mut plan = plan();
    for round in 0..2 {
        let texts = every(&plan);
        let said: Vec<[String; 2]> = ["text", "markdown", "html"]
            .iter()
            .map(|format| {
                let (_, text) = texts.iter().find(|(name, _)| name == format).expect("a format");
                let text = text.replace("<strong>", "").replace("</strong>", "").replace("**", "");
                [tallied(&text, " gained"), tallied(&text, " lost")]
            })
            .collect();
        assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
        assert!(said[0][0].starts_with(&format!("{} gained", plan.summary.access_gained)), "{said:?}: {:?}", plan.summary);
        assert!(said[0][1].starts_with(&format!("{} lost", plan.summary.access_lost)), "{said:?}: {:?}", plan.summary);
        // Rows say the same as the plan counts, and trusted changes are counted apart.
        let rows = weighed::gained(&plan);
        assert_eq!(weighed::Counts::of(&rows).total(), plan.summary.access_gained);
        assert_eq!(rows.iter().filter(|row| row.is_trusted()).count(), plan.trusted.len());
        let acting = || plan.changes.iter().filter(|change| change.action != crate::plan::Action::Blocked);
        assert_eq!(weighed::Counts::of(&rows), weighed::Counts::sum(acting().flat_map(|change| change.access.gains())));
        assert_eq!(weighed::Counts::of(&weighed::lost(&plan)), weighed::Counts::sum(acting().flat_map(|change| change.access.losses())));
        if round == 0 {
            assert!(texts[0].1.contains("2 edits that take effect only after the merge") && texts[2].1.contains("2 trusted changes"));
            // Without trusted changes, not one number is another.
            let counted = plan.summary.access_gained;
            plan.trusted.clear();
            assert_eq!(plan.summary.access_gained, counted);
        }
    }
}

#[test]
fn warnings_of_the_policy_fold_and_violations_never_do() {
    let many = |severity| {
        let mut plan = plan();
        let one = |n: u32| crate::diagnostics::Located {
            severity,
            line: Some(n),
            message: format!("number {n:04} breaks a rule"),
            ..open_ended()
        };
        plan.diagnostics = (0..2000).map(one).collect();
        plan
    };
    let folded = plan_markdown(&many(crate::diagnostics::Severity::Warning), &setting()).expect("it fits");
    assert!(folded.contains("2000 warnings") && folded.contains(": 2000") && !folded.contains("number 1999"), "{folded}");
    assert!(folded.contains("pay/old-reporting"), "what is critical is still there");
    plan_markdown(&many(crate::diagnostics::Severity::Error), &setting()).expect_err("violations are told in full, or not at all");
}

#[test]
fn what_was_pending_is_told_apart_row_by_row() {
    let plan = plan();
    let rows = weighed::gained(&plan);
    let told: Vec<String> = rows
        .iter()
        .filter(|row| row.change.is_some_and(|change| change.address.name.as_str() == "half-pending"))
        .map(|row| {
            let what = match &row.what {
                weighed::What::Scopes(entries) => weighed::words(entries).join(" "),
                weighed::What::Readers(names) => names.join(" "),
                other => format!("{other:?}"),
            };
            format!("{what} {}", if row.origin == Some(crate::plan::Origin::Pending) { "pending" } else { "introduced" })
        })
        .collect();
    assert_eq!(told, ["x:hooks:create pending", "age1late pending", "x:hooks:delete introduced"]);
    let markdown = plan_markdown(&plan, &setting()).expect("it fits");
    let (introduced, pending) = markdown.split_once("### Access gained: already pending").expect("both tables");
    let pending = pending.split("###").next().expect("a table");
    let table = introduced.split("### Access gained: introduced here").nth(1).expect("a table");
    let has = |table: &str, scope: &str| table.lines().any(|line| line.contains("half-pending") && line.contains(scope));
    assert!(has(table, "x:hooks:delete") && !has(table, "x:hooks:create") && has(pending, "x:hooks:create"), "{markdown}");
    let html = plan_html(&plan, &setting());
    let at = |words: &str| html.find(words).unwrap_or_else(|| panic!("no `{words}`"));
    let table = &html[at("id=\"gained\"")..at("id=\"lost\"")];
    assert!(table.rfind("introduced here") < table.find("already pending"), "{table}");
    let text = plan_text(&plan, Style::PLAIN);
    assert!(text.lines().any(|line| line.contains("x:hooks:create") && line.contains("already pending")), "{text}");
    assert!(text.lines().any(|line| line.contains("age1late") && line.contains("already pending")), "{text}");
    assert!(plan_sarif(&plan, &setting()).contains("already pending without this change"));
}

#[test]
fn machines_are_told_the_same() {
    let plan = plan();
    for (format, text) in every(&plan).into_iter().filter(|(format, _)| ["sarif", "codequality"].contains(format)) {
        for fact in [
            open_ended().code.as_str(),
            "access/critical",
            "access/high",
            "access/drift",
            "infra/keys/keys/payconex.yaml",
            "x:hooks:create",
            "age1mallory",
            "pay/forever",
        ] {
            assert!(text.contains(fact), "{format} lacks `{fact}`");
        }
    }
    let annotations = plan_github(&plan, &setting());
    let first = annotations.lines().next().expect("a line");
    let expected = format!("::error file=infra/keys/keys/payconex.yaml,line=34,col=16,title={}::", open_ended().code);
    assert!(first.starts_with(&expected), "{first}");
    for (kind, most) in [("::error", 10), ("::warning", 10), ("::notice", 10)] {
        assert!(annotations.lines().filter(|line| line.starts_with(kind)).count() <= most, "{annotations}");
    }
}

#[test]
fn nothing_hostile_comes_alive() {
    let plan = plan();
    for (format, text) in every(&plan) {
        let plain = |c: char| c == '\n' || !crate::model::text_safety::is_unsafe(c);
        assert!(text.chars().all(plain), "{format} steers a terminal");
        assert!(!text.contains("##["), "{format} has an old workflow command");
        let commands = text.lines().filter(|line| line.trim_start().starts_with("::")).count();
        assert!(commands == 0 || format == "github", "{format} has a workflow command");
        if format == "github" {
            let known = |line: &str| ["::error ", "::warning ", "::notice "].iter().any(|known| line.starts_with(known));
            assert!(text.lines().all(known), "{text}");
        }
    }
}

#[test]
fn nothing_hostile_becomes_html() {
    let text = plan_html(&plan(), &setting());
    assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("javascript:alert(1)\""), "markup of others");
    assert_eq!(text.matches("<a ").count(), 0, "no link but those of runbooks");
    assert_eq!(text.matches("<style>").count(), 1);
    assert!(!text.contains(" on") || !regex::Regex::new(r#"<[^>]* on[a-z]+="#).expect("a pattern").is_match(&text), "a handler");
    assert!(text.contains("default-src 'none'") || text.contains("default-src &#39;none&#39;"), "a strict policy");
    assert!(text.contains("&lt;script&gt;"), "it is shown as text");
}

/// What a Markdown reader that is not ours makes of a comment.
fn live_markdown(text: &str) -> Vec<String> {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let mut live = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => live.push(format!("link {dest_url}")),
            Event::Html(html) | Event::InlineHtml(html) => live.push(html.trim().to_owned()),
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => live.push("a reference".to_owned()),
            _ => {}
        }
    }
    let ours = |html: &String| {
        ["<code>", "</code>", "</details>"].contains(&html.as_str())
            || html.starts_with("<details><summary>")
            || html.starts_with("<!-- keywright:plan {\"v\":1,")
    };
    live.retain(|html| !ours(html));
    live
}

#[test]
fn nothing_hostile_becomes_markdown() {
    let text = plan_markdown(&plan(), &setting()).expect("it fits");
    assert_eq!(live_markdown(&text), Vec::<String>::new());
    assert_eq!(text.matches("<!--").count(), 1, "one marker");
    assert!(text.starts_with(
        "<!-- keywright:plan {\"v\":1,\"workspace\":\"infra/keys\",\"head\":\"9f3c2e1d\",\"base\":\"41d07ab8\",\"digest\":\"sha256:"
    ));
    assert_eq!(text.lines().next().map(|line| line.matches("-->").count()), Some(1));
    let written = outside_code(&text);
    assert!(!written.contains("![") && !written.contains("]("), "markup of others");
    let decoded = regex::Regex::new("&#([0-9]+);").expect("a pattern");
    let shown = |found: &regex::Captures<'_>| found[1].parse().ok().and_then(char::from_u32).unwrap_or(' ').to_string();
    // What stands in the finished page, where mentions and references are looked for once more.
    let finished = decoded.replace_all(&written, shown);
    for live in ["@everyone", "@acme", "#1", "GH-2", "www.evil", "https://", ":smile:"] {
        assert!(!finished.contains(live), "{live} is alive");
    }
    // Backticks of every length, everywhere a text of others can stand.
    for n in 1..9 {
        let mut plan = plan();
        let evil = format!("{} [a](https://x) <b> @c {}", "`".repeat(n), "`".repeat(n + 1));
        plan.changes
            .iter_mut()
            .for_each(|change| (change.reason, change.owner, change.notes) = (evil.clone(), Some(evil.clone()), vec![evil.clone()]));
        plan.diagnostics.iter_mut().for_each(|one| (one.message, one.replacement) = (evil.clone(), Some(evil.clone())));
        assert_eq!(live_markdown(&plan_markdown(&plan, &setting()).expect("it fits")), Vec::<String>::new());
    }
}

/// A comment without code, as far as mentions and references are looked for.
fn outside_code(text: &str) -> String {
    let mut out = String::new();
    let spans = regex::Regex::new("`[^`]*`|<code>.*?</code>").expect("a pattern");
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            out.push_str(&spans.replace_all(line, ""));
            out.push('\n');
        }
    }
    out
}

#[test]
fn a_marker_cannot_be_forged_or_broken() {
    let mut plan = plan();
    plan.digest = format!("--> <!-- keywright:plan {HOSTILE}");
    let marked = |plan: &Plan| plan_markdown(plan, &setting()).expect("it fits").lines().next().map(str::to_owned);
    let with_trusted = marked(&plan);
    plan.trusted.pop();
    assert_ne!(marked(&plan), with_trusted, "another edit of a trusted file is another comment");
    plan.trusted.clear();
    let text = plan_markdown(&plan, &Setting::new("a-->b<!--c")).expect("it fits");
    let first = text.lines().next().expect("a line");
    let json = first.strip_prefix("<!-- keywright:plan ").and_then(|rest| rest.strip_suffix(" -->")).expect("a marker");
    let facts: Value = serde_json::from_str(json).expect("JSON");
    assert_eq!((&facts["workspace"], &facts["digest"]), (&Value::from("a-->b<!--c"), &Value::from(plan.digest.as_str())));
    assert!(!json.contains("--") && !json.contains('<') && !json.contains('>'), "{json}");
    assert_eq!(text.matches("<!--").count(), 1);
}

fn joined(parts: &[(usize, Risk)]) -> Plan {
    let mut plan = many(0, Risk::Low);
    for (n, risk) in parts {
        plan.changes.append(&mut many(*n, *risk).changes);
    }
    plan
}

#[test]
fn low_risk_is_counted_first_then_medium_and_never_more() {
    let rows = |text: &str, risk: &str| text.matches(&format!("acct/{risk}-")).count();
    let (low, medium, high) = ("low", "medium", "high");
    let text = plan_markdown(&joined(&[(20, Risk::Low), (20, Risk::High)]), &setting()).expect("it fits");
    assert!(rows(&text, low) >= 20 && rows(&text, high) >= 20);
    let text = plan_markdown(&joined(&[(2000, Risk::Low), (40, Risk::Medium), (20, Risk::High)]), &setting()).expect("it fits");
    assert!(text.chars().count() <= 60_000);
    assert_eq!(rows(&text, low), 0);
    assert!(rows(&text, medium) >= 40 && rows(&text, high) >= 20);
    assert!(text.contains("2000 more, LOW"), "{text}");
    let text = plan_markdown(&joined(&[(10_000, Risk::Low), (10_000, Risk::Medium), (100, Risk::High)]), &setting()).expect("it fits");
    assert!(text.chars().count() <= 60_000);
    assert_eq!((rows(&text, low), rows(&text, medium)), (0, 0));
    for n in 0..100 {
        assert!(text.contains(&format!("acct/high-{n:05}")), "high risk {n} is there");
    }
    assert!(text.contains("10000 more, MEDIUM") && text.contains("_20000 more_"), "{text}");
    let refused = plan_markdown(&joined(&[(10, Risk::Low), (900, Risk::Critical)]), &setting()).expect_err("it cannot fit");
    assert!(refused.characters > 60_000 && refused.to_string().contains("60000 characters"), "{refused}");
}

#[test]
fn characters_that_take_many_bytes_are_counted() {
    let mut plan = joined(&[(60, Risk::High)]);
    plan.changes.iter_mut().for_each(|change| change.reason = "鍵".repeat(300));
    let text = plan_markdown(&plan, &setting());
    assert!(text.is_err() || text.is_ok_and(|text| text.len() <= 65_536));
}

#[test]
fn ten_thousand_changes_take_linear_time() {
    let plan = joined(&[(9_900, Risk::Low), (100, Risk::High)]);
    let started = std::time::Instant::now();
    let all = every(&plan);
    assert_eq!(all.len(), 8);
    assert!(started.elapsed().as_secs() < 60, "more than linear: {:?}", started.elapsed());
}

#[test]
fn a_run_without_a_plan_says_why_in_every_form() {
    let errors = [open_ended()];
    for text in [
        problems_markdown(&errors, &setting()),
        problems_html(&errors, &setting()),
        problems_sarif(&errors, &setting()),
        problems_github(&errors, &setting()),
        problems_codequality(&errors, &setting()),
        problems_json(&errors),
    ] {
        assert!(visible(&text).contains("wildcard pcx:webhooks:* is not allowed"), "{text}");
    }
    assert!(problems_markdown(&errors, &setting()).contains("## Keys in `infra/keys`: 1 error, no plan\n"));
    let many: Vec<_> = (0..20_000).map(|n| crate::diagnostics::Located { line: Some(n), ..open_ended() }).collect();
    let text = problems_markdown(&many, &setting());
    assert!(text.chars().count() <= 60_000 && text.contains(&format!("{}**: 20000", open_ended().code)), "counted by code");
    assert_eq!(problems_gitlab(), "{}\n", "nothing was counted");
}

#[test]
fn a_large_matrix_is_whole() {
    let text = plan_html(&wide(200, 60), &setting());
    assert_eq!(text.matches("<th scope=\"row\">acct/low-").count(), 400, "in the table of changes and in the matrix");
    assert!(text.contains("200 keys") && text.contains("60 scopes"), "its size is told");
    for cell in ["<td class=\"g\">+</td>", "<td class=\"l\">x</td>", "<td class=\"k\">o</td>", ">(+)</td>", ">?</td>"] {
        assert!(text.contains(cell), "{cell}");
    }
    let heads: Vec<usize> = ["Critical", "High", "Medium", "Low"]
        .iter()
        .filter_map(|risk| text.find(&format!("scope=\"colgroup\">{}", risk.to_uppercase())))
        .collect();
    assert!(heads.len() == 4 && heads.is_sorted(), "columns run from critical to low: {heads:?}");
}

#[test]
#[ignore = "writes pages to look at, to the directory that KEYWRIGHT_PAGES names"]
fn write_pages() {
    let directory = std::path::PathBuf::from(std::env::var("KEYWRIGHT_PAGES").expect("a directory"));
    for (name, text) in [("rich", plan_html(&plan(), &setting())), ("wide", plan_html(&wide(200, 60), &setting()))] {
        std::fs::write(directory.join(format!("{name}.html")), text).expect("written");
    }
    for (format, text) in every(&plan()) {
        std::fs::write(directory.join(format!("rich.{format}.txt")), text).expect("written");
    }
}
