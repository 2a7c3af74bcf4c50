//! WebSockets over HTTP/2 (RFC 8441): each is a stream of its connection. `Kind::Http2WebSocket`
//! has the tests of streams hold for them as well.

use h2::ext::Protocol;
use http::{HeaderValue, Request};

use crate::support::{
    Body, Domain, Head, Http2, PATIENCE, PLAY, SECOND, SWITCHING, Stage, Upload, Wire, eventually,
    http2_connect, http2_request, ok, switching, throughout, within,
};

/// A WebSocket from both ends.
struct Socket {
    upload: Upload,
    body: Body,
    origin: Wire,
}

impl Socket {
    async fn open(stage: &Stage, connection: &mut Http2) -> Self {
        let (asked, upload) = connection.open(http2_connect(PLAY, "/live"), false).await;
        let (head, mut origin) = stage.origin.request().await;
        origin.send(switching(&head)).await;
        let (head, body) = asked.answer().await.expect("a response arrives");
        assert_eq!(head.status, 200);
        Self {
            upload,
            body,
            origin,
        }
    }

    /// Sends bytes both ways, and takes them.
    async fn echoes(&mut self, bytes: &[u8]) {
        let up = self.upload.send(bytes, false);
        let ((), seen) = tokio::join!(up, self.origin.exactly(bytes.len()));
        assert!(seen == bytes, "{} bytes up", bytes.len());
        let down = self.origin.send(bytes);
        let ((), seen) = tokio::join!(down, self.body.part(bytes.len()));
        assert!(seen == bytes, "{} bytes down", bytes.len());
    }
}

async fn answered(
    stage: &Stage,
    request: Request<()>,
    answer: impl FnOnce(&Head) -> String,
) -> (http::response::Parts, Vec<u8>, Http2) {
    let mut connection = stage.http2().await;
    let (asked, _upload) = connection.open(request, false).await;
    let (head, mut origin) = stage.origin.request().await;
    origin.send(answer(&head)).await;
    let (head, mut body) = asked.answer().await.expect("a response arrives");
    let body = body.rest().await.expect("it is whole");
    (head, body, connection)
}

#[tokio::test]
async fn the_origin_sees_an_upgrade_and_the_client_a_stream() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    let mut request = http2_connect(PLAY, "/live/a.flv?token=b");
    for (name, value) in [
        ("origin", "https://page.test"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("sec-websocket-protocol", "flv, other"),
        ("sec-websocket-extensions", "permessage-deflate"),
        // The client has none, and ours counts.
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ] {
        let value = HeaderValue::from_static(value);
        request.headers_mut().append(name, value);
    }
    let (asked, _upload) = connection.open(request, false).await;
    let (seen, mut origin) = stage.origin.request().await;
    assert_eq!(seen.start(), "GET /live/a.flv?token=b HTTP/1.1");
    for (name, value) in [
        ("host", PLAY),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "flv, other"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("origin", "https://page.test"),
        ("cookie", "a=1; b=2"),
        ("x-forwarded-for", "127.0.0.1"),
        ("via", "2.0 lockgate"),
    ] {
        assert_eq!(seen.one(name), Some(value), "{name}");
    }
    let key = seen.one("sec-websocket-key").expect("a key");
    assert!(key.len() == 24 && !key.starts_with("AAAAAA"), "{key}");
    assert!(seen.one("content-length").is_none() && seen.one("transfer-encoding").is_none());
    let agreed = switching(&seen).replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: flv\r\n\r\n");
    // What comes in one packet with it is not lost.
    origin.send(agreed + "early down").await;
    let (head, mut body) = asked.answer().await.expect("a response arrives");
    assert_eq!(head.status, 200);
    assert_eq!(head.headers["sec-websocket-protocol"], "flv");
    for name in [
        "sec-websocket-accept",
        "upgrade",
        "connection",
        "content-length",
    ] {
        assert!(!head.headers.contains_key(name), "{name}");
    }
    assert_eq!(body.part(10).await, b"early down");
}

#[tokio::test]
async fn bytes_pass_both_ways() {
    let stage = Stage::new().await;
    let mut socket = Socket::open(&stage, &mut stage.http2().await).await;
    for length in [1, 2, 125, 126, 4_096, 65_536, 200_000, 2_000_000] {
        socket.echoes(&vec![length as u8; length]).await;
    }
}

/// What ends one stream leaves the others of its connection alone.
#[tokio::test]
async fn streams_of_one_connection_end_alone() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    let mut stays = Socket::open(&stage, &mut connection).await;
    // The client resets it.
    let mut socket = Socket::open(&stage, &mut connection).await;
    socket.echoes(b"one").await;
    drop((socket.upload, socket.body));
    within(SECOND, "the origin's end", socket.origin.closed()).await;
    // The client ends it.
    let mut socket = Socket::open(&stage, &mut connection).await;
    socket.upload.send(b"last words", false).await;
    socket.upload.finish();
    let seen = within(SECOND, "the origin's end", socket.origin.closed()).await;
    assert_eq!(seen, b"last words");
    assert_eq!(socket.body.rest().await.expect("an end"), b"");
    // The origin ends it.
    let mut socket = Socket::open(&stage, &mut connection).await;
    let bytes = vec![7; 100_000];
    let ended = async {
        socket.origin.send(&bytes).await;
        socket.origin.finish().await;
    };
    let ((), seen) = tokio::join!(ended, socket.body.rest());
    assert!(seen.expect("an end, and no reset") == bytes);
    // In between, something else is asked for.
    let answer = async {
        let (_, mut origin) = stage.origin.request().await;
        origin.send(ok("hello")).await;
    };
    let (got, ()) = tokio::join!(connection.get(PLAY, "/"), answer);
    assert_eq!(got.text(), "hello");
    stays.echoes(b"still here").await;
}

/// It takes any success for a WebSocket, so that what is none may not look like one.
#[tokio::test]
async fn an_origin_may_refuse() {
    let stage = Stage::new().await;
    let connect = || http2_connect(PLAY, "/live");
    for (status, line) in [(404, "404 Not Found"), (426, "426 Upgrade Required")] {
        let answer = |_: &Head| ok("none").replace("200 OK", line);
        let (head, body, connection) = answered(&stage, connect(), answer).await;
        assert_eq!((head.status.as_u16(), &*body), (status, &b"none"[..]));
        assert!(connection.is_open().await);
    }
    let no_websocket = [
        |_: &Head| ok("a page"),
        |_: &Head| SWITCHING.to_owned(),
        |seen: &Head| switching(seen).replace("Upgrade: websocket", "Upgrade: h2c"),
        |seen: &Head| switching(seen).replace("Sec-WebSocket-Accept", "X-Accept"),
    ];
    for answer in no_websocket {
        let (head, _, connection) = answered(&stage, connect(), answer).await;
        assert_eq!(head.status, 502);
        assert!(connection.is_open().await);
    }
}

#[tokio::test]
async fn nothing_else_is_connected_to() {
    let stage = Stage::arranged(&[], |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        let routes = r#"[{ path = "/demo", origins = ["demo:"] }]"#;
        config.domain(&play.with("routes", routes));
    })
    .await;
    let mut connection = stage.http2().await;
    let mut other = http2_connect(PLAY, "/");
    let udp = Protocol::from_static("connect-udp");
    other.extensions_mut().insert(udp);
    let mut plain = http2_request("CONNECT", PLAY, "/");
    *plain.uri_mut() = format!("{PLAY}:443").parse().expect("an authority");
    let elsewhere = http2_connect("other.test", "/");
    let page = http2_connect(PLAY, "/demo");
    for (request, status) in [(other, 501), (plain, 405), (elsewhere, 421), (page, 502)] {
        assert_eq!(connection.ask(request).await.status(), status);
    }
}

/// As over HTTP/1.1: it counts as a viewer, and is recorded as the same.
#[tokio::test]
async fn it_is_let_in_counted_and_recorded_as_over_http1() {
    let stage = Stage::arranged(&[], |config, _, origin| {
        let play = Domain::named(PLAY).origin(origin.url()).certificate("play");
        config.domain(&play.with("max_viewers", "1"));
    })
    .await;
    let mut connection = stage.http2().await;
    let mut socket = Socket::open(&stage, &mut connection).await;
    socket.origin.send(b"12345").await;
    assert_eq!(socket.body.part(5).await, b"12345");
    let full = connection.ask(http2_connect(PLAY, "/live")).await;
    assert_eq!(full.status(), 503);
    drop(socket);
    let line = [("method", "GET"), ("status", "101"), ("path", "/live")];
    let record = stage.edge.log().wait(&line).await;
    assert_eq!(record.field("protocol"), "HTTP/2");
    assert_eq!(record.field("sent"), "5");
    let viewers = [("domain", PLAY)];
    stage.edge.counts("lockgate_viewers", &viewers, 0.0).await;
}

#[tokio::test]
async fn leaving_before_the_answer_ends_the_request() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    let asked = connection.open(http2_connect(PLAY, "/live"), false).await;
    let (_, mut origin) = stage.origin.request().await;
    drop(asked);
    within(SECOND, "the end of the request", origin.closed()).await;
    Socket::open(&stage, &mut connection)
        .await
        .echoes(b"x")
        .await;
}

/// A viewer who takes nothing holds the origin back, and is cut alone.
#[tokio::test]
async fn a_paused_one_ends_alone() {
    let stage = Stage::with(&[("timeouts.viewer_stall", r#""1s""#)]).await;
    let mut connection = stage.http2().await;
    let mut playing = Socket::open(&stage, &mut connection).await;
    let mut paused = Socket::open(&stage, &mut connection).await;
    let filling = async {
        let block = vec![0; 65_536];
        let mut taken = 0;
        while paused.origin.try_send(&block).await.is_ok() {
            taken += block.len();
        }
        taken
    };
    let taken = within(PATIENCE, "the cut", filling).await;
    assert!(taken < 64 << 20, "the origin is held back");
    let end = paused.body.rest().await.expect_err("it is reset");
    assert!(end.is_reset(), "{end}");
    playing.echoes(b"still here").await;
}

/// A Close frame between two frames, then the end, each for itself.
#[tokio::test]
async fn a_process_that_stops_says_so() {
    let mut stage = Stage::with(&[("timeouts.drain", r#""2s""#)]).await;
    let mut connection = stage.http2().await;
    let mut sockets = [
        Socket::open(&stage, &mut connection).await,
        Socket::open(&stage, &mut connection).await,
    ];
    for socket in &mut sockets {
        // The frame is not whole when the process is told to stop.
        socket.origin.send(b"\x82\x05abc").await;
        assert_eq!(socket.body.part(5).await, b"\x82\x05abc");
    }
    stage.edge.program.signal("TERM");
    let leaving = eventually(PATIENCE, "GOAWAY", async || {
        connection.is_going_away().await.then_some(())
    });
    leaving.await;
    for socket in &mut sockets {
        socket.origin.send(b"de\x82\x01x").await;
    }
    for socket in &mut sockets {
        // Whole frames may pass until its moment comes.
        let told = socket.body.part(2).await;
        assert_eq!(told, b"de");
        let mut next = socket.body.part(1).await;
        if next == [0x82] {
            socket.body.part(2).await;
            next = socket.body.part(1).await;
        }
        assert_eq!(
            (next[0], socket.body.part(3).await),
            (0x88, vec![2, 3, 0xe9])
        );
        const ANSWER: &[u8] = b"\x88\x82\0\0\0\0\x03\xe9";
        socket.upload.send(ANSWER, false).await;
        assert_eq!(socket.origin.exactly(8).await, ANSWER);
    }
    for socket in sockets {
        let Socket {
            mut body, origin, ..
        } = socket;
        drop(origin);
        let rest = within(SECOND, "the end of the stream", body.rest()).await;
        assert_eq!(rest.expect("an end, and no reset"), b"");
    }
    let status = within(PATIENCE, "the program's end", stage.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

/// With the domain's HTTPS it goes on for the grace period, and is cut then.
#[tokio::test]
async fn it_ends_with_https() {
    let stage = Stage::with(&[("timeouts.https_off_grace", r#""2s""#)]).await;
    let mut connection = stage.http2().await;
    let mut socket = Socket::open(&stage, &mut connection).await;
    let play = Domain::named(PLAY).origin(stage.origin.url());
    let off = play.certificate("play").https(false);
    stage.edge.config.domain(&off);
    eventually(PATIENCE, "GOAWAY", async || {
        connection.is_going_away().await.then_some(())
    })
    .await;
    throughout(SECOND, "what runs", async || {
        socket.echoes(b"a").await;
        true
    })
    .await;
    let cut = within(SECOND * 3, "the cut", socket.body.rest()).await;
    assert!(cut.is_err(), "reset or closed");
    within(SECOND, "the origin's end", socket.origin.closed()).await;
}
