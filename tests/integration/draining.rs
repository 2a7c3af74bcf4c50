//! How viewers leave a process that stops: over a time, each in the way of its protocol.

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{Kind, PATIENCE, PLAY, SECOND, Stage, Stream, Viewer, eventually, ok, within};

/// When each of these streams ended, in whole seconds from now on.
pub(crate) async fn ends(streams: Vec<Stream>) -> Vec<usize> {
    let begin = Instant::now();
    let mut watching = JoinSet::new();
    for Stream { feed, viewer } in streams {
        watching.spawn(async move {
            let feeding = tokio::spawn(feed.go_on());
            viewer.end().await;
            feeding.abort();
            begin.elapsed()
        });
    }
    let mut seconds = vec![0; 60];
    while let Some(end) = watching.join_next().await {
        let second = end.expect("no task panics").as_secs();
        seconds[usize::try_from(second).expect("it fits")] += 1;
    }
    seconds
}

/// As many closes as there may be in a second: twice as many as if all were spread evenly.
#[tokio::test]
async fn viewers_leave_one_after_the_other() {
    const SECONDS: usize = 6;
    let stage = Stage::with(&[("timeouts.drain", r#""6s""#)]).await;
    let mut streams = Vec::new();
    for _ in 0..15 {
        for kind in Kind::ALL {
            streams.push(Stream::start(&stage, kind).await);
        }
    }
    let mean = streams.len() / SECONDS;
    stage.edge.program.signal("TERM");
    let seconds = ends(streams).await;
    let most = seconds.iter().max();
    assert!(most <= Some(&(2 * mean)), "{seconds:?}");
}

#[tokio::test]
async fn each_viewer_is_told_in_the_way_of_its_protocol() {
    let mut stage = Stage::with(&[("timeouts.drain", r#""2s""#)]).await;
    let mut http2 = Stream::start(&stage, Kind::Http2).await;
    let mut socket = Stream::start(&stage, Kind::WebSocket).await;
    // The frame is not whole when the process is told to stop.
    socket.passes(b"\x82\x05abc").await;
    stage.edge.program.signal("TERM");
    socket.passes(b"de").await;
    let Viewer::Wire { wire, .. } = &mut socket.viewer else {
        panic!("it is a WebSocket");
    };
    assert_eq!(*wire.exactly(4).await, *b"\x88\x02\x03\xe9");
    // The client's answer reaches the origin, which closes then.
    wire.send(b"\x88\x82\0\0\0\0\x03\xe9").await;
    assert_eq!(
        *socket.feed.wire.exactly(8).await,
        *b"\x88\x82\0\0\0\0\x03\xe9"
    );
    drop(socket.feed);
    within(SECOND, "the end of the WebSocket", wire.closed()).await;
    let Viewer::Http2 {
        body, connection, ..
    } = &mut http2.viewer
    else {
        panic!("it is HTTP/2");
    };
    let error = body.rest().await.expect_err("the stream is reset");
    assert!(error.is_reset(), "{error}");
    assert!(connection.is_going_away().await);
    let drained = [("message", "stream cut"), ("reason", "drained")];
    stage.edge.log().wait_for(2, &drained).await;
    let status = within(PATIENCE, "the program's end", stage.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

/// Who was accepted gets an answer, and is asked to leave with it.
#[tokio::test]
async fn a_connection_without_a_request_yet_is_answered() {
    let stage = Stage::new().await;
    let running = Stream::start(&stage, Kind::Plain).await;
    let mut viewers = Vec::new();
    for wire in [stage.plain().await, stage.http1().await] {
        viewers.push(wire);
    }
    for viewer in &mut viewers {
        // A head that is not whole yet.
        viewer.send("GET / HTTP/1.1\r\n").await;
    }
    stage.edge.program.signal("TERM");
    eventually(PATIENCE, "new connections to be refused", async || {
        let connected = TcpStream::connect(stage.edge.http()).await;
        connected.is_err().then_some(())
    })
    .await;
    for viewer in &mut viewers {
        viewer.send(format!("Host: {PLAY}\r\n\r\n")).await;
        let (_, mut origin) = stage.origin.request().await;
        origin.send(ok("hello")).await;
        let head = viewer.response().await;
        assert_eq!(
            (head.status(), head.one("connection")),
            (200, Some("close"))
        );
    }
    drop(running);
}
