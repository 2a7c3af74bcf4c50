//! HTTP/2's flow control in the way of streams: it holds none back that its viewer takes.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::support::{
    Body, Ca, ConfigDir, DelayLine, Domain, Edge, Http2, PLAY, SECOND, Source, TlsClient, Wire, get,
};

/// An edge before a source.
struct Scene {
    ca: Ca,
    edge: Edge,
    _source: Source,
}

impl Scene {
    async fn start() -> Self {
        let (ca, source) = (Ca::new(), Source::start().await);
        let config = ConfigDir::new().set("log.access", "false");
        config.install("play", &ca.issue(&[PLAY]));
        let domain = Domain::named(PLAY).origin(source.url());
        config.domain(&domain.certificate("play"));
        let edge = Edge::start(config).await;
        Self {
            ca,
            edge,
            _source: source,
        }
    }

    /// A connection over a way that takes so long in each direction.
    async fn http2(&self, way: &DelayLine) -> Http2 {
        let client = TlsClient::trusting(&self.ca).offering(&["h2"]);
        let tls = client.connect(way.address(), PLAY).await;
        tls.expect("it is served").http2().await
    }

    async fn http1(&self, way: &DelayLine) -> Wire {
        let client = TlsClient::trusting(&self.ca);
        let tls = client.connect(way.address(), PLAY).await;
        tls.expect("it is served").http1()
    }
}

/// Streams of 4 Mbit/s on one connection, one of them paused: the longest gap of the others.
async fn gap_beside_a_paused_stream(streams: usize, span: Duration) -> Duration {
    let scene = Scene::start().await;
    let way = DelayLine::to(scene.edge.https(), Duration::ZERO).await;
    let mut connection = scene.http2(&way).await;
    let mut bodies = Vec::new();
    for _ in 0..streams {
        bodies.push(connection.watch(PLAY, "/20000/40").await.1);
    }
    let _paused = bodies.pop().expect("there are some");
    let end = Instant::now() + span;
    let playing = bodies.into_iter().map(|body| longest_gap(body, end));
    let gaps = playing.collect::<JoinSet<_>>().join_all().await;
    gaps.into_iter().max().unwrap_or_default()
}

async fn longest_gap(mut body: Body, end: Instant) -> Duration {
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    while let Ok(bytes) = timeout_at(end, body.some()).await {
        assert!(!bytes.expect("it is not reset").is_empty(), "it goes on");
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    longest
}

/// What came of a stream of 50 Mbit/s over a way of 100 ms there and back, in bytes: over HTTP/1.1
/// and over HTTP/2.
async fn over_a_long_way(span: Duration) -> [usize; 2] {
    const STREAM: &str = "/62500/10";
    let scene = Scene::start().await;
    let way = DelayLine::to(scene.edge.https(), SECOND / 20).await;
    let mut wire = scene.http1(&way).await;
    wire.send(get(PLAY, STREAM)).await;
    wire.response().await;
    let (mut end, mut first) = (Instant::now() + span, 0);
    while let Ok(Ok(bytes)) = timeout_at(end, wire.piece(usize::MAX)).await {
        first += bytes.len();
    }
    drop(wire);
    let (_, mut body) = scene.http2(&way).await.watch(PLAY, STREAM).await;
    let mut second = 0;
    end = Instant::now() + span;
    while let Ok(Ok(bytes)) = timeout_at(end, body.some()).await {
        second += bytes.len();
    }
    [first, second]
}

#[tokio::test]
async fn a_paused_stream_holds_none_of_its_neighbours_back() {
    gap_beside_a_paused_stream(20, SECOND).await;
}

#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn nineteen_streams_play_on_beside_a_paused_one() {
    let gap = gap_beside_a_paused_stream(20, SECOND * 10).await;
    println!("20 streams on one connection, one paused: longest gap of the others {gap:?}");
    assert!(gap < SECOND / 10);
}

#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn http2_is_as_fast_as_http1_over_a_long_way() {
    let [first, second] = over_a_long_way(SECOND * 5).await;
    let rate = |bytes: usize| bytes as f64 * 8.0 / 5.0 / 1e6;
    println!(
        "50 Mbit/s at 100 ms: HTTP/1.1 {:.1} Mbit/s, HTTP/2 {:.1} Mbit/s",
        rate(first),
        rate(second)
    );
    assert!(second * 10 >= first * 9);
}
