//! Origins that are asked over HTTP/2.

use std::cell::Cell;

use h2::Reason;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::support::{
    Ca, ConfigDir, Domain, Edge, Http2Origin, Origin, PLAY, Responder, Wire, get, ok, upgrade,
};

/// An edge with one worker whose domain has these origins and keys.
async fn edge(origins: &[String], keys: &[(&'static str, &str)]) -> Edge {
    let config = ConfigDir::new().set("workers", "1");
    let domain = Domain::named(PLAY).with("origins", format!("{origins:?}"));
    let with = |domain: Domain, (key, value): &(&'static str, &str)| domain.with(key, *value);
    config.domain(&keys.iter().fold(domain, with));
    Edge::start(config).await
}

/// An origin and an edge that asks it.
async fn pair() -> (Http2Origin, Edge) {
    let origin = Http2Origin::start().await;
    let edge = edge(&[origin.url()], &[]).await;
    (origin, edge)
}

/// A viewer who has asked for a target.
async fn viewer(edge: &Edge, target: &str) -> Wire {
    let mut viewer = Wire::connect(edge.http()).await;
    viewer.send(get(PLAY, target)).await;
    viewer
}

#[tokio::test]
async fn a_request_and_its_response_go_as_http_2_has_them() {
    let (origin, edge) = pair().await;
    let mut client = Wire::connect(edge.http()).await;
    let head = format!(
        "POST /live?token=a HTTP/1.1\r\nHost: {PLAY}\r\nTE: trailers\r\nConnection: x-hop\r\n\
         X-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    );
    client.send(head).await;
    let asked = origin.accept().await.request().await;
    let uri = asked.head().uri().to_string();
    assert_eq!(uri, format!("http://{PLAY}/live?token=a"));
    let headers = asked.head().headers();
    for name in ["host", "te", "connection", "transfer-encoding", "x-hop"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["x-forwarded-host"], PLAY);
    assert_eq!(headers["via"], "1.1 lockgate");

    let answer = Response::builder().status(StatusCode::CREATED);
    let answer = answer.header("x-answer", "1").body(()).expect("a head");
    let (mut body, mut answer) = asked.begin(answer);
    assert_eq!(body.part(5).await, b"hello");
    // The answer begins before the request has ended, and goes on after that.
    answer.send(b"some", false).await;
    let head = client.response().await;
    assert_eq!((head.status(), head.one("x-answer")), (201, Some("1")));
    assert_eq!(head.one("via"), Some("2.0 lockgate"));
    assert_eq!(client.part(4).await, b"some");
    client.send("6\r\n world\r\n0\r\n\r\n").await;
    assert_eq!(body.rest().await.expect("a whole body"), b" world");
    answer.send(b"more", false).await;
    let trailer = ("x-trailer".parse(), HeaderValue::from_static("1"));
    let name: http::HeaderName = trailer.0.expect("a name");
    answer.finish_with(HeaderMap::from_iter([(name, trailer.1)]));
    assert_eq!(client.body().await.expect("a whole body"), b"more");
}

#[tokio::test]
async fn forty_streams_share_two_connections() {
    let (origin, edge) = pair().await;
    let mut viewers = Vec::new();
    for number in 0..40 {
        viewers.push(viewer(&edge, &format!("/{number}")).await);
    }
    let (mut first, mut second) = (origin.accept().await, origin.accept().await);
    let mut asked = Vec::new();
    for number in 0..40 {
        let connection = if number < 32 { &mut first } else { &mut second };
        asked.push(connection.request().await);
    }
    for asked in asked {
        let target = asked.target().to_owned();
        asked.ok(&target).await;
    }
    for (number, viewer) in viewers.iter_mut().enumerate() {
        assert_eq!(viewer.response().await.status(), 200);
        let body = viewer.body().await.expect("a whole body");
        assert_eq!(body, format!("/{number}").as_bytes());
    }
    // Those that follow find room on the first one.
    let (asked, mut viewer) = (async { first.request().await }, viewer(&edge, "/").await);
    asked.await.ok("again").await;
    assert_eq!(viewer.response().await.status(), 200);
}

/// Far more than all buffers on the way hold.
const MUCH: usize = 64 << 20;

#[tokio::test]
async fn viewers_who_take_nothing_hold_up_nobody() {
    let (origin, edge) = pair().await;
    let mut stalled = vec![viewer(&edge, "/0").await];
    let mut connection = origin.accept().await;
    let mut floods = Vec::new();
    for number in 1..=16 {
        let (_, flood) = connection.request().await.begin(Response::new(()));
        floods.push(tokio::spawn(flood.flood(MUCH)));
        stalled.push(viewer(&edge, &format!("/{number}")).await);
    }
    // More than the window of the connection.
    let (_, mut answer) = connection.request().await.begin(Response::new(()));
    let neighbour = stalled.last_mut().expect("there are some");
    let piece = vec![7; 1 << 20];
    assert_eq!(neighbour.response().await.status(), 200);
    for _ in 0..8 {
        let (_, seen) = tokio::join!(answer.send(&piece, false), neighbour.part(piece.len()));
        assert!(seen == piece);
    }
    assert!(floods.iter().all(|flood| !flood.is_finished()));
}

#[tokio::test]
async fn an_origin_hears_at_once_that_a_viewer_has_gone() {
    let (origin, edge) = pair().await;
    let mut watching = viewer(&edge, "/live.flv").await;
    let mut connection = origin.accept().await;
    let (_, mut answer) = connection.request().await.begin(Response::new(()));
    answer.send(b"FLV", false).await;
    watching.response().await;
    assert_eq!(watching.part(3).await, b"FLV");
    drop(watching);
    assert_eq!(answer.reset().await, Reason::CANCEL);

    // Also before there is an answer; and the connection is still of use.
    let waiting = viewer(&edge, "/never").await;
    let mut asked = connection.request().await;
    drop(waiting);
    assert_eq!(asked.reset().await, Reason::CANCEL);
    let mut last = viewer(&edge, "/last").await;
    connection.request().await.ok("last").await;
    assert_eq!(last.response().await.status(), 200);
}

#[tokio::test]
async fn when_a_connection_goes_away_another_one_follows() {
    let (origin, edge) = pair().await;
    let mut streaming = viewer(&edge, "/live.flv").await;
    let mut old = origin.accept().await;
    let (_, mut answer) = old.request().await.begin(Response::new(()));
    answer.send(b"FLV", false).await;
    streaming.response().await;
    old.leave();
    let mut new = None;
    for _ in 0..100 {
        let mut viewer = viewer(&edge, "/").await;
        let asked = tokio::select! {
            asked = old.request() => asked,
            connection = origin.accept() => new.insert(connection).request().await,
        };
        asked.ok("ok").await;
        assert_eq!(viewer.response().await.status(), 200);
        if new.is_some() {
            break;
        }
    }
    assert!(new.is_some(), "the old connection is still asked");
    // What was under way goes on.
    answer.send(b"more", true).await;
    assert_eq!(streaming.part(7).await, b"FLVmore");
}

/// Takes frames until a request is there; then the connection, which has done nothing about it, goes.
async fn goes_away(mut wire: Wire) {
    const HEADERS: u8 = 1;
    assert!(wire.exactly(24).await.starts_with(b"PRI * HTTP/2.0\r\n"));
    wire.send([0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    let mut kind = 0;
    while kind != HEADERS {
        let head = wire.exactly(9).await;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        wire.exactly(length).await;
        kind = head[3];
    }
    let last_stream_and_reason = [0; 8];
    wire.send([0, 0, 8, 7, 0, 0, 0, 0, 0]).await;
    wire.send(last_stream_and_reason).await;
    wire.gone().await;
}

/// The URL of an origin that is played byte by byte.
fn h2c(origin: &Origin) -> String {
    origin.url().replace("http:", "h2c:")
}

/// Even a POST is: nothing was done about it.
#[tokio::test]
async fn a_request_beyond_the_last_stream_is_asked_again() {
    let (one, two) = (Origin::start().await, Http2Origin::start().await);
    let edge = edge(&[h2c(&one), two.url()], &[]).await;
    let left = Cell::new(0);
    let leaving = async {
        loop {
            goes_away(one.accept().await).await;
            left.set(left.get() + 1);
        }
    };
    let answering = async {
        let mut connection = two.accept().await;
        loop {
            connection.request().await.ok("two").await;
        }
    };
    let asking = async {
        let request = format!("POST / HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 0\r\n\r\n");
        for _ in 0..10 {
            let mut client = Wire::connect(edge.http()).await;
            client.send(&request).await;
            assert_eq!(client.response().await.status(), 200);
        }
    };
    tokio::select! {
        () = asking => assert!(left.get() > 0),
        () = leaving => unreachable!("it goes on"),
        () = answering => unreachable!("it goes on"),
    }
}

#[tokio::test]
async fn a_refused_stream_is_asked_of_another_origin() {
    let (one, two) = (Http2Origin::start().await, Responder::start("two").await);
    let edge = edge(&[one.url(), two.url()], &[]).await;
    let refusing = async {
        loop {
            let mut connection = one.accept().await;
            while let Some(asked) = connection.next_request().await {
                asked.refuse(Reason::REFUSED_STREAM);
            }
        }
    };
    let asking = async {
        for _ in 0..10 {
            assert_eq!(edge.plain(PLAY, "/").await.text(), "two");
        }
    };
    tokio::select! {
        () = asking => {}
        () = refusing => unreachable!("it goes on"),
    }
}

#[tokio::test]
async fn an_origin_that_is_silent_is_504() {
    let origin = Http2Origin::start().await;
    let timeouts = "{ first_byte = \"200ms\" }";
    let edge = edge(&[origin.url()], &[("timeouts", timeouts)]).await;
    let mut client = viewer(&edge, "/").await;
    let mut asked = origin.accept().await.request().await;
    assert_eq!(client.response().await.status(), 504);
    assert_eq!(asked.reset().await, Reason::CANCEL);
}

#[tokio::test]
async fn an_origin_behind_tls_is_verified_and_speaks_http_2() {
    let (ca, other) = (Ca::new(), Ca::new());
    let cases = [
        ("verified", &ca, "h2", 200),
        ("another issuer", &other, "h2", 502),
        ("another protocol", &ca, "http/1.1", 502),
        ("no protocol", &ca, "", 502),
    ];
    for (name, issuer, protocol, status) in cases {
        let protocols: &[&str] = if protocol.is_empty() {
            &[]
        } else {
            &[protocol]
        };
        let pair = issuer.issue(&["127.0.0.1"]);
        let origin = Http2Origin::start_tls(&pair, protocols).await;
        let config = ConfigDir::new();
        config.write("ca.pem", ca.pem());
        let config = config.set("origins.ca", "\"ca.pem\"");
        config.domain(&Domain::named(PLAY).origin(origin.url()));
        let edge = Edge::start(config).await;
        let served = async {
            let mut connection = origin.try_accept().await?;
            let asked = connection.next_request().await?;
            let scheme = asked.head().uri().scheme_str().map(str::to_owned);
            asked.ok("hello").await;
            Some((scheme, connection))
        };
        let (served, response) = tokio::join!(served, edge.plain(PLAY, "/"));
        assert_eq!(response.status(), status, "{name}");
        let scheme = served.and_then(|(scheme, _)| scheme);
        assert_eq!(scheme.as_deref() == Some("https"), status == 200, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_http_2_is_502() {
    let origin = Origin::start().await;
    let edge = edge(&[h2c(&origin)], &[]).await;
    for answer in [
        ok("this is HTTP/1.1"),
        String::new(),
        "\0\0\0\u{4}\0\0\0\0\0".repeat(3) + "\0\0\u{4}\0\0\0\0\0\u{1}DATA",
    ] {
        let mut client = viewer(&edge, "/").await;
        let played = async {
            loop {
                let mut wire = origin.accept().await;
                // It may have gone by then.
                let _ = wire.try_send(&answer).await;
                let _ = wire.try_finish().await;
            }
        };
        tokio::select! {
            response = client.response() => assert_eq!(response.status(), 502, "{answer:?}"),
            () = played => unreachable!("it goes on"),
        }
    }
}

#[tokio::test]
async fn a_websocket_goes_to_an_endpoint_of_http_1() {
    let (one, two) = (Http2Origin::start().await, Responder::start("two").await);
    let alone = edge(&[one.url()], &[]).await;
    let mut client = Wire::connect(alone.http()).await;
    client.send(upgrade(PLAY, "/socket")).await;
    assert_eq!(client.response().await.status(), 502);

    let both = edge(&[one.url(), two.url()], &[]).await;
    for number in 1..=2 {
        let mut client = Wire::connect(both.http()).await;
        client.send(upgrade(PLAY, "/socket")).await;
        client.response().await;
        assert_eq!(two.seen().len(), number);
    }
}

/// A connection that says whose it is serves nobody else.
#[tokio::test]
async fn a_connection_that_is_announced_has_one_request() {
    let origin = Origin::start().await;
    let edge = edge(&[h2c(&origin)], &[("proxy_protocol", "\"v1\"")]).await;
    for _ in 0..2 {
        let client = viewer(&edge, "/").await;
        let mut wire = origin.accept().await;
        let mut start = String::new();
        while !start.ends_with("\r\n") {
            start.push(char::from(wire.exactly(1).await[0]));
        }
        let start = start.trim_end();
        assert!(wire.exactly(24).await.starts_with(b"PRI * HTTP/2.0\r\n"));
        assert!(
            start.starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 "),
            "{start}"
        );
        assert!(start.ends_with(&edge.http().port().to_string()), "{start}");
        drop(client);
        wire.gone().await;
    }
}

#[tokio::test]
async fn health_is_asked_over_http_2() {
    let origin = Http2Origin::start().await;
    let health = "{ path = \"/healthz\", interval = \"100ms\", host = \"check.test\" }";
    let edge = edge(&[origin.url()], &[("health", health)]).await;
    for status in [200, 503, 503, 503] {
        let asked = origin.accept().await.request().await;
        let uri = asked.head().uri().to_string();
        assert_eq!(uri, "http://check.test/healthz");
        let answer = Response::builder().status(status).body(());
        asked.begin(answer.expect("a head")).1.finish();
    }
    let labels: &[(&str, &str)] = &[("origin", &origin.url())];
    let ejected = edge.log().wait_for(1, &[("message", "endpoint left out")]);
    let answering = async {
        loop {
            let asked = origin.accept().await.request().await;
            asked.refuse(Reason::INTERNAL_ERROR);
        }
    };
    tokio::select! {
        _ = ejected => {}
        () = answering => unreachable!("it goes on"),
    }
    assert!(
        edge.metrics()
            .await
            .sum("lockgate_origin_failures_total", labels)
            >= 3.0
    );
}
