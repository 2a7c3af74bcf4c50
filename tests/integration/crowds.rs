//! Many viewers at once, and what they cost: memory, and the others' patience. The full figures are
//! taken with the others of `timing`.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{
    Ca, ConfigDir, Domain, Edge, PATIENCE, PLAY, SECOND, Source, TlsClient, Wire, eventually, get,
    pause,
};
use crate::timing::Figures;

/// An edge before a source.
struct Crowd {
    ca: Ca,
    edge: Edge,
    source: Source,
}

impl Crowd {
    async fn start(viewer_stall: &str) -> Self {
        let (ca, source) = (Ca::new(), Source::start().await);
        let config = ConfigDir::new()
            .set("timeouts.viewer_stall", viewer_stall)
            .set("log.access", "false");
        config.install("play", &ca.issue(&[PLAY]));
        let domain = Domain::named(PLAY).origin(source.url());
        config.domain(&domain.certificate("play"));
        let edge = Edge::start(config).await;
        Self { ca, edge, source }
    }

    /// A viewer who has the head of the response.
    async fn viewer(&self, target: &str) -> Wire {
        let client = TlsClient::trusting(&self.ca);
        let tls = client.connect(self.edge.https(), PLAY).await;
        let mut wire = tls.expect("it is served").http1();
        wire.send(get(PLAY, target)).await;
        assert_eq!(wire.response().await.status(), 200);
        wire
    }

    async fn viewers(&self, count: usize, target: &str) -> Vec<Wire> {
        let mut viewers = Vec::new();
        for _ in 0..count {
            viewers.push(self.viewer(target).await);
        }
        viewers
    }

    /// Viewers who take nothing, beside those who do: what that costs, in bytes, and the longest gap
    /// of the others. All that took nothing are cut, and their origin's connections with them.
    async fn stalls(self, stalled: usize, healthy: usize) -> (usize, Duration) {
        // 20 Mbit/s.
        let target = "/100000/40";
        let playing = self.viewers(healthy, target).await;
        let mut playing: JoinSet<_> = playing.into_iter().map(longest_gap).collect();
        pause(SECOND).await;
        let before = self.edge.program.memory();
        let unread = self.viewers(stalled, target).await;
        let mut most = before;
        eventually(
            PATIENCE * 2,
            "the end of all who took nothing",
            async || {
                most = most.max(self.edge.program.memory());
                (self.source.streams() == healthy).then_some(())
            },
        )
        .await;
        let labels = [("reason", "viewer_stalled")];
        let expected = u32::try_from(stalled).expect("it fits").into();
        self.edge
            .counts("lockgate_streams_cut_total", &labels, expected)
            .await;
        drop((unread, self));
        let mut longest = Duration::ZERO;
        while let Some(gap) = playing.join_next().await {
            longest = longest.max(gap.expect("no task panics"));
        }
        (most - before, longest)
    }
}

/// Reads until the end; the longest time in which nothing came.
async fn longest_gap(mut viewer: Wire) -> Duration {
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    while viewer.some().await.is_ok() {
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    longest
}

#[tokio::test]
async fn stalled_viewers_cost_little_and_are_cut() {
    let crowd = Crowd::start(r#""2s""#).await;
    let (memory, _) = crowd.stalls(40, 4).await;
    assert!(memory < 40 << 20, "{memory} bytes");
}

/// The figure: 200 of them at 20 Mbit/s beside 50 who play on.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn two_hundred_stalled_viewers_disturb_nobody() {
    let crowd = Crowd::start(r#""10s""#).await;
    let (memory, gap) = crowd.stalls(200, 50).await;
    println!(
        "200 stalled viewers: {:.1} MB, longest gap of 50 others {gap:?}",
        memory as f64 / 1e6
    );
    assert!(memory <= 40_000_000);
    assert!(gap < Duration::from_millis(200));
}

/// The figure: 2,000 viewers, and a playlist beside them.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
async fn two_thousand_viewers_leave_room_for_a_playlist() {
    const VIEWERS: usize = 2_000;
    let crowd = Crowd::start(r#""30s""#).await;
    let mut playlist = crowd.viewer("/playlist.m3u8").await;
    playlist.body().await.expect("it is whole");
    let before = crowd.edge.program.memory();
    let viewers = crowd.viewers(VIEWERS, "/2000/200").await;
    let mut playing: JoinSet<_> = viewers.into_iter().map(longest_gap).collect();
    let mut times = Vec::new();
    for _ in 0..300 {
        let asked = Instant::now();
        playlist.send(get(PLAY, "/playlist.m3u8")).await;
        assert_eq!(playlist.response().await.status(), 200);
        playlist.body().await.expect("it is whole");
        times.push(asked.elapsed());
        pause(SECOND / 50).await;
    }
    let memory = crowd.edge.program.memory() - before;
    let each = memory as f64 / VIEWERS as f64 / 1e3;
    println!("2,000 viewers over TLS: {each:.1} KB each");
    let figures = Figures::of(times);
    figures.report("a playlist beside them");
    drop(crowd);
    while playing.join_next().await.is_some() {}
    assert!(each <= 30.0);
    assert!(figures.percentile(99) <= Duration::from_millis(50));
}
