//! What an operator sets in a domain's responses, and takes away.

use serde_json::json;

use crate::managing::Api;
use crate::support::{Domain, Head, PLAY, Stage, Wire, get, http2_request};

const CHANGES: &str = r#"{ set = { Cache-Control = "no-store", X-Robots-Tag = "noindex", Vary = "Accept" }, remove = ["server", "X-Powered-By"] }"#;

async fn stage(keys: &[(&'static str, &str)]) -> Stage {
    Stage::arranged(&[], |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        let keys = keys.iter();
        config.domain(&keys.fold(play, |play, (key, value)| play.with(key, *value)));
    })
    .await
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\nServer: live/1.0\r\nX-Powered-By: a\r\nX-Powered-By: b\r\n\
    Cache-Control: max-age=5\r\nCache-Control: public\r\nX-Kept: 1\r\nContent-Length: 1\r\n\r\nx";

fn assert_changed(head: &Head) {
    assert_eq!(head.all("cache-control"), ["no-store"]);
    assert_eq!(head.all("x-robots-tag"), ["noindex"]);
    assert!(head.all("server").is_empty() && head.all("x-powered-by").is_empty());
    assert_eq!(head.one("x-kept"), Some("1"));
}

#[tokio::test]
async fn what_an_origin_says_is_replaced_and_taken_away() {
    let stage = stage(&[
        ("response_headers", CHANGES),
        ("cors", r#"["https://a.test"]"#),
    ])
    .await;
    let (_, response) = stage.exchange1(&get(PLAY, "/"), ANSWER).await;
    assert_changed(&response.head);
    // What `cors` has to say stands beside it.
    assert_eq!(response.head.all("vary"), ["Accept", "origin"]);
    let (_, response) = stage
        .exchange2(http2_request("GET", PLAY, "/"), ANSWER)
        .await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(!response.headers().contains_key("server"));
    assert_eq!(response.text(), "x");
}

/// Errors and redirects of ours have what is set, but for what they say themselves, and for what is
/// true of the origin's content alone.
#[tokio::test]
async fn our_own_answers_have_what_fits_them() {
    let changes = r#"{ set = { Cache-Control = "max-age=31536000", Content-Type = "video/x-flv", X-Robots-Tag = "noindex", Retry-After = "99" } }"#;
    let keys = [
        ("response_headers", changes),
        ("http", r#""redirect""#),
        ("deny", r#"["127.0.0.1"]"#),
    ];
    let refusing = stage(&keys).await;
    let refused = refusing.http1().await.ask(get(PLAY, "/")).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.head.all("cache-control"), ["no-store"]);
    assert_eq!(
        refused.head.all("content-type"),
        ["text/plain; charset=utf-8"]
    );
    assert_eq!(refused.head.all("x-robots-tag"), ["noindex"]);
    let redirecting = stage(&keys[..2]).await;
    let redirect = redirecting.plain().await.ask(get(PLAY, "/")).await;
    assert_eq!(redirect.status(), 302);
    assert_eq!(redirect.head.one("cache-control"), None);
    assert_eq!(redirect.head.one("x-robots-tag"), Some("noindex"));
    assert!(redirect.head.one("location").is_some());
    // No domain says nothing.
    let mut wire = Wire::connect(redirecting.edge.http()).await;
    let unknown = wire.ask(get("other.test", "/")).await;
    assert_eq!(
        (unknown.status(), unknown.head.one("x-robots-tag")),
        (404, None)
    );
}

/// Through the API as in a file, and for the next response.
#[tokio::test]
async fn the_api_sets_them_one_by_one() {
    let stage = stage(&[]).await;
    let (api, target) = (Api(&stage.edge), format!("/domains/{PLAY}"));
    let (_, response) = stage.exchange1(&get(PLAY, "/"), ANSWER).await;
    assert_eq!(response.head.one("server"), Some("live/1.0"));
    let set = json!({ "response_headers": { "set": { "Cache-Control": "no-store" } } });
    api.make("PATCH", &target, set).await;
    let more = json!({ "response_headers": {
        "set": { "X-Robots-Tag": "noindex" }, "remove": ["Server", "X-Powered-By"],
    } });
    api.make("PATCH", &target, more).await;
    let (_, response) = stage.exchange1(&get(PLAY, "/"), ANSWER).await;
    assert_changed(&response.head);
    let unset = json!({ "response_headers": { "set": { "Cache-Control": null } } });
    api.make("PATCH", &target, unset).await;
    let (_, response) = stage.exchange1(&get(PLAY, "/"), ANSWER).await;
    assert_eq!(response.head.all("cache-control"), ["max-age=5", "public"]);
    for (name, hint) in [
        ("Strict-Transport-Security", "hsts ="),
        ("Content-Length", "leave it out"),
    ] {
        let set = json!({ "response_headers": { "set": { name: "1" } } });
        let answer = api.ask("PATCH", &target, &[], &set).await;
        assert_eq!(answer.status(), 422, "{}", answer.text());
        assert!(answer.text().contains(hint), "{}", answer.text());
    }
}
