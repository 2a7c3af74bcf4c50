//! The way to the origins: TLS with verification, connections that are used again, and origins that
//! fail.

use crate::support::{
    Ca, ConfigDir, Domain, Edge, Origin, PLAY, Responder, SWITCHING, Stage, get, http2_request, ok,
};

/// An edge whose domain has this origin, and which trusts this CA besides the public ones.
async fn edge(origin: &str, trusted: Option<&Ca>) -> Edge {
    let config = ConfigDir::new();
    let config = match trusted {
        Some(ca) => {
            config.write("ca.pem", ca.pem());
            config.set("origins.ca", "\"ca.pem\"")
        }
        None => config,
    };
    config.domain(&Domain::named(PLAY).origin(origin));
    Edge::start(config).await
}

#[tokio::test]
async fn an_origin_behind_tls_is_verified_by_the_configured_ca() {
    let ca = Ca::new();
    for name in ["127.0.0.1", "localhost"] {
        let origin = Origin::start_tls(&ca.issue(&[name])).await;
        let url = origin.url().replace("127.0.0.1", name);
        let edge = edge(&url, Some(&ca)).await;
        let served = async {
            let (head, mut wire) = origin.request().await;
            wire.send(ok("hello")).await;
            head
        };
        let (head, response) = tokio::join!(served, edge.plain(PLAY, "/"));
        assert_eq!(response.text(), "hello", "{name}");
        assert_eq!(head.one("host"), Some(PLAY), "{name}");
    }
}

/// Whatever is wrong with an origin's certificate, no request is sent to it.
#[tokio::test]
async fn an_origin_that_is_not_verified_is_502() {
    let (ca, other) = (Ca::new(), Ca::new());
    let cases = [
        ("another issuer", other.issue(&["127.0.0.1"]), Some(&ca)),
        ("another name", ca.issue(&["else.test"]), Some(&ca)),
        ("expired", ca.issue_expired(&["127.0.0.1"]), Some(&ca)),
        ("no CA configured", ca.issue(&["127.0.0.1"]), None),
    ];
    for (name, pair, trusted) in cases {
        let origin = Origin::start_tls(&pair).await;
        let edge = edge(&origin.url(), trusted).await;
        let (accepted, response) = tokio::join!(origin.try_accept(), edge.plain(PLAY, "/"));
        assert_eq!(response.status(), 502, "{name}");
        if let Ok(mut wire) = accepted {
            assert!(wire.try_head().await.is_err(), "{name}: a request was sent");
        }
    }
}

/// The requests of one client, and of the next one, go over one connection to the origin.
#[tokio::test]
async fn connections_to_the_origin_are_used_again() {
    let stage = Stage::with(&[("workers", "1")]).await;
    let mut first = stage.http1().await;
    first.send(get(PLAY, "/1")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send(ok("1")).await;
    first.response().await;
    assert_eq!(first.body().await.expect("a whole body"), b"1");

    first.send(get(PLAY, "/2")).await;
    assert_eq!(origin.request().await.target(), "/2");
    origin.send(ok("2")).await;
    first.response().await;
    assert_eq!(first.body().await.expect("a whole body"), b"2");

    let mut connection = stage.http2().await;
    let served = async {
        let head = origin.request().await;
        origin.send(ok("3")).await;
        head
    };
    let (head, response) = tokio::join!(served, connection.get(PLAY, "/3"));
    assert_eq!((head.target(), response.text().as_str()), ("/3", "3"));
}

/// An origin may close an idle connection at any time: the next request takes a new one.
#[tokio::test]
async fn a_connection_that_the_origin_closed_is_not_used_again() {
    let stage = Stage::with(&[("workers", "1")]).await;
    let mut client = stage.http1().await;
    for round in 0..20 {
        client.send(get(PLAY, "/")).await;
        let (_, mut origin) = stage.origin.request().await;
        origin.send(ok("hello")).await;
        // Closed right behind the answer, without a word.
        drop(origin);
        assert_eq!(client.response().await.status(), 200, "round {round}");
        assert_eq!(client.body().await.expect("a whole body"), b"hello");
    }
}

/// A client that went on sending when the connection was cut is not answered with another's bytes.
#[tokio::test]
async fn a_connection_with_bytes_left_over_is_not_used_again() {
    let stage = Stage::with(&[("workers", "1")]).await;
    let mut client = stage.http1().await;
    client.send(get(PLAY, "/1")).await;
    let (_, mut first) = stage.origin.request().await;
    first.send(ok("one") + &ok("poison")).await;
    client.response().await;
    assert_eq!(client.body().await.expect("a whole body"), b"one");
    client.send(get(PLAY, "/2")).await;
    let (head, mut second) = stage.origin.request().await;
    assert_eq!(head.target(), "/2");
    second.send(ok("two")).await;
    client.response().await;
    assert_eq!(client.body().await.expect("a whole body"), b"two");
}

#[tokio::test]
async fn an_origin_that_refuses_connections_is_502() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let edge = edge(&format!("http://{address}"), None).await;
    assert_eq!(edge.plain(PLAY, "/").await.status(), 502);
}

/// A domain's endpoints take turns, and one that is down is passed over.
#[tokio::test]
async fn an_endpoint_that_is_down_is_passed_over() {
    let (one, two) = (
        Responder::start("hello").await,
        Responder::start("hello").await,
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let down = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let config = ConfigDir::new().set("workers", "1");
    let origins = format!("[\"{}\", \"{down}\", \"{}\"]", one.url(), two.url());
    config.domain(&Domain::named(PLAY).with("origins", origins));
    let edge = Edge::start(config).await;
    for _ in 0..9 {
        assert_eq!(edge.plain(PLAY, "/").await.text(), "hello");
    }
    let (one, two) = (one.seen().len(), two.seen().len());
    assert_eq!(one + two, 9);
    assert!(one > 0 && two > 0, "{one} and {two}");
}

/// What comes back instead of an answer is the origin's fault, and the client's connection stays.
#[tokio::test]
async fn an_origin_that_talks_nonsense_is_502() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    for nonsense in [
        "",
        "SSH-2.0-OpenSSH_9.0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 0\r\n\r\n",
    ] {
        // Not to be tried again: a request with a body may have had its effect.
        let request = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 1\r\n\r\nx");
        client.send(request).await;
        let (_, mut origin) = stage.origin.request().await;
        origin.send(nonsense).await;
        drop(origin);
        assert_eq!(client.response().await.status(), 502, "{nonsense:?}");
        client.body().await.expect("the refusal is whole");
    }
}

/// A 101 that nobody asked for would turn the connection over to the origin.
#[tokio::test]
async fn a_101_that_was_not_asked_for_is_502() {
    let stage = Stage::new().await;
    let plain = get(PLAY, "/");
    let h2c =
        format!("GET / HTTP/1.1\r\nHost: {PLAY}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    for request in [plain, h2c] {
        let (_, response) = stage.exchange1(&request, SWITCHING).await;
        assert_eq!(response.status(), 502, "{request:?}");
    }
    let request = http2_request("GET", PLAY, "/");
    let (_, response) = stage.exchange2(request, SWITCHING).await;
    assert_eq!(response.status(), 502);
}

/// An origin that answers before it has read the request is heard.
#[tokio::test]
async fn an_early_answer_passes() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let head = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 100000\r\n\r\n");
    client.send(head + "begun").await;
    let (_, mut origin) = stage.origin.request().await;
    origin
        .send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
        .await;
    assert_eq!(client.response().await.status(), 413);
    assert_eq!(client.body().await.expect("a whole body"), b"no!");
}

/// Domains reach their own origins.
#[tokio::test]
async fn each_domain_has_its_own_origin() {
    let config = ConfigDir::new();
    let (one, two) = (Responder::start("one").await, Responder::start("two").await);
    config.domain(&Domain::named("one.test").origin(one.url()));
    config.domain(&Domain::named("two.test").origin(two.url()));
    let edge = Edge::start(config).await;
    assert_eq!(edge.plain("one.test", "/").await.text(), "one");
    assert_eq!(edge.plain("two.test", "/").await.text(), "two");
}
