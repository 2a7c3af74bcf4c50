//! Bytes from one stream to another, until the first one ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One direction: at most one buffer is under way, so a slow reader slows the writer down.
#[derive(Debug)]
pub struct Pump<G = ()> {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    flushed: bool,
    /// How `from` has ended, once it has.
    ended: Option<io::Result<()>>,
    /// Says how far it may go.
    pub gate: G,
}

/// Says which of the bytes that are under way may go on.
pub trait Gate {
    /// How many of these may go.
    fn due(&self, held: &[u8]) -> usize;

    /// Notes that these have gone.
    fn passed(&mut self, bytes: &[u8]);

    /// Whether nothing may go any more: the pump ends then.
    fn is_shut(&self) -> bool;
}

/// All may go.
impl Gate for () {
    fn due(&self, held: &[u8]) -> usize {
        held.len()
    }

    fn passed(&mut self, _: &[u8]) {}

    fn is_shut(&self) -> bool {
        false
    }
}

/// Which of the two ends broke.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The one that bytes come from; all that came has gone on.
    #[error("cannot read: {0}")]
    From(#[source] io::Error),
    /// The one that they go to.
    #[error("cannot write: {0}")]
    To(#[source] io::Error),
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::From(error) | Broken::To(error) => error,
        }
    }
}

impl<G: Gate> Pump<G> {
    /// A pump that holds `first` already.
    pub fn new(first: &[u8], gate: G) -> Self {
        let mut buffer = first.to_vec();
        buffer.resize(first.len().max(BUFFER), 0);
        Self {
            buffer: buffer.into_boxed_slice(),
            start: 0,
            end: first.len(),
            flushed: true,
            ended: None,
            gate,
        }
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.start == self.end && self.flushed
    }

    /// Ready when `from` has ended and all of it was written, when the gate is shut, or when one of
    /// the two broke. `count` is told how many bytes went.
    ///
    /// # Errors
    ///
    /// The end that broke.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        count: impl Fn(usize),
    ) -> Poll<Result<(), Broken>> {
        loop {
            ready!(self.poll_write(cx, to, &count)).map_err(Broken::To)?;
            if self.gate.is_shut() {
                return self.poll_flush(cx, to).map_err(Broken::To);
            }
            if self.ended.is_some() {
                ready!(self.poll_flush(cx, to)).map_err(Broken::To)?;
                let ended = self.ended.take().unwrap_or(Ok(()));
                return Poll::Ready(ended.map_err(Broken::From));
            }
            if self.poll_read(cx, from).is_pending() {
                ready!(self.poll_flush(cx, to)).map_err(Broken::To)?;
                return Poll::Pending;
            }
        }
    }

    /// Writes what may go.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin),
        count: &impl Fn(usize),
    ) -> Poll<io::Result<()>> {
        while let due @ 1.. = self.gate.due(&self.buffer[self.start..self.end]) {
            let chunk = &self.buffer[self.start..self.start + due];
            let written = ready!(Pin::new(&mut *to).poll_write(cx, chunk))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.gate.passed(&chunk[..written]);
            self.start += written;
            self.flushed = false;
            count(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads more, or notes the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, from: &mut (impl AsyncRead + Unpin)) -> Poll<()> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        match ready!(Pin::new(from).poll_read(cx, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => self.ended = Some(Ok(())),
            Ok(()) => (self.start, self.end) = (0, buffer.filled().len()),
            Err(error) => self.ended = Some(Err(error)),
        }
        Poll::Ready(())
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

/// A TLS record: more would only wait.
const BUFFER: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_pump_writes_all_before_it_ends() {
        let (mut writer, mut from) = duplex(64 * 1024);
        let (mut to, mut reader) = duplex(100);
        let sent: Vec<u8> = (0..50_000).map(|n| (n % 251) as u8).collect();
        writer.write_all(&sent).await.unwrap();
        drop(writer);
        let counted = Cell::new(0);
        let mut pump = Pump::new(b"first", ());
        let count = |bytes| counted.set(counted.get() + bytes);
        let pumping = poll_fn(|cx| pump.poll(cx, &mut from, &mut to, count));
        let mut received = vec![0; b"first".len() + sent.len()];
        let (pumped, read) = tokio::join!(pumping, reader.read_exact(&mut received));
        pumped.unwrap();
        read.unwrap();
        assert_eq!(received, [b"first", &sent[..]].concat());
        assert_eq!(counted.get(), received.len());
    }

    #[tokio::test]
    async fn a_pump_takes_no_more_than_a_buffer_for_a_reader_that_waits() {
        let (mut writer, mut from) = duplex(1024 * 1024);
        let (mut to, _reader) = duplex(100);
        writer.write_all(&[1; 100_000]).await.unwrap();
        let counted = Cell::new(0);
        let mut pump = Pump::new(b"", ());
        let count = |bytes| counted.set(counted.get() + bytes);
        let pumping = poll_fn(|cx| Poll::Ready(pump.poll(cx, &mut from, &mut to, count)));
        assert!(pumping.await.is_pending());
        assert!(!pump.is_empty());
        assert_eq!(counted.get(), 100);
        let mut left = Vec::new();
        drop(writer);
        from.read_to_end(&mut left).await.unwrap();
        assert_eq!(left.len(), 100_000 - BUFFER);
    }

    /// Gives some bytes, and breaks then.
    struct Breaks(&'static [u8]);

    impl AsyncRead for Breaks {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if self.0.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            buffer.put_slice(std::mem::take(&mut self.0));
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn which_end_broke_is_told_and_what_came_before_has_gone() {
        let (mut to, mut reader) = duplex(100);
        let (mut pump, mut from) = (Pump::new(b"", ()), Breaks(b"last"));
        let end = poll_fn(|cx| pump.poll(cx, &mut from, &mut to, |_| {})).await;
        assert!(matches!(end, Err(Broken::From(_))), "{end:?}");
        drop(to);
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"last");

        let (mut to, reader) = duplex(100);
        drop(reader);
        let mut pump = Pump::new(b"first", ());
        let end = poll_fn(|cx| pump.poll(cx, &mut tokio::io::empty(), &mut to, |_| {})).await;
        assert!(matches!(end, Err(Broken::To(_))), "{end:?}");
    }
}
