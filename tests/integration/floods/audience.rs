//! Viewers who play through a flood, and note how long nothing came.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::scene::Scene;
use crate::support::{Apart, PLAY, Viewer, Wire, get};

/// Frames of 25 a second, 4 Mbit/s.
const STREAM: &str = "/20000/40";

/// How many play through the edge, so that there are some on each of its workers.
const VIEWERS: usize = 8;

/// What the viewers had to wait.
#[derive(Clone, Copy)]
pub(super) struct Gaps {
    /// The longest one of those who play through the edge.
    pub(super) through: Duration,
    /// The longest one of those who play from the origin itself at the same time.
    pub(super) direct: Duration,
    /// Viewers whose streams ended.
    pub(super) cut: usize,
}

/// Viewers on a thread of their own.
pub(super) struct Audience(Apart<Gaps>);

impl Audience {
    /// They play for so long.
    pub(super) async fn play(scene: &Scene, span: Duration) -> Self {
        let mut direct = Vec::new();
        for _ in 0..2 {
            let mut wire = Wire::connect(scene.source.address()).await;
            wire.send(get(PLAY, STREAM)).await;
            direct.push(Viewer::Wire { wire, raw: true });
        }
        let mut through = Vec::new();
        for number in 0..VIEWERS {
            through.push(match number % 2 {
                0 => scene.http1_viewer(STREAM).await,
                _ => scene.http2_viewer(STREAM).await,
            });
        }
        Self(Apart::run(watch(through, direct, span)))
    }

    pub(super) async fn gaps(self) -> Gaps {
        self.0.done().await
    }
}

async fn watch(through: Vec<Viewer>, direct: Vec<Viewer>, span: Duration) -> Gaps {
    let end = Instant::now() + span;
    let play = |viewers: Vec<Viewer>| {
        let viewers = viewers.into_iter();
        viewers
            .map(|viewer| longest_gap(viewer, end))
            .collect::<JoinSet<_>>()
    };
    let (through, direct) = (play(through), play(direct));
    let (through, direct) = (through.join_all().await, direct.join_all().await);
    let longest = |gaps: &[(Duration, bool)]| gaps.iter().map(|gap| gap.0).max();
    Gaps {
        through: longest(&through).unwrap_or_default(),
        direct: longest(&direct).unwrap_or_default(),
        cut: through.iter().filter(|gap| gap.1).count(),
    }
}

/// The longest time in which nothing came, and whether the stream ended.
async fn longest_gap(mut viewer: Viewer, end: Instant) -> (Duration, bool) {
    let mut longest = Duration::ZERO;
    let mut last = None;
    loop {
        let came = timeout_at(end, some(&mut viewer)).await;
        let gap = last.map_or(Duration::ZERO, |last: Instant| last.elapsed());
        longest = longest.max(gap);
        last = Some(Instant::now());
        match came {
            Err(_) => return (longest, false),
            Ok(None) => return (longest, true),
            Ok(Some(_)) => {}
        }
    }
}

async fn some(viewer: &mut Viewer) -> Option<Bytes> {
    let bytes = match viewer {
        Viewer::Wire { wire, .. } => wire.some().await.ok(),
        Viewer::Http2 { body, .. } => body.some().await.ok(),
    };
    bytes.filter(|bytes| !bytes.is_empty())
}
