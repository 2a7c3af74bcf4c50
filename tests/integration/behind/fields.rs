//! What proxies say in fields of a request: kept where they are trusted, replaced where not.

use super::{
    CLIENT, STRANGER, announced, arranged, asking, begun, connect, recorded, seen, trusting, v1,
};
use crate::support::{Head, PLAY, Stage, Wire, http2_request, ok};

/// What a proxy says that stands before another one.
const SAID: &str = "X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Forwarded-For: 127.0.0.18\r\n\
     X-Forwarded-Proto: https\r\nX-Forwarded-Host: other.test\r\nX-Forwarded-Port: 1\r\n\
     Forwarded: for=203.0.113.7;proto=https, for=127.0.0.18\r\nX-Real-IP: 6.6.6.6\r\n";

fn assert_kept(head: &Head, peer: &str, proto: &str) {
    let chain = format!("6.6.6.6, 203.0.113.7, 127.0.0.18, {peer}");
    assert_eq!(head.all("x-forwarded-for"), [chain]);
    assert_eq!(head.all("x-forwarded-proto"), ["https"]);
    assert_eq!(head.all("x-forwarded-host"), ["other.test"]);
    let said = "for=203.0.113.7;proto=https, for=127.0.0.18";
    let forwarded = format!("{said}, for={peer};host=\"{PLAY}\";proto={proto}");
    assert_eq!(head.all("forwarded"), [forwarded]);
    for name in ["x-forwarded-port", "x-real-ip"] {
        assert!(head.all(name).is_empty(), "{name} in {head:?}");
    }
}

#[tokio::test]
async fn what_a_trusted_proxy_says_is_kept() {
    let stage = trusting(&[]).await;
    let mut plain = stage.plain().await;
    let head = seen(&stage, &mut plain, SAID).await;
    assert_kept(&head, "127.0.0.1", "http");
    // The next request on the connection is another client's.
    let head = seen(&stage, &mut plain, "X-Forwarded-For: 198.51.100.9\r\n").await;
    assert_eq!(head.all("x-forwarded-for"), ["198.51.100.9, 127.0.0.1"]);
    assert_eq!(head.all("x-forwarded-proto"), ["http"]);
    recorded(&stage, CLIENT).await;
    recorded(&stage, "198.51.100.9").await;
    let (head, _) = stage.exchange1(&asking(SAID), &ok("")).await;
    assert_kept(&head, "127.0.0.1", "https");
    let mut request = http2_request("GET", PLAY, "/");
    for line in SAID.lines() {
        let (name, value) = line.split_once(": ").expect("a field");
        let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
        request
            .headers_mut()
            .append(name, value.parse().expect("a value"));
    }
    let (head, _) = stage.exchange2(request, &ok("")).await;
    assert_kept(&head, "127.0.0.1", "https");
}

async fn assert_replaced(stage: &Stage, wire: &mut Wire, client: &str) {
    let head = seen(stage, wire, SAID).await;
    assert_eq!(head.all("x-forwarded-for"), [client]);
    assert_eq!(head.all("x-forwarded-proto"), ["http"]);
    assert_eq!(head.all("x-forwarded-host"), [PLAY]);
    let forwarded = format!("for={client};host=\"{PLAY}\";proto=http");
    assert_eq!(head.all("forwarded"), [forwarded]);
    recorded(stage, client).await;
}

#[tokio::test]
async fn what_others_say_is_replaced() {
    let stage = trusting(&[]).await;
    let mut stranger = Wire::new(connect(STRANGER, stage.edge.http()).await);
    assert_replaced(&stage, &mut stranger, "127.0.0.2").await;
    // Also behind a trusted proxy that says nothing but whose connection it is.
    let stage = announced(&[]).await;
    let mut client = Wire::new(begun(stage.edge.http(), v1(CLIENT)).await);
    assert_replaced(&stage, &mut client, CLIENT).await;
    let mut unknown = Wire::new(begun(stage.edge.http(), b"PROXY UNKNOWN\r\n").await);
    assert_replaced(&stage, &mut unknown, "127.0.0.17").await;
}

/// Two proxies: the outer one speaks HTTP, the inner one relays its connections.
#[tokio::test]
async fn a_trusted_client_of_a_header_is_a_proxy() {
    let stage = announced(&[]).await;
    let mut outer = Wire::new(begun(stage.edge.http(), v1("127.0.0.19")).await);
    let head = seen(&stage, &mut outer, SAID).await;
    assert_kept(&head, "127.0.0.19", "http");
    recorded(&stage, CLIENT).await;
}

#[tokio::test]
async fn what_is_malformed_is_not_believed() {
    let stage = trusting(&[]).await;
    let mut plain = stage.plain().await;
    let fields = "X-Forwarded-For: 203.0.113.7, nobody, 127.0.0.18\r\nX-Forwarded-Proto: gopher\r\n\
         X-Forwarded-Host: a b\r\nForwarded: for=\"203.0.113.7\r\n";
    let head = seen(&stage, &mut plain, fields).await;
    let chain = "203.0.113.7, nobody, 127.0.0.18, 127.0.0.1";
    assert_eq!(head.all("x-forwarded-for"), [chain]);
    assert_eq!(head.all("x-forwarded-proto"), ["http"]);
    assert_eq!(head.all("x-forwarded-host"), [PLAY]);
    let forwarded = format!("for=127.0.0.18, for=127.0.0.1;host=\"{PLAY}\";proto=http");
    assert_eq!(head.all("forwarded"), [forwarded]);
    recorded(&stage, "127.0.0.18").await;
}

#[tokio::test]
async fn access_rules_judge_the_client_that_is_told() {
    let stage = trusting(&[("deny", r#"["203.0.113.0/24"]"#)]).await;
    let mut plain = stage.plain().await;
    assert_eq!(plain.ask(asking(SAID)).await.status(), 403);
    seen(
        &stage,
        &mut plain,
        "X-Forwarded-For: 203.0.113.7, 198.51.100.9\r\n",
    )
    .await;
    // Nobody gets out of it by a claim of his own.
    let mut stranger = Wire::new(connect(STRANGER, stage.edge.http()).await);
    seen(&stage, &mut stranger, SAID).await;
    let stage = trusting(&[("allow", r#"["203.0.113.0/24"]"#)]).await;
    let mut plain = stage.plain().await;
    seen(&stage, &mut plain, SAID).await;
    let mut stranger = Wire::new(connect(STRANGER, stage.edge.http()).await);
    assert_eq!(stranger.ask(asking(SAID)).await.status(), 403);
}

/// Who was led to the proxy's HTTPS comes back here over plain HTTP.
#[tokio::test]
async fn a_client_of_https_is_not_redirected_to_it() {
    let stage = trusting(&[("http", r#""redirect""#)]).await;
    let secure = "X-Forwarded-Proto: https\r\n";
    let mut plain = stage.plain().await;
    seen(&stage, &mut plain, secure).await;
    assert_eq!(plain.ask(asking("")).await.status(), 302);
    assert_eq!(
        plain
            .ask(asking("X-Forwarded-Proto: http\r\n"))
            .await
            .status(),
        302
    );
    let mut on_https = Wire::connect(stage.edge.https()).await;
    seen(&stage, &mut on_https, secure).await;
    let mut stranger = Wire::new(connect(STRANGER, stage.edge.http()).await);
    assert_eq!(stranger.ask(asking(secure)).await.status(), 302);
}

/// A proxy has many clients, and as many connections as it likes.
#[tokio::test]
async fn a_trusted_proxy_is_not_limited_as_one_client() {
    let settings = [
        ("listeners.trusted", super::TRUSTED),
        ("limits.connections_per_client", "1"),
    ];
    let stage = arranged(&settings, &[]).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut wire = stage.plain().await;
        seen(&stage, &mut wire, SAID).await;
        held.push(wire);
    }
    let mut first = Wire::new(connect(STRANGER, stage.edge.http()).await);
    seen(&stage, &mut first, "").await;
    let mut second = Wire::new(connect(STRANGER, stage.edge.http()).await);
    assert!(second.closed().await.is_empty());
}
