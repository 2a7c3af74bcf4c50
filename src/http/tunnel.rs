use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::body::RequestBody;
use super::exchange::{Awaited, ExchangeGuard, ORIGIN_BROKE};
use crate::origin::Lease;

/// A WebSocket that was agreed upon: both ends are streams of bytes from here on.
pub struct Tunnel {
    origin: OnUpgrade,
    /// Counts as a stream of the endpoint until it is over.
    lease: Lease<RequestBody>,
    exchange: ExchangeGuard,
}

impl std::fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnel").finish_non_exhaustive()
    }
}

impl Tunnel {
    pub(super) fn new(
        origin: OnUpgrade,
        lease: Lease<RequestBody>,
        exchange: ExchangeGuard,
    ) -> Self {
        Self {
            origin,
            lease,
            exchange,
        }
    }

    /// Carries bytes between the client and the origin until one of them ends; then both are
    /// closed. `early` is what the client sent right behind its request.
    pub async fn run<S>(self, mut client: S, early: Bytes)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Ok(origin) = self.origin.await else {
            self.exchange.set_outcome(ORIGIN_BROKE);
            return;
        };
        let mut origin = TokioIo::new(origin);
        let (mut down, mut up) = (Pump::new(&[]), Pump::new(&early));
        drop(early);
        std::future::poll_fn(|cx| {
            let sent = |bytes| self.exchange.sent(bytes);
            self.exchange.awaits(Awaited::Viewer);
            if let Poll::Ready(end) = down.poll(cx, &mut origin, &mut client, sent) {
                if end.is_ok() {
                    self.exchange.complete();
                }
                return Poll::Ready(());
            }
            if down.is_empty() {
                self.exchange.awaits(Awaited::Origin);
            }
            let received = |bytes| self.exchange.received(bytes);
            up.poll(cx, &mut client, &mut origin, received).map(drop)
        })
        .await;
        // Each may be gone already, or take nothing any more; then there is nothing left to do.
        let farewell = async {
            let _ = origin.shutdown().await;
            let _ = client.shutdown().await;
        };
        let _ = timeout(FAREWELL, farewell).await;
        drop(self.lease);
    }
}

/// One direction: at most one buffer is under way, so a slow reader slows the writer down.
struct Pump {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    flushed: bool,
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
        }
    }

    /// Whether nothing is under way.
    fn is_empty(&self) -> bool {
        self.start == self.end && self.flushed
    }

    /// Ready when `from` has ended and all of it was written, or one of the two broke.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        count: impl Fn(usize),
    ) -> Poll<io::Result<()>> {
        loop {
            while self.start < self.end {
                let chunk = &self.buffer[self.start..self.end];
                let written = ready!(Pin::new(&mut *to).poll_write(cx, chunk))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.start += written;
                self.flushed = false;
                count(written);
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
}
