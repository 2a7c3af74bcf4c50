//! Figures that only a quiet machine and an optimized build give. They are printed, and asserted
//! against the goals: `cargo test --release --test integration -- --ignored --nocapture`.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::rotation::Prober;
use crate::support::{Kind, PLAY, Stage, Stream};

/// Sorted measurements.
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// The smallest measurement that so many percent do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0[rank.saturating_sub(1)]
    }

    #[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
    pub(crate) fn report(&self, what: &str) {
        let [median, p99, longest] = [50, 99, 100].map(|percent| self.percentile(percent));
        println!("{what}: median {median:?}, p99 {p99:?}, longest {longest:?}");
    }
}

/// From the rename of the last file of a pair to the first handshake that serves the new leaf.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
async fn a_rotation_is_served_within_300_ms() {
    let stage = Stage::new().await;
    let prober = Prober::new(&stage);
    let mut times = Vec::new();
    for _ in 0..100 {
        let pair = stage.ca.issue(&[PLAY]);
        stage.edge.config.install("play", &pair);
        let renamed = Instant::now();
        prober.serves(&pair).await;
        times.push(renamed.elapsed());
    }
    let figures = Figures::of(times);
    figures.report("rename to new leaf");
    assert!(figures.percentile(99) < Duration::from_millis(300));
}

/// From a write at the origin to its last byte at the viewer. The whole way is measured, which is no
/// less than what the edge adds to it.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
async fn a_write_reaches_the_viewer_within_5_ms() {
    let stage = Stage::new().await;
    for kind in Kind::ALL {
        let stream = Stream::start(&stage, kind).await;
        let figures = Figures::of(delays(stream).await);
        figures.report(&format!("origin to viewer, {kind:?}"));
        assert!(
            figures.percentile(99) <= Duration::from_millis(5),
            "{kind:?}"
        );
    }
}

/// The delay of each of a few hundred writes, 40 ms apart as frames of 25 a second are.
async fn delays(mut stream: Stream) -> Vec<Duration> {
    const SIZES: [usize; 8] = [1, 100, 1_316, 4_096, 16_384, 20_000, 40_000, 65_536];
    let mut clock = interval(Duration::from_millis(40));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut delays = Vec::new();
    for size in SIZES.into_iter().cycle().take(300) {
        let bytes = vec![0x46; size];
        clock.tick().await;
        let written = Instant::now();
        stream.passes(&bytes).await;
        delays.push(written.elapsed());
    }
    delays
}
