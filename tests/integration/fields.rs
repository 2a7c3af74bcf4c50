//! The fields that a proxy owns: those of one hop, those that say who asked, and those that would
//! stick in a browser.

use http::{HeaderValue, Request};

use crate::support::{Head, PLAY, Stage, Wire, get, http2_request, ok};

fn http1(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {PLAY}\r\n{fields}\r\n")
}

fn http2(fields: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = http2_request("GET", PLAY, "/");
    for (name, value) in fields {
        let value = HeaderValue::from_static(value);
        request.headers_mut().append(*name, value);
    }
    request
}

fn assert_absent(head: &Head, names: &[&str]) {
    for name in names {
        assert!(head.all(name).is_empty(), "{name} in {head:?}");
    }
}

/// RFC 9110 section 7.6.1, towards the origin.
#[tokio::test]
async fn fields_of_one_hop_stop_at_it_in_requests() {
    let stage = Stage::new().await;
    let fields = "Connection: keep-alive, X-Secret, close\r\nConnection: x-other\r\n\
         X-Secret: 1\r\nX-Other: 2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\
         TE: trailers, deflate\r\nTrailer: X-Sum\r\nUpgrade: h2c\r\n\
         Proxy-Authorization: Basic eDp5\r\nX-Kept: 3\r\n";
    let (seen, _) = stage.exchange1(&http1(fields), &ok("")).await;
    let hop = [
        "x-secret",
        "x-other",
        "keep-alive",
        "proxy-connection",
        "te",
        "upgrade",
        "proxy-authorization",
    ];
    assert_absent(&seen, &hop);
    assert_eq!(seen.one("x-kept"), Some("3"));
    let connection = seen.one("connection").unwrap_or_default();
    assert!(
        !connection.to_ascii_lowercase().contains("x-"),
        "{connection}"
    );
}

/// And towards the client, over both protocols.
#[tokio::test]
async fn fields_of_one_hop_stop_at_it_in_responses() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Secret\r\n\
         X-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\
         Upgrade: h2c\r\nX-Kept: 3\r\n\r\n";
    let stage = Stage::new().await;
    let (_, response) = stage.exchange1(&get(PLAY, "/"), ANSWER).await;
    let hop = ["x-secret", "keep-alive", "proxy-connection", "upgrade"];
    assert_absent(&response.head, &hop);
    assert_eq!(response.head.one("x-kept"), Some("3"));
    let (_, response) = stage.exchange2(http2(&[]), ANSWER).await;
    for name in hop.into_iter().chain(["connection"]) {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    assert_eq!(response.headers()["x-kept"], "3");
}

/// What a client could claim about where it comes from.
const SPOOFED: [(&str, &str); 9] = [
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-proto", "gopher"),
    ("x-forwarded-host", "evil.test"),
    ("x-forwarded-port", "1"),
    ("x-forwarded-server", "evil.test"),
    ("x-forwarded-prefix", "/evil"),
    ("x-real-ip", "6.6.6.6"),
    ("forwarded", "for=6.6.6.6;proto=gopher"),
    ("via", "1.1 evil"),
];

/// What the origin is told, and nothing else.
fn assert_forwarded(head: &Head, proto: &str, via: &str) {
    assert_eq!(head.one("host"), Some(PLAY));
    assert_eq!(head.one("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(head.one("x-forwarded-proto"), Some(proto));
    assert_eq!(head.one("x-forwarded-host"), Some(PLAY));
    assert_eq!(head.one("via"), Some(via));
    let forwarded = head.one("forwarded").expect("Forwarded is set");
    // A value may stand in quotes (RFC 7239 section 4).
    let unquoted = forwarded.replace('"', "");
    let mut pairs: Vec<_> = unquoted.split(';').map(str::trim).collect();
    pairs.sort_unstable();
    let (host, proto) = (format!("host={PLAY}"), format!("proto={proto}"));
    assert_eq!(pairs, ["for=127.0.0.1", &*host, &*proto], "{forwarded}");
    let spoofed = [
        "x-forwarded-port",
        "x-forwarded-server",
        "x-forwarded-prefix",
        "x-real-ip",
    ];
    assert_absent(head, &spoofed);
}

#[tokio::test]
async fn who_asked_cannot_be_spoofed() {
    let stage = Stage::new().await;
    let spoofed: String = SPOOFED
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    // Doubled, and named as fields of one hop, they are no better.
    for fields in [
        String::new(),
        spoofed.clone(),
        format!("{spoofed}{spoofed}"),
        format!("{spoofed}Connection: x-forwarded-for, x-forwarded-proto, forwarded, via\r\n"),
    ] {
        let (seen, _) = stage.exchange1(&http1(&fields), &ok("")).await;
        assert_forwarded(&seen, "https", "1.1 lockgate");
    }
    for fields in [&[][..], &SPOOFED] {
        let (seen, _) = stage.exchange2(http2(fields), &ok("")).await;
        assert_forwarded(&seen, "https", "2.0 lockgate");
    }
    let mut plain = stage.plain().await;
    plain.send(http1(&spoofed)).await;
    let (seen, _origin) = stage.origin.request().await;
    assert_forwarded(&seen, "http", "1.1 lockgate");
}

/// A port and an IPv6 address are quoted, as RFC 7239 section 4 has it.
#[tokio::test]
async fn forwarded_quotes_what_needs_quotes() {
    if tokio::net::TcpListener::bind("[::1]:0").await.is_err() {
        return;
    }
    let stage = Stage::with(&[("listeners.http", r#"["[::1]:0"]"#)]).await;
    let mut client = Wire::connect(stage.edge.http()).await;
    client.send(get("play.example.test:8080", "/")).await;
    let (seen, _origin) = stage.origin.request().await;
    assert_eq!(seen.one("host"), Some("play.example.test:8080"));
    assert_eq!(seen.one("x-forwarded-for"), Some("::1"));
    assert_eq!(seen.one("x-forwarded-host"), Some("play.example.test:8080"));
    let forwarded = seen.one("forwarded").expect("Forwarded is set");
    assert!(forwarded.contains("for=\"[::1]\""), "{forwarded}");
    assert!(
        forwarded.contains("host=\"play.example.test:8080\""),
        "{forwarded}"
    );
}

/// RFC 9113 section 8.2.3: crumbs of a cookie are one field again in HTTP/1.1.
#[tokio::test]
async fn cookie_crumbs_are_joined() {
    let stage = Stage::new().await;
    let crumbs = [("cookie", "a=1"), ("cookie", "b=2; c=3"), ("cookie", "d=4")];
    let (seen, _) = stage.exchange2(http2(&crumbs), &ok("")).await;
    assert_eq!(seen.all("cookie"), ["a=1; b=2; c=3; d=4"]);
    let (seen, _) = stage
        .exchange1(&http1("Cookie: a=1; b=2\r\n"), &ok(""))
        .await;
    assert_eq!(seen.all("cookie"), ["a=1; b=2"]);
}

/// Other fields pass as they are, each as often as it was sent.
#[tokio::test]
async fn other_fields_pass() {
    let stage = Stage::new().await;
    let fields = "User-Agent: x/1\r\nAccept: */*\r\nX-List: a\r\nX-List: b\r\n\
         Authorization: Bearer t\r\nOrigin: https://a.test\r\nX-Empty:\r\nIf-None-Match: \"a\"\r\n";
    let (seen, _) = stage.exchange1(&http1(fields), &ok("")).await;
    for (name, values) in [
        ("user-agent", &["x/1"][..]),
        ("accept", &["*/*"]),
        ("x-list", &["a", "b"]),
        ("authorization", &["Bearer t"]),
        ("origin", &["https://a.test"]),
        ("x-empty", &[""]),
        ("if-none-match", &["\"a\""]),
    ] {
        assert_eq!(seen.all(name), values, "{name}");
    }
}

/// The origin may not tie browsers to HTTPS, nor to another port: the edge decides.
#[tokio::test]
async fn what_sticks_in_a_browser_is_removed() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\
         Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n\
         Alt-Svc: h3=\":443\"; ma=86400\r\n\r\n";
    let stage = Stage::new().await;
    let sticky = ["strict-transport-security", "alt-svc"];
    let (_, response) = stage.exchange1(&get(PLAY, "/"), ANSWER).await;
    assert_absent(&response.head, &sticky);
    let (_, response) = stage.exchange2(http2(&[]), ANSWER).await;
    for name in sticky {
        assert!(!response.headers().contains_key(name), "{name}");
    }
}
