use std::io;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::exchange::{Awaited, ExchangeGuard};
use super::frames::{Frames, GOING_AWAY};
use crate::origin::Upgraded;
use crate::pump::{Gate, Pump};
use crate::telemetry::Cut;

/// A WebSocket that was agreed upon: both ends are streams of bytes from here on.
pub struct Tunnel {
    origin: Upgraded,
    exchange: ExchangeGuard,
}

impl std::fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnel").finish_non_exhaustive()
    }
}

impl Tunnel {
    pub(super) fn new(origin: Upgraded, exchange: ExchangeGuard) -> Self {
        Self { origin, exchange }
    }

    /// Carries bytes between the client and the origin until one of them ends; then both are
    /// closed. `early` is what the client sent right behind its request. While the process drains,
    /// the client is told so between two frames.
    pub async fn run<S>(self, mut client: S, early: Bytes)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Upgraded {
            stream: mut origin,
            early: first,
            lease,
        } = self.origin;
        let mut down = Pump::new(&first, Goodbye::default());
        let mut up = Pump::new(&early, ());
        drop((first, early));
        let leaves = std::future::poll_fn(|cx| {
            down.gate.shall_leave = self.exchange.is_leaving();
            let sent = |bytes| self.exchange.sent(bytes);
            self.exchange.awaits(Awaited::Viewer);
            if let Poll::Ready(end) = down.poll(cx, &mut origin, &mut client, sent) {
                if end.is_ok() {
                    self.exchange.complete();
                }
                return Poll::Ready(end.is_ok() && down.gate.is_shut());
            }
            if down.is_empty() {
                self.exchange.awaits(Awaited::Origin);
            }
            let received = |bytes| self.exchange.received(bytes);
            up.poll(cx, &mut client, &mut origin, received)
                .map(|_| false)
        })
        .await;
        if leaves {
            self.exchange.note_cut(Cut::Drained);
            let goodbye = say_goodbye(&mut client, &mut origin, &mut up);
            let _ = timeout(FAREWELL, goodbye).await;
        }
        // Each may be gone already, or take nothing any more; then there is nothing left to do.
        let farewell = async {
            let _ = origin.shutdown().await;
            let _ = client.shutdown().await;
        };
        let _ = timeout(FAREWELL, farewell).await;
        drop(lease);
    }
}

/// Tells the client that the server goes away, and has the origin hear the client's answer: it closes
/// then, as after any other closing handshake (RFC 6455 section 7.1.1).
async fn say_goodbye(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    origin: &mut (impl AsyncRead + AsyncWrite + Unpin),
    up: &mut Pump,
) -> io::Result<()> {
    client.write_all(&GOING_AWAY).await?;
    client.flush().await?;
    let (mut from_origin, mut to_origin) = tokio::io::split(origin);
    let mut unheard = [0; 1024];
    let ignore = async {
        while from_origin
            .read(&mut unheard)
            .await
            .is_ok_and(|read| read > 0)
        {}
    };
    tokio::select! {
        () = ignore => Ok(()),
        end = std::future::poll_fn(|cx| up.poll(cx, client, &mut to_origin, |_| {})) => Ok(end?),
    }
}

/// Follows the frames towards the client, so that a goodbye can come between two of them.
#[derive(Debug, Default)]
struct Goodbye {
    frames: Frames,
    /// Whether the tunnel shall end before the next frame.
    shall_leave: bool,
}

impl Gate for Goodbye {
    fn due(&self, held: &[u8]) -> usize {
        match self.shall_leave && !self.frames.is_closed() {
            true => self.frames.rest_of_frame(held),
            false => held.len(),
        }
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.frames.follow(bytes);
    }

    /// Between two frames of a WebSocket that is not closed yet.
    fn is_shut(&self) -> bool {
        self.shall_leave && self.frames.is_between() && !self.frames.is_closed()
    }
}

/// How long both ends have to take the news that it is over.
const FAREWELL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn a_tunnel_that_shall_leave_ends_between_two_frames() {
        let (mut writer, mut from) = duplex(1024);
        let (mut to, mut reader) = duplex(1024);
        let mut pump = Pump::new(b"ab", Goodbye::default());
        pump.gate.frames.follow(b"\x82\x03");
        pump.gate.shall_leave = true;
        writer.write_all(b"c\x82\x01x").await.unwrap();
        let pumping = std::future::poll_fn(|cx| pump.poll(cx, &mut from, &mut to, |_| {}));
        pumping.await.unwrap();
        assert!(pump.gate.is_shut());
        drop(to);
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"abc");
    }
}
