use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::{Buf, Bytes};
use http::header::{CONNECTION, DATE, TRANSFER_ENCODING};
use http::{HeaderValue, Response, response};
use hyper::body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::body::Body;
use crate::framing;

/// A stream over HTTP/1.1 on its way to a viewer.
///
/// hyper keeps some buffers for each connection, whatever goes on there; a viewer who stays for hours
/// needs none of them. So the connection leaves hyper when a stream begins, and comes back when it
/// ends.
pub struct Streaming {
    response: Response<Body>,
    /// Whether the connection ends with it.
    is_last: bool,
}

impl std::fmt::Debug for Streaming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streaming").finish_non_exhaustive()
    }
}

impl Streaming {
    pub(super) fn new(response: Response<Body>, is_last: bool) -> Self {
        Self { response, is_last }
    }

    /// Carries the stream to its end. `early` is what the client sent behind its request; with what
    /// came since then, it is given back if the connection goes on. `drains` says whether it shall
    /// not.
    pub async fn run<S>(
        self,
        client: &mut S,
        early: Bytes,
        mut drains: impl FnMut() -> bool,
    ) -> Option<Vec<u8>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut is_last = self.is_last || drains();
        let (parts, mut body) = self.response.into_parts();
        let mut writer = Writer::new(head(parts, is_last));
        let mut unread = early.to_vec();
        drop(early);
        let end = std::future::poll_fn(|cx| {
            is_last |= drains();
            // A client that is gone is noticed while the origin has nothing to say, too.
            if let Poll::Ready(gone) = poll_client(cx, client, &mut unread) {
                return Poll::Ready(Err(gone));
            }
            writer.poll(cx, &mut body, client)
        });
        end.await.ok().filter(|()| !is_last)?;
        Some(unread)
    }
}

/// The head of a response in chunks (RFC 9112 sections 4 and 7.1).
fn head(mut parts: response::Parts, is_last: bool) -> Vec<u8> {
    let chunked = HeaderValue::from_static("chunked");
    parts.headers.insert(TRANSFER_ENCODING, chunked);
    if is_last {
        let close = HeaderValue::from_static("close");
        parts.headers.insert(CONNECTION, close);
    }
    if !parts.headers.contains_key(DATE) {
        let now = httpdate::fmt_http_date(SystemTime::now());
        let now = HeaderValue::try_from(now);
        parts.headers.extend(now.map(|now| (DATE, now)));
    }
    let mut head = Vec::new();
    let reason = parts.status.canonical_reason().unwrap_or_default();
    // Writing into memory does not fail.
    let _ = write!(head, "HTTP/1.1 {} {reason}\r\n", parts.status.as_str());
    for (name, value) in &parts.headers {
        framing::write_field(&mut head, name, value);
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Takes what a client says meanwhile: the beginning of its next request, or that it is gone.
fn poll_client(
    cx: &mut Context<'_>,
    client: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
) -> Poll<io::Error> {
    while unread.len() < MAX_UNREAD {
        let mut some = [0; 512];
        let mut buffer = ReadBuf::new(&mut some);
        if let Err(error) = ready!(Pin::new(&mut *client).poll_read(cx, &mut buffer)) {
            return Poll::Ready(error);
        }
        if buffer.filled().is_empty() {
            return Poll::Ready(io::ErrorKind::UnexpectedEof.into());
        }
        unread.extend_from_slice(buffer.filled());
    }
    Poll::Pending
}

/// Writes the pieces of a body as chunks, without a copy of them.
struct Writer {
    /// What goes before the piece: the head, the size of the chunk, or the last chunk.
    lead: Vec<u8>,
    led: usize,
    piece: Bytes,
    /// What is left of the end of the chunk.
    end: &'static [u8],
    is_flushed: bool,
    is_over: bool,
}

impl Writer {
    fn new(head: Vec<u8>) -> Self {
        Self {
            lead: head,
            led: 0,
            piece: Bytes::new(),
            end: b"",
            is_flushed: true,
            is_over: false,
        }
    }

    /// Ready when the whole body is written, or when one of both broke.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut Body,
        client: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_write(cx, client))?;
            if self.is_over {
                return self.poll_flush(cx, client);
            }
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending => {
                    ready!(self.poll_flush(cx, client))?;
                    return Poll::Pending;
                }
                Poll::Ready(Some(frame)) => {
                    let frame = frame.map_err(io::Error::other)?;
                    self.begin(frame.into_data().unwrap_or_default());
                }
                Poll::Ready(None) => {
                    self.is_over = true;
                    self.lead = b"0\r\n\r\n".to_vec();
                    self.led = 0;
                }
            }
        }
    }

    fn begin(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        if self.lead.capacity() > MAX_LEAD {
            self.lead = Vec::new();
        }
        self.lead.clear();
        self.led = 0;
        // Writing into memory does not fail.
        let _ = write!(self.lead, "{:x}\r\n", piece.len());
        self.piece = piece;
        self.end = b"\r\n";
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        loop {
            let lead = &self.lead[self.led..];
            if lead.is_empty() && self.piece.is_empty() && self.end.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let slices = [
                IoSlice::new(lead),
                IoSlice::new(&self.piece),
                IoSlice::new(self.end),
            ];
            let written = ready!(Pin::new(&mut *client).poll_write_vectored(cx, &slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.is_flushed = false;
            self.advance(written);
        }
    }

    fn advance(&mut self, written: usize) {
        let of_lead = written.min(self.lead.len() - self.led);
        self.led += of_lead;
        let of_piece = (written - of_lead).min(self.piece.len());
        self.piece.advance(of_piece);
        self.end = &self.end[written - of_lead - of_piece..];
        if self.piece.is_empty() {
            // What it was a part of may be much larger.
            self.piece = Bytes::new();
        }
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        if !self.is_flushed {
            ready!(Pin::new(client).poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}

/// As much of its next requests as a client may send before the stream ends; it waits with the rest.
const MAX_UNREAD: usize = 16 * 1024;

/// Larger than the line of a chunk: the head was there.
const MAX_LEAD: usize = 64;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn streaming(text: &str, is_last: bool) -> Streaming {
        Streaming::new(Response::new(Body::text(text.to_owned())), is_last)
    }

    #[tokio::test]
    async fn a_stream_goes_in_chunks_and_what_came_meanwhile_is_given_back() {
        for (drains, is_last) in [(false, false), (true, false), (false, true)] {
            let (mut viewer, mut client) = duplex(7);
            let (text, early) = ("0123456789abcdefg", Bytes::from_static(b"GE"));
            let running = streaming(text, is_last).run(&mut client, early, || drains);
            let ends = drains || is_last;
            viewer.write_all(b"T /").await.unwrap();
            let mut received = Vec::new();
            let reading = async {
                while !received.ends_with(b"0\r\n\r\n") {
                    assert!(viewer.read_buf(&mut received).await.unwrap() > 0);
                }
            };
            let (unread, ()) = tokio::join!(running, reading);
            assert_eq!(unread, (!ends).then(|| b"GET /".to_vec()));
            let received = String::from_utf8(received).unwrap();
            let (head, body) = received.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"));
            assert!(head.contains("\r\ndate: "), "{head}");
            assert_eq!(head.contains("\r\nconnection: close"), ends, "{head}");
            assert_eq!(body, "11\r\n0123456789abcdefg\r\n0\r\n\r\n");
        }
    }

    #[tokio::test]
    async fn a_client_that_is_gone_ends_it() {
        let (viewer, mut client) = duplex(1024);
        drop(viewer);
        let ended = streaming("text", false).run(&mut client, Bytes::new(), || false);
        assert_eq!(ended.await, None);
    }
}
