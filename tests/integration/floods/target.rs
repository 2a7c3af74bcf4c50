//! What a flood is directed at, and how long it goes on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::corpus::frames::{PREFACE, SETTINGS, frame};
use crate::support::{PLAY, TlsClient};

/// The edge as attackers see it.
pub(crate) struct Target {
    pub(super) http: SocketAddr,
    pub(super) https: SocketAddr,
    client: TlsClient,
    end: Instant,
    attempts: AtomicU64,
}

impl Target {
    pub(super) fn new(
        http: SocketAddr,
        https: SocketAddr,
        client: TlsClient,
        span: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            http,
            https,
            client,
            end: Instant::now() + span,
            attempts: AtomicU64::new(0),
        })
    }

    /// Whether it is to go on.
    pub(super) fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// Counts what was tried.
    pub(super) fn tried(&self, count: u64) {
        self.attempts.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Awaits something, but not beyond the end.
    pub(super) async fn until_end<T>(&self, done: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.end, done).await.ok()
    }

    /// A connection to a listener, if it comes about.
    pub(super) async fn tcp(&self, to: SocketAddr) -> Option<TcpStream> {
        let stream = self.until_end(TcpStream::connect(to)).await?.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(stream)
    }

    /// A TLS connection that has agreed on this protocol, if it comes about.
    pub(super) async fn tls(&self, protocol: &str) -> Option<TlsStream<TcpStream>> {
        let client = self.client.clone().offering(&[protocol]);
        let tls = self.until_end(client.connect(self.https, PLAY)).await?;
        Some(tls.ok()?.bytes())
    }

    /// An HTTP/2 connection whose client says these settings; what comes back is read and
    /// forgotten.
    pub(super) async fn http2(&self, settings: &[u8]) -> Option<Raw> {
        let (reader, writer) = split(self.tls("h2").await?);
        let mut raw = Raw {
            writer,
            reading: tokio::spawn(forget(reader)).abort_handle(),
            is_unread: false,
        };
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat();
        self.send(&mut raw, &hello).await.then_some(raw)
    }

    /// Sends bytes; says whether the other end is still there, and it goes on.
    pub(super) async fn send(&self, raw: &mut Raw, bytes: &[u8]) -> bool {
        let sent = self.until_end(raw.put(bytes)).await;
        matches!(sent, Some(Ok(())))
    }

    /// Sends the same again and again, so many attempts in each, until the connection ends.
    pub(super) async fn repeat(&self, raw: &mut Raw, bytes: &[u8], attempts: u64) {
        while self.goes_on() && !raw.is_over() && self.send(raw, bytes).await {
            self.tried(attempts);
        }
    }
}

/// HTTP/2 as bytes.
pub(super) struct Raw {
    writer: WriteHalf<TlsStream<TcpStream>>,
    reading: AbortHandle,
    is_unread: bool,
}

impl Raw {
    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        put(&mut self.writer, bytes).await
    }

    /// Whether the other end has closed it, as far as anybody reads that.
    pub(super) fn is_over(&self) -> bool {
        !self.is_unread && self.reading.is_finished()
    }

    /// Leaves what comes from here on in the socket.
    pub(super) fn stop_reading(&mut self) {
        self.is_unread = true;
        self.reading.abort();
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

pub(super) async fn put(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

async fn forget(mut reader: ReadHalf<TlsStream<TcpStream>>) {
    let mut bytes = vec![0; 64 * 1024];
    while matches!(reader.read(&mut bytes).await, Ok(1..)) {}
}
