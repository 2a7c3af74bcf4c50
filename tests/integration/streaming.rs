//! Endless bodies pass write by write, and both ends hear at once when the other one goes.

use tokio::time::timeout;

use crate::support::{
    Cut, ENDLESS, Kind, LAST_CHUNK, PLAY, SECOND, Stage, Stream, Viewer, chunk, get, http2_request,
    ok, within,
};

/// Sizes of an origin's writes: a byte, FLV tags, and more than a TLS record or an HTTP/2 frame.
const WRITES: [usize; 10] = [1, 2, 13, 188, 1316, 1400, 16_384, 16_385, 40_000, 65_536];

/// The nth write: its bytes differ from those of any other.
fn bytes(number: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + number * 7) as u8).collect()
}

/// Write k + 1 is made only when the viewer has seen write k, so nothing may be held back.
async fn passes_write_by_write(kind: Kind) {
    let stage = Stage::new().await;
    let mut stream = Stream::start(&stage, kind).await;
    stream.passes(b"FLV\x01\x05\0\0\0\x09\0\0\0\0").await;
    for (number, length) in WRITES.into_iter().cycle().take(200).enumerate() {
        stream.passes(&bytes(number, length)).await;
    }
}

#[tokio::test]
async fn a_stream_over_plain_http_passes_write_by_write() {
    passes_write_by_write(Kind::Plain).await;
}

#[tokio::test]
async fn a_stream_over_http1_passes_write_by_write() {
    passes_write_by_write(Kind::Http1).await;
}

#[tokio::test]
async fn a_stream_over_http2_passes_write_by_write() {
    passes_write_by_write(Kind::Http2).await;
}

#[tokio::test]
async fn a_stream_over_websocket_passes_write_by_write() {
    passes_write_by_write(Kind::WebSocket).await;
}

#[tokio::test]
async fn a_stream_over_websocket_of_http2_passes_write_by_write() {
    passes_write_by_write(Kind::Http2WebSocket).await;
}

/// Old origins mark the end of a stream by closing it.
#[tokio::test]
async fn a_stream_without_a_length_passes_write_by_write() {
    let stage = Stage::new().await;
    let mut viewer = stage.http1().await;
    viewer.send(get(PLAY, "/live.flv")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin
        .send("HTTP/1.0 200 OK\r\nContent-Type: video/x-flv\r\n\r\n")
        .await;
    assert_eq!(viewer.response().await.status(), 200);
    for (number, length) in WRITES.into_iter().enumerate() {
        let written = bytes(number, length);
        let (_, seen) = tokio::join!(origin.send(&written), viewer.part(length));
        assert!(seen == written, "write {number}");
    }
    drop(origin);
    assert_eq!(viewer.body().await, Ok(Vec::new()), "a clean end");
}

/// The head arrives before the first byte of the body is there: players show a state by it.
#[tokio::test]
async fn a_head_is_not_held_back() {
    let stage = Stage::new().await;
    for kind in Kind::ALL {
        // Waits for the head with nothing written after it.
        Stream::start(&stage, kind).await;
    }
}

/// The viewer goes while the origin is silent: only the edge can tell it.
async fn leaving_ends_the_request(kind: Kind) {
    let stage = Stage::new().await;
    let Stream { mut feed, viewer } = {
        let mut stream = Stream::start(&stage, kind).await;
        stream.passes(b"hello").await;
        stream
    };
    // Kept: over HTTP/2 only the stream is left, not the connection.
    let _connection = match viewer {
        Viewer::Wire { wire, .. } => {
            drop(wire);
            None
        }
        Viewer::Http2 {
            body,
            upload,
            connection,
        } => {
            drop((body, upload));
            Some(connection)
        }
    };
    within(
        SECOND,
        "the end of the origin's request",
        feed.wire.closed(),
    )
    .await;
}

#[tokio::test]
async fn leaving_over_plain_http_ends_the_request() {
    leaving_ends_the_request(Kind::Plain).await;
}

#[tokio::test]
async fn leaving_over_http1_ends_the_request() {
    leaving_ends_the_request(Kind::Http1).await;
}

#[tokio::test]
async fn leaving_over_http2_ends_the_request() {
    leaving_ends_the_request(Kind::Http2).await;
}

#[tokio::test]
async fn leaving_over_websocket_ends_the_request() {
    leaving_ends_the_request(Kind::WebSocket).await;
}

#[tokio::test]
async fn leaving_over_websocket_of_http2_ends_the_request() {
    leaving_ends_the_request(Kind::Http2WebSocket).await;
}

/// The same before the origin has answered anything.
#[tokio::test]
async fn leaving_before_the_answer_ends_the_request() {
    let stage = Stage::new().await;
    for mut viewer in [stage.plain().await, stage.http1().await] {
        viewer.send(get(PLAY, "/live.flv")).await;
        let (_, mut origin) = stage.origin.request().await;
        drop(viewer);
        within(SECOND, "the end of the origin's request", origin.closed()).await;
    }
    let mut connection = stage.http2().await;
    let (asked, _) = connection
        .open(http2_request("GET", PLAY, "/live.flv"), true)
        .await;
    let (_, mut origin) = stage.origin.request().await;
    drop(asked);
    within(SECOND, "the end of the origin's request", origin.closed()).await;
    assert!(connection.is_open().await);
}

/// How an origin's answer stops short.
const BROKEN_OFF: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
];

#[tokio::test]
async fn an_origin_that_dies_cuts_http1() {
    let stage = Stage::new().await;
    for answer in BROKEN_OFF {
        for mut viewer in [stage.plain().await, stage.http1().await] {
            viewer.send(get(PLAY, "/live.flv")).await;
            let (_, mut origin) = stage.origin.request().await;
            origin.send(answer).await;
            viewer.response().await;
            assert_eq!(viewer.part(5).await, b"hello");
            drop(origin);
            assert_eq!(viewer.body().await, Err(Cut), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn an_origin_that_dies_resets_the_http2_stream_alone() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    for answer in BROKEN_OFF {
        let served = async {
            let (_, mut origin) = stage.origin.request().await;
            origin.send(answer).await;
            origin
        };
        let watch = connection.watch(PLAY, "/live.flv");
        let (origin, (_, mut body)) = tokio::join!(served, watch);
        assert_eq!(body.part(5).await, b"hello");
        drop(origin);
        let cut = body.rest().await.expect_err("the body stops short");
        assert!(cut.is_reset(), "{answer:?}: {cut:?}");
    }
    assert!(connection.is_open().await, "other streams go on");
}

#[tokio::test]
async fn a_stream_that_ends_well_is_not_cut() {
    let stage = Stage::new().await;
    for kind in [Kind::Plain, Kind::Http1, Kind::Http2] {
        let mut stream = Stream::start(&stage, kind).await;
        stream.passes(b"hello").await;
        stream.feed.wire.send(LAST_CHUNK).await;
        let rest = match &mut stream.viewer {
            Viewer::Wire { wire, .. } => wire.body().await.ok(),
            Viewer::Http2 { body, .. } => body.rest().await.ok(),
        };
        assert_eq!(rest, Some(Vec::new()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_request_body_over_http1_passes_write_by_write() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let head =
        format!("POST /publish HTTP/1.1\r\nHost: {PLAY}\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(head).await;
    let (_, mut origin) = stage.origin.request().await;
    for (number, length) in WRITES.into_iter().enumerate() {
        let written = bytes(number, length);
        let (_, seen) = tokio::join!(client.send(chunk(&written)), origin.part(length));
        assert!(seen == written, "write {number}");
    }
    client.send(LAST_CHUNK).await;
    assert_eq!(origin.body().await, Ok(Vec::new()), "a clean end");
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status(), 200);
}

#[tokio::test]
async fn a_request_body_over_http2_passes_write_by_write() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    let request = http2_request("POST", PLAY, "/publish");
    let (asked, mut upload) = connection.open(request, false).await;
    let (_, mut origin) = stage.origin.request().await;
    for (number, length) in WRITES.into_iter().enumerate() {
        let written = bytes(number, length);
        let (_, seen) = tokio::join!(upload.send(&written, false), origin.part(length));
        assert!(seen == written, "write {number}");
    }
    upload.send(b"end", true).await;
    assert_eq!(origin.body().await.expect("a whole body"), b"end");
    origin.send(ok("")).await;
    let (head, _) = asked.answer().await.expect("an answer");
    assert_eq!(head.status, 200);
}

/// A publisher that goes in the middle of its body does not look like one that has finished.
#[tokio::test]
async fn a_client_that_dies_cuts_the_request_body() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    let head =
        format!("POST /publish HTTP/1.1\r\nHost: {PLAY}\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(head).await;
    client.send(chunk(b"hello")).await;
    let (_, mut origin) = stage.origin.request().await;
    assert_eq!(origin.part(5).await, b"hello");
    drop(client);
    assert_eq!(within(SECOND, "the cut", origin.body()).await, Err(Cut));
}

/// A viewer that does not read holds back its own stream only, and its origin.
#[tokio::test]
async fn a_stalled_viewer_holds_nobody_else_back() {
    let stage = Stage::new().await;
    let mut connection = stage.http2().await;
    let served = async {
        let (_, mut origin) = stage.origin.request().await;
        origin.send(ENDLESS).await;
        origin
    };
    let (mut stalled, (_, _unread)) = tokio::join!(served, connection.watch(PLAY, "/stalled.flv"));
    let block = chunk(&[0; 65_536]);
    let mut taken = 0;
    // Until nothing more is taken for a while.
    while timeout(SECOND / 2, stalled.try_send(&block)).await.is_ok() {
        taken += block.len();
        assert!(taken < 64 << 20, "the origin is held back");
    }
    let mut stream = Stream::start(&stage, Kind::Http1).await;
    stream.passes(b"others go on").await;
}
