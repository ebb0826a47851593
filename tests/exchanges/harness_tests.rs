//! The harness itself can fail, and says why.
use std::path::Path;

use crate::carry_out;
use crate::format::ExchangeFile;

const START: &str = r#"
source: invented
profile: payconex
account: { environment: certification, params: { account_id: "220614966801", auth: basic } }
credential: { id: api_00000000000000000000000000000001, secret: example-admin-secret }
cases:
  one:
"#;

/// The problems of one case, as one text.
async fn problems(case: &str) -> String {
    let text = format!("{START}{case}");
    let file = ExchangeFile::parse(&text, Path::new(".")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    carry_out::all(&file).await.join("\n")
}

const GONE: &str = "
    does: { get: api_00000000000000000000000000000002 }
    exchanges:
      - request: GET /api/v4/accounts/220614966801/api-keys/api_00000000000000000000000000000002
        answer: { status: 404, body: { errorCode: 40005 } }
    gives: nothing
";

#[tokio::test]
async fn what_goes_as_written_is_no_problem() {
    assert_eq!(problems(GONE).await, "");
}

#[tokio::test]
async fn whatever_is_not_as_written_is_told() {
    for (from, to, expected) in [
        ("GET /api", "GET /other", r#"one: asked `GET /api/v4/accounts/220614966801/api-keys/api_00000000000000000000000000000002` where"#),
        (
            "        answer",
            "        headers: { authorization: Bearer x }\n        answer",
            r#"header authorization: expected "Bearer x", came "Basic "#,
        ),
        ("        answer", "        headers: { authorization: null }\n        answer", "header authorization: must not be there"),
        ("        answer", "        query: { page: 1 }\n        answer", r#"query/page: expected "1", came nothing"#),
        ("        answer", "        body: { a: 1 }\n        answer", r#"body: expected {"a":1}, came nothing"#),
        ("gives: nothing", "gives: { id: x, label: y }", r#"gives: expected {"id":"x","label":"y"}, came "nothing""#),
        ("gives: nothing", "gives: { error: refused }", "gives: expected"),
        ("status: 404", "status: 403", r#"gives: expected "nothing", came {"error":"forbidden"}"#),
    ] {
        assert!(GONE.contains(from), "{from}");
        let told = problems(&GONE.replace(from, to)).await;
        assert!(told.contains(expected), "{to}\n{told}");
    }
}

#[tokio::test]
async fn what_is_never_asked_and_what_is_asked_beyond_are_told() {
    let twice = GONE.replace("    gives", "      - request: GET /more\n        answer: { status: 200 }\n    gives");
    assert_eq!(problems(&twice).await, "one: never asked: GET /more");
    let (does, _) = GONE.split_once("    exchanges").expect("it has some");
    let told = problems(&format!("{does}    gives: nothing")).await;
    assert!(told.contains("asked beyond what is written: GET /api/v4/accounts/220614966801/api-keys/api_"), "{told}");
}

#[tokio::test]
async fn words_of_errors_and_leaks_are_told() {
    let refused = |says: &str, message: &str| {
        GONE.replace("status: 404, body: { errorCode: 40005 }", &format!("status: 403, body: {{ message: \"{message}\" }}"))
            .replace("gives: nothing", &format!("gives: {{ error: forbidden, says: {says} }}"))
    };
    assert_eq!(problems(&refused("[status 403, no way]", "no way")).await, "");
    let told = problems(&refused("[another word]", "no way")).await;
    assert!(told.contains("the error does not say `another word`"), "{told}");
    let leaking = problems(&refused("[]", "no way")).await;
    assert_eq!(leaking, "");
    let file = START.replace("cases:", "secrets: [no way]\ncases:");
    let file = ExchangeFile::parse(&format!("{file}{}", refused("[]", "no way")), Path::new(".")).expect("a file");
    let told = carry_out::all(&file).await.join("\n");
    assert!(told.contains("the error repeats the secret `no way`"), "{told}");
}
