use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::exchanges::{MAX_BUFFER, drive, service};
use super::registry::Entry;
use super::strict::Strict;
use super::watched::Watched;
use crate::http::{Connection, Leaving};
use crate::telemetry::Limit;

/// A connection of HTTP/1.1: hyper's, but for the streams on it.
pub(super) async fn http1<S>(stream: S, connection: Rc<Connection>, entry: &Entry)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let activity = Rc::clone(&entry.activity);
    let mut stream = Watched::new(Strict::new(stream), activity, true);
    loop {
        // Boxed: what hyper keeps is not needed any more while a stream runs.
        let left = Box::pin(requests(stream, &connection, entry)).await;
        let drains = left.drains;
        stream = left.stream;
        match connection.take_leaving() {
            None if left.rests => match rest(&mut stream, entry, left.unread).await {
                Some(unread) => stream.stream_mut().unread(unread),
                None => return,
            },
            None => return,
            Some(Leaving::Tunnel(tunnel)) => return tunnel.run(stream, left.unread).await,
            Some(Leaving::Stream(streaming)) => {
                let drains = || drains || entry.shall_drain();
                let streaming = Box::pin(streaming.run(&mut stream, left.unread, drains));
                let Some(unread) = streaming.await else {
                    return;
                };
                stream.stream_mut().unread(unread.into());
            }
        }
    }
}

/// What hyper leaves of a connection.
struct Left<S> {
    stream: S,
    /// What it has read and not looked at.
    unread: Bytes,
    /// Whether the connection shall end.
    drains: bool,
    /// Whether it goes on, though there is nothing to do.
    rests: bool,
}

/// Answers requests until the connection ends, or leaves hyper.
async fn requests<S>(stream: S, connection: &Rc<Connection>, entry: &Entry) -> Left<S>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_BUFFER);
    let io = TokioIo::new(stream);
    let mut http = builder.serve_connection(io, service(connection, None));
    let is_resting = || entry.activity.is_resting();
    let has_left = || connection.has_stream() || is_resting();
    let driven = drive(&mut http, entry, |http| http.graceful_shutdown(), has_left).await;
    let has_left = driven.end.is_none();
    if let Some(Err(error)) = driven.end
        && error.is_parse_too_large()
    {
        connection.ended_by(Limit::HeadSize);
    }
    let parts = http.into_parts();
    Left {
        stream: parts.io.into_inner(),
        rests: has_left && !driven.drains,
        unread: parts.read_buf,
        drains: driven.drains,
    }
}

/// Waits for the client's next request, unless some of it is there already: its first bytes, unless
/// the connection ends.
async fn rest<S>(stream: &mut S, entry: &Entry, unread: Bytes) -> Option<Bytes>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !unread.is_empty() {
        return Some(unread);
    }
    let mut some = [0; 256];
    let mut buffer = ReadBuf::new(&mut some);
    let has_come = poll_fn(|cx| {
        if entry.shall_drain() {
            return Poll::Ready(false);
        }
        let read = Pin::new(&mut *stream).poll_read(cx, &mut buffer);
        read.map(|read| read.is_ok() && !buffer.filled().is_empty())
    });
    if has_come.await {
        return Some(Bytes::copy_from_slice(buffer.filled()));
    }
    // The other end may be gone already.
    let _ = stream.shutdown().await;
    None
}
