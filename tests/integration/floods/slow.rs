//! Connections that take their time, in each of the phases that one has.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::target::{Target, put};
use crate::corpus::frames::{PREFACE, SETTINGS, frame};
use crate::support::{Hello, PLAY};

/// Where a connection takes its time.
#[derive(Clone, Copy)]
enum Phase {
    /// The ClientHello comes byte by byte.
    Hello,
    /// Nothing comes after the handshake.
    Silent,
    /// The head of a request comes byte by byte.
    Head,
    /// There is no preface of HTTP/2.
    NoPreface,
    /// The preface comes byte by byte.
    Preface,
    /// The body of a request stops in the middle.
    Body,
}

const PHASES: [Phase; 6] = [
    Phase::Hello,
    Phase::Silent,
    Phase::Head,
    Phase::NoPreface,
    Phase::Preface,
    Phase::Body,
];

/// All phases at once.
pub(super) async fn every_phase(target: &Arc<Target>) {
    hold(target, &PHASES).await;
}

/// TCP connections and nothing more.
pub(super) async fn half_open(target: &Arc<Target>) {
    let mut held = JoinSet::new();
    for _ in 0..HALF_OPEN {
        let target = Arc::clone(target);
        held.spawn(async move {
            while target.goes_on() {
                let Some(mut stream) = target.tcp(target.https).await else {
                    continue;
                };
                target.tried(1);
                target.until_end(ended(&mut stream)).await;
            }
        });
    }
    while held.join_next().await.is_some() {}
}

async fn hold(target: &Arc<Target>, phases: &[Phase]) {
    let mut held = JoinSet::new();
    for phase in phases.iter().copied().cycle().take(HELD) {
        let target = Arc::clone(target);
        held.spawn(async move {
            while target.goes_on() {
                target.until_end(once(&target, phase)).await;
            }
        });
    }
    while held.join_next().await.is_some() {}
}

/// One connection from its beginning to the end that the edge gives it.
async fn once(target: &Target, phase: Phase) {
    if let Phase::Hello = phase {
        let hello = Hello::named(PLAY).record();
        if let Some(stream) = target.tcp(target.https).await {
            target.tried(1);
            trickle(stream, b"", &hello).await;
        }
        return;
    }
    let protocol = match phase {
        Phase::NoPreface | Phase::Preface => "h2",
        _ => "http/1.1",
    };
    let Some(mut stream) = target.tls(protocol).await else {
        return;
    };
    target.tried(1);
    let head = format!("GET /flood/0 HTTP/1.1\r\nHost: {PLAY}\r\n");
    let post =
        format!("POST /flood/0 HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 9000\r\n\r\nhalf");
    let preface = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
    match phase {
        Phase::Silent | Phase::NoPreface => ended(&mut stream).await,
        Phase::Body => {
            let _ = put(&mut stream, post.as_bytes()).await;
            ended(&mut stream).await;
        }
        Phase::Preface => trickle(stream, b"", &preface).await,
        Phase::Hello | Phase::Head => {
            let more = b"X-More: and more\r\n".repeat(1_000);
            trickle(stream, head.as_bytes(), &more).await;
        }
    }
}

/// Sends a start, and the rest byte by byte.
async fn trickle(mut stream: impl AsyncRead + AsyncWrite + Unpin, start: &[u8], rest: &[u8]) {
    let _ = put(&mut stream, start).await;
    for byte in rest.chunks(1) {
        if put(&mut stream, byte).await.is_err() {
            return;
        }
        let over = timeout(TRICKLE, ended(&mut stream)).await;
        if over.is_ok() {
            return;
        }
    }
    sleep(TRICKLE).await;
}

/// Waits until the edge ends it.
async fn ended(stream: &mut (impl AsyncRead + Unpin)) {
    let mut bytes = [0; 1024];
    while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
}

/// Connections that one attacker has open.
const HELD: usize = 120;

const HALF_OPEN: usize = 400;

/// Slow enough to last, fast enough to be progress.
const TRICKLE: Duration = Duration::from_millis(100);
