use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

/// Drives a connection to its end, or until nobody answers there any more. Then all its streams
/// break.
pub(super) async fn drive<S>(mut connection: Connection<S, Bytes>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let pings = connection.ping_pong();
    tokio::select! {
        end = connection => if let Err(error) = end {
            tracing::debug!(%error, "connection to an endpoint ended");
        },
        () = silence(pings) => tracing::debug!("endpoint does not answer any more"),
    }
}

/// Waits until a PING (RFC 9113 section 6.7) has no answer.
async fn silence(pings: Option<PingPong>) {
    let Some(mut pings) = pings else {
        return pending().await;
    };
    loop {
        sleep(INTERVAL).await;
        match timeout(PATIENCE, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {}
            // It is ending by itself.
            Ok(Err(_)) => pending().await,
            Err(_elapsed) => return,
        }
    }
}

/// Seldom enough for origins that count PINGs.
const INTERVAL: Duration = Duration::from_secs(20);

/// An endpoint that is there answers at once.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use h2::client::handshake;
    use tokio::io::{AsyncReadExt, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_an_answer_to_a_ping_is_over() {
        let (ours, mut theirs) = duplex(64 * 1024);
        let (_requests, connection) = handshake(ours).await.unwrap();
        let before = Instant::now();
        let silent = async { while theirs.read_u8().await.is_ok() {} };
        tokio::join!(drive(connection), silent);
        assert_eq!(before.elapsed(), INTERVAL + PATIENCE);
    }
}
