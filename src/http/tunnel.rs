use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::exchange::{Awaited, ExchangeGuard};
use super::frames::{Frames, GOING_AWAY};
use crate::origin::Upgraded;
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
        let (mut down, mut up) = (Pump::new(&first), Pump::new(&early));
        drop((first, early));
        let leaves = std::future::poll_fn(|cx| {
            down.shall_leave = self.exchange.is_leaving();
            let sent = |bytes| self.exchange.sent(bytes);
            self.exchange.awaits(Awaited::Viewer);
            if let Poll::Ready(end) = down.poll(cx, &mut origin, &mut client, sent) {
                if end.is_ok() {
                    self.exchange.complete();
                }
                return Poll::Ready(end.is_ok() && down.has_left());
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
        end = std::future::poll_fn(|cx| up.poll(cx, client, &mut to_origin, |_| {})) => end,
    }
}

/// One direction: at most one buffer is under way, so a slow reader slows the writer down.
struct Pump {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    flushed: bool,
    frames: Frames,
    /// Whether it shall end before the next frame.
    shall_leave: bool,
}

impl Pump {
    /// A pump that holds `first` already.
    fn new(first: &[u8]) -> Self {
        let mut buffer = first.to_vec();
        buffer.resize(first.len().max(BUFFER), 0);
        Self {
            buffer: buffer.into_boxed_slice(),
            start: 0,
            end: first.len(),
            flushed: true,
            frames: Frames::default(),
            shall_leave: false,
        }
    }

    /// Whether nothing is under way.
    fn is_empty(&self) -> bool {
        self.start == self.end && self.flushed
    }

    /// Whether it has to end here: between two frames of a WebSocket that is not closed yet.
    fn has_left(&self) -> bool {
        self.shall_leave && self.frames.is_between() && !self.frames.is_closed()
    }

    /// How many of the bytes that are under way may still go.
    fn due(&self) -> usize {
        let held = &self.buffer[self.start..self.end];
        match self.shall_leave && !self.frames.is_closed() {
            true => self.frames.rest_of_frame(held),
            false => held.len(),
        }
    }

    /// Ready when `from` has ended and all of it was written, when it has left, or when one of the
    /// two broke.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        count: impl Fn(usize),
    ) -> Poll<io::Result<()>> {
        loop {
            while let due @ 1.. = self.due() {
                let chunk = &self.buffer[self.start..self.start + due];
                let written = ready!(Pin::new(&mut *to).poll_write(cx, chunk))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.frames.follow(&chunk[..written]);
                self.start += written;
                self.flushed = false;
                count(written);
            }
            if self.has_left() {
                return self.poll_flush(cx, to);
            }
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match Pin::new(&mut *from).poll_read(cx, &mut buffer)? {
                Poll::Ready(()) if buffer.filled().is_empty() => return self.poll_flush(cx, to),
                Poll::Ready(()) => (self.start, self.end) = (0, buffer.filled().len()),
                Poll::Pending => {
                    ready!(self.poll_flush(cx, to))?;
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        if !self.flushed {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}

/// How long both ends have to take the news that it is over.
const FAREWELL: Duration = Duration::from_secs(5);

/// A TLS record: more would only wait.
const BUFFER: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_pump_writes_all_before_it_ends() {
        let (mut writer, mut from) = duplex(64 * 1024);
        let (mut to, mut reader) = duplex(100);
        let sent: Vec<u8> = (0..50_000).map(|n| (n % 251) as u8).collect();
        writer.write_all(&sent).await.unwrap();
        drop(writer);
        let counted = std::cell::Cell::new(0);
        let mut pump = Pump::new(b"first");
        let count = |bytes| counted.set(counted.get() + bytes);
        let pumping = std::future::poll_fn(|cx| pump.poll(cx, &mut from, &mut to, count));
        let mut received = vec![0; b"first".len() + sent.len()];
        let (pumped, read) = tokio::join!(pumping, reader.read_exact(&mut received));
        pumped.unwrap();
        read.unwrap();
        assert_eq!(received, [b"first", &sent[..]].concat());
        assert_eq!(counted.get(), received.len());
    }

    #[tokio::test]
    async fn a_pump_that_shall_leave_ends_between_two_frames() {
        let (mut writer, mut from) = duplex(1024);
        let (mut to, mut reader) = duplex(1024);
        let mut pump = Pump::new(b"ab");
        pump.frames.follow(b"\x82\x03");
        pump.shall_leave = true;
        writer.write_all(b"c\x82\x01x").await.unwrap();
        let pumping = std::future::poll_fn(|cx| pump.poll(cx, &mut from, &mut to, |_| {}));
        pumping.await.unwrap();
        assert!(pump.has_left());
        drop(to);
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"abc");
    }
}
