//! What is too much is refused, and the rest goes on.

use crate::support::{
    ConfigDir, Domain, Edge, PATIENCE, PLAY, Responder, Stage, Wire, eventually, get,
    http2_request, ok, within,
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
    let config = ConfigDir::new();
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
