//! How much an origin has to do at once.

use crate::support::{
    ConfigDir, Domain, ENDLESS, Edge, Origin, PATIENCE, PLAY, Responder, SWITCHING, Wire,
    eventually, get, ok, upgrade,
};

/// An edge with two workers whose domain has this origin and keys.
async fn edge(origin: &str, keys: &[(&'static str, &str)]) -> Edge {
    let config = ConfigDir::new();
    let domain = Domain::named(PLAY).origin(origin);
    let with = |domain: Domain, (key, value): &(&'static str, &str)| domain.with(key, *value);
    config.domain(&keys.iter().fold(domain, with));
    Edge::start(config).await
}

/// A viewer who was sent the begin of a stream, and the origin's end of it.
async fn viewer(edge: &Edge, origin: &Origin, request: &str, answer: &str) -> (Wire, Wire) {
    let mut viewer = Wire::connect(edge.http()).await;
    viewer.send(request).await;
    let (_, mut wire) = origin.request().await;
    wire.send(answer).await;
    let status = viewer.response().await.status();
    assert!(status == 200 || status == 101, "{status}");
    (viewer, wire)
}

#[tokio::test]
async fn viewers_who_stay_leave_room_for_a_playlist() {
    let origin = Origin::start().await;
    let edge = edge(
        &origin.url(),
        &[("max_streams", "2"), ("max_requests", "1")],
    )
    .await;
    let flv = get(PLAY, "/live.flv");
    let first = viewer(&edge, &origin, &flv, ENDLESS).await;
    let socket = upgrade(PLAY, "/socket");
    let second = viewer(&edge, &origin, &socket, SWITCHING).await;
    let labels: &[(&str, &str)] = &[("origin", &origin.url()), ("kind", "streams")];
    edge.counts("lockgate_origin_running", labels, 2.0).await;

    // A third one is turned away, and its connection to the origin is closed.
    let mut third = Wire::connect(edge.http()).await;
    third.send(&flv).await;
    let (_, mut wire) = origin.request().await;
    wire.send(ENDLESS).await;
    let refused = third.response().await;
    assert_eq!(refused.status(), 503);
    let seconds = refused.one("retry-after").expect("when to come again");
    assert!(
        (1..=10).contains(&seconds.parse().expect("seconds")),
        "{seconds}"
    );
    third.body().await.expect("the refusal is whole");
    edge.counts("lockgate_origin_refused_total", labels, 1.0)
        .await;

    // While a playlist passes, also one of unknown length.
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mut other = Wire::connect(edge.http()).await;
    other.send(get(PLAY, "/live.m3u8")).await;
    let (_, mut wire) = origin.request().await;
    wire.send(answer).await;
    assert_eq!(other.response().await.status(), 200);

    // And one who leaves makes room for the next.
    drop((first, second));
    edge.counts("lockgate_origin_running", labels, 0.0).await;
    viewer(&edge, &origin, &flv, ENDLESS).await;
}

#[tokio::test]
async fn requests_beyond_the_limit_go_elsewhere_or_are_turned_away() {
    let origin = Origin::start().await;
    let edge = edge(&origin.url(), &[("max_requests", "1")]).await;
    let mut first = Wire::connect(edge.http()).await;
    first.send(get(PLAY, "/slow")).await;
    let (_, mut wire) = origin.request().await;
    assert_eq!(edge.plain(PLAY, "/").await.status(), 503);
    let other = Responder::start("other").await;
    let origins = format!("[\"{}\", \"{}\"]", origin.url(), other.url());
    let both = Domain::named(PLAY)
        .with("origins", origins)
        .with("max_requests", "1");
    edge.config.domain(&both);
    eventually(PATIENCE, "the other origin to be asked", async || {
        (edge.plain(PLAY, "/").await.status() == 200).then_some(())
    })
    .await;
    for _ in 0..10 {
        assert_eq!(edge.plain(PLAY, "/").await.text(), "other");
    }
    wire.send(ok("done")).await;
    assert_eq!(first.response().await.status(), 200);
}
