//! Connections that come and go, and more of them than there are descriptors for.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

use super::target::Target;
use crate::support::{PLAY, get};

/// In turns: a connection and nothing more, a handshake and nothing more, and a request, each ended
/// by RST.
pub(super) async fn churn(target: &Target) {
    while target.goes_on() {
        for to in [target.http, target.https] {
            if let Some(stream) = target.tcp(to).await {
                let _ = stream.set_zero_linger();
            }
        }
        if let Some(mut stream) = target.tls("http/1.1").await {
            let _ = stream.write_all(get(PLAY, "/flood/0").as_bytes()).await;
            target.until_end(stream.read(&mut [0; 64])).await;
            let _ = stream.get_ref().0.set_zero_linger();
        }
        target.tried(3);
    }
}

/// Idle connections, as many as come about.
pub(super) async fn idle(target: &Target) {
    let mut open = Vec::new();
    while target.goes_on() {
        match target.tcp(target.http).await {
            Some(stream) if open.len() < CROWD => {
                target.tried(1);
                open.push(stream);
            }
            _ => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Of one attacker: together more than the edge has descriptors.
const CROWD: usize = 400;
