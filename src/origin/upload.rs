use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut, buf::BufMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::Body;
use tokio::io::AsyncWrite;
use tokio::time::{Sleep, sleep};

/// The body of a request on its way to an endpoint.
#[derive(Debug)]
pub(super) struct Upload<B> {
    /// None when all of it was taken.
    body: Option<B>,
    framing: Framing,
    /// What was taken and is not written yet.
    outgoing: Bytes,
    is_flushed: bool,
    is_begun: bool,
    is_stopped: bool,
    awaits_client: bool,
    /// As long as the endpoint was asked whether it wants the body at all.
    held: Option<Pin<Box<Sleep>>>,
}

/// How the endpoint learns where the body ends.
#[derive(Clone, Copy, Debug)]
enum Framing {
    /// So many bytes are left.
    Length(u64),
    Chunked,
    /// By the frames around it.
    Frames,
}

/// Why a body does not go on.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It broke, or is not as long as it was said to be.
    Body,
    /// The endpoint takes no more. It may have answered before that.
    Endpoint(io::Error),
}

impl<B: Body<Data = Bytes> + Unpin> Upload<B> {
    /// The body that belongs to these headers: in chunks, unless they give its length.
    pub(super) fn new(body: B, headers: &HeaderMap) -> Self {
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let waits = headers.contains_key(EXPECT);
        Self {
            body: Some(body),
            framing: length.map_or(Framing::Chunked, Framing::Length),
            outgoing: Bytes::new(),
            is_flushed: true,
            is_begun: false,
            is_stopped: false,
            awaits_client: false,
            held: waits.then(|| Box::pin(sleep(PATIENCE))),
        }
    }

    /// Whether it was said to have no bytes.
    pub(super) fn should_be_empty(&self) -> bool {
        matches!(self.framing, Framing::Length(0))
    }

    /// It goes over HTTP/2, which has a framing of its own, and asks nobody whether it is wanted; or
    /// over HTTP/1.1. Not once it has begun.
    pub(super) fn go_over_http2(&mut self, is_http2: bool) {
        self.framing = match self.framing {
            Framing::Length(length) => Framing::Length(length),
            _ if is_http2 => Framing::Frames,
            _ => Framing::Chunked,
        };
        if is_http2 {
            self.release();
        }
    }

    /// Whether nothing of it was taken so far.
    pub(super) fn is_untouched(&self) -> bool {
        !self.is_begun
    }

    /// The endpoint wants it (RFC 9110 section 10.1.1).
    pub(super) fn release(&mut self) {
        self.held = None;
    }

    /// Whether the client is waited for, to go on.
    pub(super) fn awaits_client(&self) -> bool {
        self.awaits_client
    }

    /// The endpoint takes no more: what is left of the body stays where it is.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Sends what there is. Ready when all of it is sent, or it goes no further. `sent` counts.
    pub(super) fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        sent: impl Fn(usize),
    ) -> Poll<Result<(), Stopped>> {
        if self.is_stopped {
            return Poll::Pending;
        }
        if let Some(held) = &mut self.held {
            ready!(held.as_mut().poll(cx));
            self.held = None;
        }
        loop {
            ready!(self.poll_write(cx, stream, &sent)).map_err(Stopped::Endpoint)?;
            let Some(body) = &mut self.body else {
                ready!(self.poll_flush(cx, stream)).map_err(Stopped::Endpoint)?;
                return Poll::Ready(Ok(()));
            };
            let polled = Pin::new(body).poll_frame(cx);
            self.awaits_client = polled.is_pending();
            let Poll::Ready(frame) = polled else {
                ready!(self.poll_flush(cx, stream)).map_err(Stopped::Endpoint)?;
                return Poll::Pending;
            };
            self.is_begun = true;
            let frame = frame.transpose().map_err(|_| Stopped::Body)?;
            match frame.map(|frame| frame.into_data()) {
                Some(Ok(piece)) => self.outgoing = self.framing.frame(piece)?,
                // Trailers would be fields that nobody checked.
                Some(Err(_)) => {}
                None => {
                    self.outgoing = self.framing.end()?;
                    self.body = None;
                }
            }
        }
    }

    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        sent: impl Fn(usize),
    ) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, &self.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(written);
            self.is_flushed = false;
            sent(written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<io::Result<()>> {
        if !self.is_flushed {
            ready!(Pin::new(stream).poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl Framing {
    /// A piece as it is written.
    fn frame(&mut self, piece: Bytes) -> Result<Bytes, Stopped> {
        match self {
            Self::Length(left) => {
                *left = left.checked_sub(piece.len() as u64).ok_or(Stopped::Body)?;
                Ok(piece)
            }
            Self::Frames => Ok(piece),
            // A chunk of no bytes would be the last one.
            Self::Chunked if piece.is_empty() => Ok(piece),
            Self::Chunked => {
                let mut chunk = BytesMut::with_capacity(piece.len() + ROOM_OF_SIZE);
                // Writing into memory does not fail.
                let _ = write!((&mut chunk).writer(), "{:x}\r\n", piece.len());
                chunk.extend_from_slice(&piece);
                chunk.extend_from_slice(b"\r\n");
                Ok(chunk.freeze())
            }
        }
    }

    /// What is written behind the last piece.
    fn end(self) -> Result<Bytes, Stopped> {
        match self {
            Self::Length(0) | Self::Frames => Ok(Bytes::new()),
            Self::Length(_) => Err(Stopped::Body),
            Self::Chunked => Ok(Bytes::from_static(b"0\r\n\r\n")),
        }
    }
}

/// How long an endpoint has to say whether it wants a body. Those that do not know the question are
/// silent.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sixteen digits and two ends of lines.
const ROOM_OF_SIZE: usize = 20;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;

    use http::HeaderValue;
    use http_body::Frame;
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    /// Gives its pieces, one after the other; none breaks it.
    struct Pieces(Vec<Option<&'static str>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = ();

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
            let next = (!self.0.is_empty()).then(|| self.0.remove(0));
            Poll::Ready(next.map(|piece| match piece {
                Some(piece) => Ok(Frame::data(Bytes::from_static(piece.as_bytes()))),
                None => Err(()),
            }))
        }
    }

    /// What the endpoint gets, through a pipe that holds few bytes.
    async fn sent(pieces: &[Option<&'static str>], length: Option<u64>) -> (String, bool) {
        let mut headers = HeaderMap::new();
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let mut upload = Upload::new(Pieces(pieces.to_vec()), &headers);
        let (mut stream, mut endpoint) = duplex(3);
        let count = Cell::new(0);
        let sending = async move {
            let sent = |bytes| count.set(count.get() + bytes);
            let end = poll_fn(|cx| upload.poll(cx, &mut stream, sent)).await;
            (end.is_ok(), count.get())
        };
        let mut got = String::new();
        let ((whole, count), read) = tokio::join!(sending, endpoint.read_to_string(&mut got));
        read.unwrap();
        assert_eq!(count, got.len());
        (got, whole)
    }

    #[tokio::test]
    async fn a_body_goes_in_chunks_unless_its_length_is_known() {
        let pieces = [Some("abc"), Some(""), Some("0123456789abcdef0")];
        assert_eq!(
            sent(&pieces, None).await,
            (
                "3\r\nabc\r\n11\r\n0123456789abcdef0\r\n0\r\n\r\n".to_owned(),
                true
            )
        );
        assert_eq!(
            sent(&pieces, Some(20)).await,
            ("abc0123456789abcdef0".to_owned(), true)
        );
    }

    #[tokio::test]
    async fn a_body_that_is_not_whole_has_no_end() {
        let broken = [Some("abc"), None];
        assert_eq!(
            sent(&broken, None).await,
            ("3\r\nabc\r\n".to_owned(), false)
        );
        assert_eq!(sent(&broken, Some(3)).await, ("abc".to_owned(), false));
        let short = [Some("abc")];
        assert_eq!(sent(&short, Some(4)).await, ("abc".to_owned(), false));
        assert_eq!(sent(&short, Some(2)).await, (String::new(), false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_held_waits_for_the_endpoint_but_not_for_ever() {
        let headers = HeaderMap::from_iter([(EXPECT, HeaderValue::from_static("100-continue"))]);
        for released in [true, false] {
            let mut upload = Upload::new(Pieces(vec![Some("a")]), &headers);
            let (mut stream, _endpoint) = duplex(64);
            let held = poll_fn(|cx| Poll::Ready(upload.poll(cx, &mut stream, |_| {}).is_pending()));
            assert!(held.await);
            let before = tokio::time::Instant::now();
            if released {
                upload.release();
            }
            let end = poll_fn(|cx| upload.poll(cx, &mut stream, |_| {})).await;
            end.unwrap();
            assert_eq!(before.elapsed() < PATIENCE, released);
        }
    }
}
