//! WebSockets over HTTP/1.1.

use crate::support::{PLAY, SECOND, SWITCHING, Stage, Wire, ok, upgrade, within};

/// A connected pair: the client's end and the origin's.
async fn connect(stage: &Stage, mut client: Wire) -> (Wire, Wire) {
    client.send(upgrade(PLAY, "/live")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send(SWITCHING).await;
    assert_eq!(client.response().await.status(), 101);
    (client, origin)
}

#[tokio::test]
async fn the_handshake_passes_both_ways() {
    let stage = Stage::new().await;
    for mut client in [stage.plain().await, stage.http1().await] {
        client.send(upgrade(PLAY, "/live/a.flv?token=b")).await;
        let (seen, mut origin) = stage.origin.request().await;
        assert_eq!(seen.target(), "/live/a.flv?token=b");
        let field = |name| seen.one(name).unwrap_or_default().to_ascii_lowercase();
        assert_eq!(field("connection"), "upgrade");
        assert_eq!(field("upgrade"), "websocket");
        assert_eq!(field("sec-websocket-version"), "13");
        assert_eq!(
            seen.one("sec-websocket-key"),
            Some("dGhlIHNhbXBsZSBub25jZQ==")
        );
        assert_eq!(seen.one("x-forwarded-for"), Some("127.0.0.1"));

        origin.send(SWITCHING).await;
        let head = client.response().await;
        assert_eq!(head.status(), 101);
        let field = |name| head.one(name).unwrap_or_default().to_ascii_lowercase();
        assert_eq!(field("connection"), "upgrade");
        assert_eq!(field("upgrade"), "websocket");
        let accept = head.one("sec-websocket-accept");
        assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }
}

#[tokio::test]
async fn bytes_pass_both_ways_write_by_write() {
    let stage = Stage::new().await;
    for client in [stage.plain().await, stage.http1().await] {
        let (mut client, mut origin) = connect(&stage, client).await;
        for length in [1, 2, 125, 126, 4_096, 65_536, 200_000] {
            let bytes = vec![length as u8; length];
            let (_, seen) = tokio::join!(client.send(&bytes), origin.exactly(length));
            assert!(seen == bytes, "{length} bytes up");
            let (_, seen) = tokio::join!(origin.send(&bytes), client.exactly(length));
            assert!(seen == bytes, "{length} bytes down");
        }
    }
}

/// What is sent in one packet with the handshake is not lost.
#[tokio::test]
async fn bytes_right_behind_the_handshake_arrive() {
    let stage = Stage::new().await;
    let mut client = stage.http1().await;
    client.send(upgrade(PLAY, "/live") + "early up").await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send(SWITCHING.to_owned() + "early down").await;
    assert_eq!(client.response().await.status(), 101);
    assert_eq!(&client.exactly(10).await[..], b"early down");
    assert_eq!(&origin.exactly(8).await[..], b"early up");
}

#[tokio::test]
async fn either_end_may_close() {
    let stage = Stage::new().await;
    let (client, mut origin) = connect(&stage, stage.http1().await).await;
    drop(client);
    within(SECOND, "the origin's end", origin.closed()).await;
    let (mut client, origin) = connect(&stage, stage.http1().await).await;
    drop(origin);
    within(SECOND, "the client's end", client.closed()).await;
}

/// The last bytes before an end arrive before it does.
#[tokio::test]
async fn last_words_arrive() {
    let stage = Stage::new().await;
    let (mut client, mut origin) = connect(&stage, stage.http1().await).await;
    let bytes = vec![7; 100_000];
    let ((), seen) = tokio::join!(
        async {
            origin.send(&bytes).await;
            origin.finish().await;
        },
        client.closed(),
    );
    assert!(seen == bytes, "{} of {} bytes", seen.len(), bytes.len());
}

/// An origin may refuse; the connection ends with its answer.
#[tokio::test]
async fn an_origin_may_refuse() {
    let stage = Stage::new().await;
    for (status, answer) in [
        (200, ok("no socket")),
        (404, ok("none").replace("200 OK", "404 Not Found")),
        (426, ok("").replace("200 OK", "426 Upgrade Required")),
    ] {
        let mut client = stage.http1().await;
        client.send(upgrade(PLAY, "/live")).await;
        let (_, mut origin) = stage.origin.request().await;
        origin.send(answer).await;
        drop(origin);
        assert_eq!(client.response().await.status(), status);
        client.body().await.expect("a whole body");
        // What a client sends behind such a request may be no request.
        assert!(client.closed().await.is_empty(), "{status}");
    }
}

/// Another protocol than WebSocket is not asked for at the origin.
#[tokio::test]
async fn other_upgrades_are_ignored() {
    let stage = Stage::new().await;
    for upgrade in ["h2c", "TLS/1.0", "IRC/6.9", "websocket2", "foo, bar"] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {PLAY}\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n"
        );
        let (seen, response) = stage.exchange1(&request, &ok("hello")).await;
        assert_eq!(seen.one("upgrade"), None, "{upgrade}");
        assert_eq!(response.text(), "hello", "{upgrade}");
    }
    // Without `Connection: Upgrade` the field says nothing.
    let request = format!("GET / HTTP/1.1\r\nHost: {PLAY}\r\nUpgrade: websocket\r\n\r\n");
    let (seen, _) = stage.exchange1(&request, &ok("")).await;
    assert_eq!(seen.one("upgrade"), None);
}

/// Names of protocols and options are case-insensitive, and browsers send `keep-alive` along.
#[tokio::test]
async fn the_upgrade_is_recognized_as_clients_write_it() {
    let stage = Stage::new().await;
    for (connection, protocol) in [
        ("upgrade", "WebSocket"),
        ("keep-alive, Upgrade", "websocket"),
        ("UPGRADE", "WEBSOCKET"),
    ] {
        let mut client = stage.http1().await;
        let request = upgrade(PLAY, "/live")
            .replace("Connection: Upgrade", &format!("Connection: {connection}"))
            .replace("Upgrade: websocket", &format!("Upgrade: {protocol}"));
        client.send(request).await;
        let (_, mut origin) = stage.origin.request().await;
        origin.send(SWITCHING).await;
        assert_eq!(
            client.response().await.status(),
            101,
            "{connection}, {protocol}"
        );
    }
}
