//! What is too much is refused, and the rest goes on.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::corpus::frames::{ACK, PING, PREFACE, SETTINGS, frame};
use crate::support::{
    ConfigDir, Domain, Edge, Hello, Kind, PATIENCE, PLAY, Responder, SECOND, Stage, Stream, Wire,
    eventually, get, http2_request, ok, throughout, within,
};

/// A head that no client needs, and a bound on what one connection can make the edge remember.
#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let stage = Stage::new().await;
    let long = "x".repeat(300_000);
    for request in [
        format!("GET / HTTP/1.1\r\nHost: {PLAY}\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: {PLAY}\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nHost: {PLAY}\r\n{}\r\n",
            "X: y\r\n".repeat(20_000)
        ),
    ] {
        let mut wire = stage.http1().await;
        // It may hang up before it has read all of it.
        let _ = wire.try_send(&request).await;
        if let Ok(head) = wire.try_response().await {
            assert!((400..500).contains(&head.status()), "{head:?}");
        }
        within(PATIENCE, "the connection's end", wire.closed()).await;
    }
    let labels = [("limit", "head_size")];
    let name = "lockgate_limits_reached_total";
    stage.edge.counts(name, &labels, 3.0).await;
}

/// h2 warns of each, and a client may send millions: none of them is worth a line.
#[tokio::test]
async fn answers_to_nothing_are_no_lines_of_the_log() {
    let stage = Stage::new().await;
    let client = stage.client().offering(&["h2"]);
    let tls = client.connect(stage.edge.https(), PLAY).await;
    let mut wire = tls.expect("it is served").http1();
    let answers = frame(PING, ACK, 0, b"whocares").repeat(1_000);
    let settings = frame(SETTINGS, 0, 0, b"");
    wire.send([PREFACE, &settings, &answers].concat()).await;
    wire.finish().await;
    wire.closed().await;
    let lines = stage.edge.log().find(&[("level", "WARN")]);
    assert_eq!(lines.len(), 0);
}

#[tokio::test]
async fn an_http2_head_that_is_too_long_is_refused() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    let mut request = http2_request("GET", PLAY, "/");
    let long = "x".repeat(300_000).parse().expect("a value");
    request.headers_mut().insert("x-long", long);
    let (asked, _) = connection.open(request, true).await;
    // A status, or a reset: but no request at the origin.
    if let Ok((head, _)) = asked.answer().await {
        assert!(head.status.is_client_error(), "{head:?}");
    }
    let (seen, _) = stage.exchange1(&get(PLAY, "/after"), &ok("")).await;
    assert_eq!(seen.target(), "/after");
}

/// Without a free descriptor nothing can be accepted; the listeners wait it out.
#[tokio::test]
async fn running_out_of_descriptors_ends_nothing() {
    const FILES: usize = 64;
    let origin = Responder::start("hello").await;
    // More than there are descriptors for, which the default is not.
    let config = ConfigDir::new().set("limits.connections", "1000");
    config.domain(&Domain::named(PLAY).origin(origin.url()));
    let mut edge = Edge::start_with_files(FILES, config).await;
    // So many connections reach every worker: all of them run by now.
    for _ in 0..20 {
        assert_eq!(edge.plain(PLAY, "/").await.status(), 200);
    }
    let mut crowd = Vec::new();
    for _ in 0..FILES * 2 {
        crowd.push(Wire::connect(edge.http()).await);
    }
    eventually(PATIENCE, "a line that says so", async || {
        let lines = edge.log().find(&[("level", "ERROR")]);
        let mut messages = lines.iter().map(|line| line.field("message"));
        messages.any(|text| text.contains("accept")).then_some(())
    })
    .await;
    drop(crowd);
    eventually(PATIENCE, "an answer", async || {
        (edge.plain(PLAY, "/").await.status() == 200).then_some(())
    })
    .await;
    assert!(edge.program.is_running());
}

/// A connection, unless it is closed without a word.
async fn admitted(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.expect("it is accepted");
    let read = timeout(SECOND / 2, stream.read(&mut [0; 1])).await;
    (!matches!(read, Ok(Ok(0) | Err(_)))).then_some(stream)
}

async fn limited(edge: &Edge, limit: &str) {
    let labels = [("limit", limit)];
    eventually(PATIENCE, limit, async || {
        let metrics = edge.metrics().await;
        (metrics.sum("lockgate_limits_reached_total", &labels) > 0.0).then_some(())
    })
    .await;
}

/// No more connections than so many, and those that are there go on.
#[tokio::test]
async fn connections_have_a_limit() {
    for limit in ["limits.connections", "limits.connections_per_client"] {
        let stage = Stage::with(&[(limit, "3")]).await;
        let mut stream = Stream::start(&stage, Kind::Plain).await;
        let mut others = Vec::new();
        // The proof of service may take a place for a moment.
        for address in [stage.edge.http(), stage.edge.https()] {
            while let Some(other) = admitted(address).await {
                others.push(other);
                assert!(others.len() < 3, "{limit}");
            }
        }
        limited(&stage.edge, limit.trim_start_matches("limits.")).await;
        stream.passes(b"goes on").await;
        drop(others);
        eventually(PATIENCE, "room", async || {
            admitted(stage.edge.http()).await.map(drop)
        })
        .await;
    }
}

/// Who opens connections and says nothing takes the place of his own kind.
#[tokio::test]
async fn the_oldest_handshake_ends_for_the_next() {
    let settings = [("limits.handshakes", "4"), ("workers", "1")];
    let stage = Stage::with(&settings).await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut wire = Wire::connect(stage.edge.https()).await;
        wire.send(&Hello::named(PLAY).record()[..5]).await;
        crowd.push(wire);
    }
    limited(&stage.edge, "handshakes").await;
    // Others come through, however many wait.
    for _ in 0..10 {
        let (seen, _) = stage.exchange1(&get(PLAY, "/"), &ok("hello")).await;
        assert_eq!(seen.target(), "/");
    }
    for wire in &mut crowd[..16] {
        within(SECOND, "the end of the oldest", wire.closed()).await;
    }
}

#[tokio::test]
async fn a_domain_may_have_so_many_viewers() {
    let stage = Stage::arranged(&[], |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        config.domain(&play.with("max_viewers", "2"));
        config.domain(&Domain::named("other.test").origin("demo:"));
    })
    .await;
    let mut streams = Vec::new();
    for kind in [Kind::Http1, Kind::WebSocket] {
        streams.push(Stream::start(&stage, kind).await);
    }
    let full = stage.edge.plain(PLAY, "/").await;
    assert_eq!(full.status(), 503);
    let wait = full.head.one("retry-after").expect("it says when");
    assert!((1..=10).contains(&wait.parse::<u32>().expect("seconds")));
    limited(&stage.edge, "viewers").await;
    assert_eq!(stage.edge.plain("other.test", "/").await.status(), 200);
    drop(streams.pop());
    eventually(PATIENCE, "room", async || {
        let viewers = stage.edge.metrics().await;
        (viewers.sum("lockgate_viewers", &[("domain", PLAY)]) == 1.0).then_some(())
    })
    .await;
    let (seen, _) = stage.exchange1(&get(PLAY, "/again"), &ok("")).await;
    assert_eq!(seen.target(), "/again");
}

/// Streams that are given up once the origin works on them, which costs it more than the client
/// (CVE-2023-44487): the connection ends, and those of others go on.
#[tokio::test]
async fn giving_up_too_often_ends_the_connection() {
    let stage = Stage::new().await;
    let mut stream = Stream::start(&stage, Kind::Http2).await;
    let mut flood = stage.http2().await;
    let mut working = Vec::new();
    for number in 0.. {
        if !flood.is_open().await {
            break;
        }
        assert!(number < 10_000, "it ends");
        let (asked, _) = flood.open(http2_request("GET", PLAY, "/never"), true).await;
        let reached = async {
            let mut origin = stage.origin.accept().await;
            origin.next_request().await.map(|_| origin)
        };
        let reached = timeout(SECOND, reached).await;
        drop(asked);
        match reached {
            Ok(Some(origin)) => working.push(origin),
            Ok(None) | Err(_) => break,
        }
    }
    let labels = [("limit", "resets")];
    let name = "lockgate_limits_reached_total";
    stage.edge.counts(name, &labels, 1.0).await;
    stream.passes(b"goes on").await;
    throughout(SECOND, "another connection", async || {
        stage.http2().await.is_open().await
    })
    .await;
}
