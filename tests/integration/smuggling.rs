//! Requests that two servers could read in two ways reach no origin.

use crate::support::{
    Ca, ConfigDir, Domain, Edge, PLAY, Responder, TlsClient, Wire, http2_request,
};

struct Front {
    ca: Ca,
    edge: Edge,
    origin: Responder,
}

impl Front {
    async fn start() -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let config = ConfigDir::new();
        config.install("play", &ca.issue(&[PLAY]));
        config.domain(&Domain::named(PLAY).origin(origin.url()).certificate("play"));
        let edge = Edge::start(config).await;
        Self { ca, edge, origin }
    }

    async fn secure(&self) -> Wire {
        let client = TlsClient::trusting(&self.ca);
        let tls = client.connect(self.edge.https(), PLAY).await;
        tls.expect("a handshake").http1()
    }

    async fn plain(&self) -> Wire {
        Wire::connect(self.edge.http()).await
    }

    /// Sends a request over both, and asserts that it is refused and its connection closed.
    async fn refuses(&self, name: &str, request: &str) {
        for mut wire in [self.plain().await, self.secure().await] {
            wire.send(request).await;
            let head = wire.response().await;
            assert_eq!(head.status(), 400, "{name}: {request:?}");
            wire.body().await.expect("the refusal is whole");
            assert!(wire.closed().await.is_empty(), "{name}: one answer only");
        }
        assert!(self.origin.seen().is_empty(), "{name} reached the origin");
    }
}

#[tokio::test]
async fn a_request_has_exactly_one_valid_host() {
    let front = Front::start().await;
    let host = format!("Host: {PLAY}\r\n");
    for (name, target, fields) in [
        ("no Host", "/", String::new()),
        ("the same Host twice", "/", format!("{host}{host}")),
        ("two Hosts", "/", format!("{host}Host: other.test\r\n")),
        ("a list", "/", format!("Host: {PLAY}, other.test\r\n")),
        ("a space", "/", "Host: play example.test\r\n".to_owned()),
        ("a path", "/", format!("Host: {PLAY}/x\r\n")),
        ("user information", "/", format!("Host: user@{PLAY}\r\n")),
        ("a bad port", "/", format!("Host: {PLAY}:port\r\n")),
        ("no name", "/", "Host: :80\r\n".to_owned()),
        (
            "an absolute form beside two Hosts",
            "http://play.example.test/",
            format!("{host}{host}"),
        ),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\n{fields}\r\n");
        front.refuses(name, &request).await;
    }
}

#[tokio::test]
async fn a_body_has_exactly_one_length() {
    let front = Front::start().await;
    const BODY: &str = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: play.example.test\r\n\r\n";
    for (version, fields) in [
        ("1.1", "Transfer-Encoding: chunked, chunked\r\n"),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n"),
        ("1.1", "Transfer-Encoding: chunked, identity\r\n"),
        ("1.1", "Transfer-Encoding: identity\r\n"),
        ("1.1", "Transfer-Encoding: xchunked\r\n"),
        ("1.1", "Transfer-Encoding: \"chunked\"\r\n"),
        ("1.1", "Transfer-Encoding: chunked;q=1\r\n"),
        ("1.1", "Transfer-Encoding:\x0bchunked\r\n"),
        ("1.1", "Transfer-Encoding : chunked\r\n"),
        ("1.0", "Transfer-Encoding: chunked\r\n"),
        ("1.1", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("1.1", "Content-Length: 5, 6\r\n"),
        ("1.1", "Content-Length: +5\r\n"),
        ("1.1", "Content-Length: -5\r\n"),
        ("1.1", "Content-Length: 0x5\r\n"),
        ("1.1", "Content-Length: 5 5\r\n"),
        ("1.1", "Content-Length : 5\r\n"),
        ("1.1", "Content-Length: 99999999999999999999999\r\n"),
        ("1.1", "X: a\r\n Content-Length: 5\r\n"),
        ("1.1", "X: a\0b\r\n"),
        ("1.1", "X Y: a\r\n"),
    ] {
        let request = format!("POST / HTTP/{version}\r\nHost: {PLAY}\r\n{fields}\r\n{BODY}");
        front.refuses("a body", &request).await;
    }
}

/// A length beside a coding is how a request is smuggled past a server that believes the other one;
/// RFC 9112 section 6.1 lets a server refuse it.
#[tokio::test]
async fn a_length_beside_a_coding_is_refused() {
    let front = Front::start().await;
    for fields in [
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {PLAY}\r\n\r\n");
        let request = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\n{fields}\r\n0\r\n\r\n{smuggled}");
        front.refuses("a length beside a coding", &request).await;
    }
}

/// `Transfer-Encoding: chunked` in any case is the one that is understood.
#[tokio::test]
async fn a_chunked_body_is_framed_anew() {
    let front = Front::start().await;
    for coding in ["chunked", "Chunked", "CHUNKED"] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {PLAY}\r\nTransfer-Encoding: {coding}\r\n\r\n\
             3;extension=1\r\nabc\r\n0\r\n\r\n"
        );
        assert_eq!(front.secure().await.ask(request).await.status(), 200);
    }
    for head in front.origin.seen() {
        assert_eq!(head.one("transfer-encoding"), Some("chunked"), "{head:?}");
        assert_eq!(head.one("content-length"), None, "{head:?}");
    }
}

#[tokio::test]
async fn an_absolute_form_reaches_the_origin_as_a_path() {
    let front = Front::start().await;
    let request = format!("GET http://{PLAY}/a?b HTTP/1.1\r\nHost: {PLAY}\r\n\r\n");
    assert_eq!(front.plain().await.ask(request).await.text(), "hello");
    let seen = front.origin.seen();
    assert_eq!(seen[0].target(), "/a?b");
    assert_eq!(seen[0].one("host"), Some(PLAY));
}

/// RFC 9112 section 3.2.2: the absolute form counts, and what is sent on is made from it. To refuse
/// the contradiction is as good.
#[tokio::test]
async fn an_absolute_form_that_contradicts_host_never_passes_host() {
    let front = Front::start().await;
    let request = format!("GET http://{PLAY}/ HTTP/1.1\r\nHost: other.test\r\n\r\n");
    let status = front.plain().await.ask(request).await.status();
    assert!(matches!(status, 200 | 400), "{status}");
    for head in front.origin.seen() {
        assert_eq!(head.one("host"), Some(PLAY));
    }
}

#[tokio::test]
async fn http_1_0_needs_a_host_too() {
    let front = Front::start().await;
    front.refuses("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n").await;
    let mut wire = front.plain().await;
    let request = format!("GET / HTTP/1.0\r\nHost: {PLAY}\r\n\r\n");
    assert_eq!(wire.ask(request).await.text(), "hello");
    assert!(wire.closed().await.is_empty(), "one request a connection");
}

#[tokio::test]
async fn connect_is_refused() {
    let front = Front::start().await;
    let request = format!("CONNECT {PLAY}:443 HTTP/1.1\r\nHost: {PLAY}:443\r\n\r\n");
    for mut wire in [front.plain().await, front.secure().await] {
        wire.send(&request).await;
        let status = wire.response().await.status();
        assert!((400..600).contains(&status), "{status}");
    }
    assert!(front.origin.seen().is_empty());
}

#[tokio::test]
async fn http2_authorities_are_as_strict() {
    let front = Front::start().await;
    let client = TlsClient::trusting(&front.ca).offering(&["h2"]);
    let tls = client.connect(front.edge.https(), PLAY).await;
    let mut connection = tls.expect("a handshake").http2().await;
    let mut two_names = http2_request("GET", PLAY, "/");
    let other = http::HeaderValue::from_static("other.test");
    two_names.headers_mut().insert("host", other);
    assert_eq!(connection.ask(two_names).await.status(), 400);
    let user = http2_request("GET", "user@play.example.test", "/");
    assert_eq!(connection.ask(user).await.status(), 400);
    assert!(front.origin.seen().is_empty());

    let mut one_name = http2_request("GET", PLAY, "/");
    let same = http::HeaderValue::from_static(PLAY);
    one_name.headers_mut().insert("host", same);
    assert_eq!(connection.ask(one_name).await.status(), 200);
    assert_eq!(front.origin.seen()[0].all("host"), [PLAY]);
}

/// HTTP/2 without TLS is not spoken: neither by an upgrade nor by prior knowledge.
#[tokio::test]
async fn http2_is_spoken_over_tls_only() {
    let front = Front::start().await;
    let upgrade = format!(
        "GET / HTTP/1.1\r\nHost: {PLAY}\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    );
    let response = front.plain().await.ask(upgrade).await;
    assert_eq!(
        (response.status(), response.text().as_str()),
        (200, "hello")
    );
    let seen = front.origin.seen();
    for field in ["upgrade", "http2-settings", "connection"] {
        assert_eq!(seen[0].one(field), None, "{field}");
    }

    let mut wire = front.plain().await;
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    wire.finish().await;
    let answer = wire.closed().await;
    let refused = answer.is_empty()
        || answer.starts_with(b"HTTP/1.1 4")
        || answer.starts_with(b"HTTP/1.1 505");
    assert!(refused, "{:?}", String::from_utf8_lossy(&answer));
    assert_eq!(front.origin.seen().len(), 1);
}

/// Two requests in one packet are two requests.
#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let front = Front::start().await;
    let mut wire = front.secure().await;
    let request = |target| format!("GET {target} HTTP/1.1\r\nHost: {PLAY}\r\n\r\n");
    wire.send(request("/1") + &request("/2")).await;
    for _ in 0..2 {
        assert_eq!(wire.response().await.status(), 200);
        assert_eq!(wire.body().await.expect("a whole response"), b"hello");
    }
    let seen = front.origin.seen();
    let targets: Vec<_> = seen.iter().map(|head| head.target()).collect();
    assert_eq!(targets, ["/1", "/2"]);
}
