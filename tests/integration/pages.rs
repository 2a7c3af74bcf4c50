//! Web pages that read a domain from elsewhere (CORS), and clients that may not ask for it.

use crate::support::{Domain, Head, PLAY, Stage, ok};

/// A stage whose domain has these keys.
async fn stage(keys: &[(&'static str, &str)]) -> Stage {
    Stage::arranged(&[], |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        let play = keys
            .iter()
            .fold(play, |play, (key, value)| play.with(key, *value));
        config.domain(&play);
    })
    .await
}

fn request(method: &str, fields: &str) -> String {
    format!("{method} /live/stream.flv HTTP/1.1\r\nHost: {PLAY}\r\n{fields}\r\n")
}

const PAGE: &str = "Origin: https://player.example.com\r\n";

const ALLOW: &str = "access-control-allow-origin";

async fn head(stage: &Stage, fields: &str, answer: &str) -> Head {
    let (_, response) = stage.exchange1(&request("GET", fields), answer).await;
    response.head
}

#[tokio::test]
async fn a_domain_lets_pages_read_it() {
    let any = stage(&[("cors", r#"["*"]"#)]).await;
    let told = head(&any, PAGE, &ok("x")).await;
    assert_eq!(told.one(ALLOW), Some("*"));
    let exposed = told.one("access-control-expose-headers");
    assert!(exposed.is_some_and(|names| names.contains("Content-Range")));
    assert_eq!(told.one("vary"), None);
    // Nobody asks from elsewhere.
    assert_eq!(head(&any, "", &ok("x")).await.one(ALLOW), None);
    // What the origin says counts.
    let own = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://a.test\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(head(&any, PAGE, own).await.all(ALLOW), ["https://a.test"]);
    // Our own answers, too.
    drop(any.origin);
    let mut wire = crate::support::Wire::connect(any.edge.http()).await;
    let failed = wire.ask(request("GET", PAGE)).await;
    assert_eq!((failed.status(), failed.head.one(ALLOW)), (502, Some("*")));

    let listed = stage(&[("cors", r#"["https://player.example.com"]"#)]).await;
    let told = head(&listed, PAGE, &ok("x")).await;
    assert_eq!(told.one(ALLOW), Some("https://player.example.com"));
    for fields in [
        "",
        "Origin: https://other.example.com\r\n",
        "Origin: null\r\n",
    ] {
        let told = head(&listed, fields, &ok("x")).await;
        assert_eq!(
            (told.one(ALLOW), told.one("vary")),
            (None, Some("origin")),
            "{fields}"
        );
    }
    let none = stage(&[]).await;
    assert_eq!(head(&none, PAGE, &ok("x")).await.one(ALLOW), None);
}

#[tokio::test]
async fn a_preflight_is_answered() {
    let asks = format!(
        "{PAGE}Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: range\r\n"
    );
    let any = stage(&[("cors", r#"["*"]"#)]).await;
    let mut wire = any.http1().await;
    let answer = wire.ask(request("OPTIONS", &asks)).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.head.one(ALLOW), Some("*"));
    assert_eq!(
        answer.head.one("access-control-allow-headers"),
        Some("range")
    );
    assert!(answer.head.one("access-control-allow-methods").is_some());
    // The connection goes on, and other requests of the kind are the origin's.
    let others = [
        (&any, request("OPTIONS", PAGE)),
        (&stage(&[]).await, request("OPTIONS", &asks)),
        (
            &stage(&[("cors", r#"["https://a.test"]"#)]).await,
            request("OPTIONS", &asks),
        ),
    ];
    for (stage, request) in others {
        let (seen, _) = stage.exchange1(&request, &ok("")).await;
        assert_eq!(seen.method(), "OPTIONS");
    }
}

#[tokio::test]
async fn a_domain_is_for_some_networks() {
    for (keys, status) in [
        ([("deny", r#"["127.0.0.0/8"]"#)], 403),
        ([("allow", r#"["192.0.2.0/24", "2001:db8::/32"]"#)], 403),
        ([("allow", r#"["127.0.0.1"]"#)], 200),
    ] {
        let stage = stage(&keys).await;
        if status == 200 {
            assert_eq!(head(&stage, "", &ok("x")).await.status(), 200);
            continue;
        }
        for mut wire in [stage.http1().await, stage.plain().await] {
            assert_eq!(wire.ask(request("GET", "")).await.status(), status);
        }
        // A CA gets through, as it does where clients have to show a certificate.
        let path = "/.well-known/acme-challenge/token";
        let request = format!("GET {path} HTTP/1.1\r\nHost: {PLAY}\r\n\r\n");
        let mut wire = stage.plain().await;
        wire.send(&request).await;
        let (seen, _) = stage.origin.request().await;
        assert_eq!(seen.target(), path);
    }
}
