use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::error::Error;
use super::http1::{Answer, Decoder, Stream};
use super::http2;
use super::lease::Lease;
use super::upload::Upload;

/// The body of an origin's response, read as somebody asks for it. Dropping it closes the
/// connection; when it was read to its end, the connection is kept for the next request. Over HTTP/2
/// dropping it resets the stream alone.
#[derive(Debug)]
pub struct Body<B> {
    /// None when it is over.
    lease: Option<Lease>,
    endpoint: usize,
    source: Source,
    /// What is left of the request's body.
    upload: Option<Box<Upload<B>>>,
}

/// What it is read from.
#[derive(Debug)]
enum Source {
    /// The lease's connection.
    Http1(Http1),
    Http2(Http2),
}

#[derive(Debug)]
struct Http1 {
    decoder: Decoder,
    /// What came and is not passed on yet.
    incoming: Bytes,
    persists: bool,
}

#[derive(Debug)]
struct Http2 {
    /// None when it is over.
    stream: Option<http2::Stream>,
    /// How much is still to come, if that is known.
    left: Option<u64>,
}

/// What is left of a connection that HTTP has left.
#[derive(Debug)]
pub struct Upgraded {
    /// The connection.
    pub stream: Stream,
    /// What came on it already.
    pub early: Bytes,
    /// Counts for as long as it is there.
    pub lease: Lease,
}

impl<B: http_body::Body<Data = Bytes> + Unpin> Body<B> {
    pub(super) fn new(
        lease: Lease,
        answer: &Answer,
        incoming: Bytes,
        upload: Option<Box<Upload<B>>>,
    ) -> Self {
        let mut body = Self {
            endpoint: lease.index(),
            lease: Some(lease),
            source: Source::Http1(Http1 {
                decoder: answer.decoder(),
                incoming,
                persists: answer.persists(),
            }),
            upload,
        };
        if body.source.is_over() && !answer.is_upgrade() {
            body.end();
        }
        body
    }

    pub(super) fn over_http2(
        lease: Lease,
        answer: &http2::Answer,
        stream: http2::Stream,
        upload: Option<Box<Upload<B>>>,
    ) -> Self {
        let is_over = stream.is_over() || answer.length == Some(0);
        let left = if is_over { Some(0) } else { answer.length };
        let stream = Some(stream);
        let mut body = Self {
            endpoint: lease.index(),
            lease: Some(lease),
            source: Source::Http2(Http2 { stream, left }),
            upload,
        };
        if is_over {
            body.end();
        }
        body
    }

    /// The place in its group of the endpoint that it is from.
    pub fn endpoint(&self) -> usize {
        self.endpoint
    }

    /// Counts as a stream from now on, unless the endpoint has as many as it may have.
    pub fn become_stream(&mut self) -> bool {
        self.lease.as_mut().is_none_or(Lease::become_stream)
    }

    /// Whether it counts as a stream, and nothing of the request is left to be sent.
    pub fn is_stream(&self) -> bool {
        self.upload.is_none() && self.lease.as_ref().is_some_and(Lease::is_stream)
    }

    /// The connection behind a response that switches protocols.
    pub fn upgrade(self) -> Option<Upgraded> {
        let Source::Http1(http1) = self.source else {
            return None;
        };
        let mut lease = self.lease?;
        Some(Upgraded {
            stream: lease.connection.take()?.into_stream(),
            early: http1.incoming,
            lease,
        })
    }

    fn end(&mut self) {
        let persists = match &mut self.source {
            Source::Http1(http1) => http1.persists && http1.incoming.is_empty(),
            Source::Http2(http2) => {
                http2.stream = None;
                false
            }
        };
        if let Some(lease) = self.lease.take()
            && persists
            && self.upload.is_none()
        {
            lease.give_back();
        }
    }

    /// At once: what comes of the connection is of no use to anybody.
    fn give_up(&mut self) {
        self.lease = None;
        if let Source::Http2(http2) = &mut self.source {
            http2.stream = None;
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        match (&mut self.source, &mut self.lease) {
            (Source::Http1(http1), Some(lease)) => http1.poll_piece(cx, lease, &mut self.upload),
            (Source::Http2(http2), Some(_)) => http2.poll_piece(cx, &mut self.upload),
            (_, None) => Poll::Ready(Ok(Bytes::new())),
        }
    }
}

impl Source {
    fn is_over(&self) -> bool {
        match self {
            Self::Http1(http1) => http1.decoder.is_over(),
            Self::Http2(http2) => http2.is_over(),
        }
    }

    fn left(&self) -> Option<u64> {
        match self {
            Self::Http1(http1) => http1.decoder.left(),
            Self::Http2(http2) => http2.left,
        }
    }
}

impl Http1 {
    fn poll_piece<B: http_body::Body<Data = Bytes> + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        lease: &mut Lease,
        upload: &mut Option<Box<Upload<B>>>,
    ) -> Poll<Result<Bytes, Error>> {
        let Some(connection) = &mut lease.connection else {
            return Poll::Ready(Ok(Bytes::new()));
        };
        let uncounted = Cell::default();
        if let Poll::Ready(sent) = connection.poll_upload(cx, upload, &uncounted) {
            sent?;
        }
        loop {
            let piece = self.decoder.take(&mut self.incoming)?;
            if !piece.is_empty() || self.decoder.is_over() {
                return Poll::Ready(Ok(piece));
            }
            self.incoming = ready!(connection.poll_read(cx)).map_err(Error::Read)?;
            if self.incoming.is_empty() {
                return Poll::Ready(match self.decoder.may_close() {
                    true => Ok(Bytes::new()),
                    false => Err(Error::Unfinished),
                });
            }
        }
    }
}

impl Http2 {
    /// h2 sees to it that a body is as long as it was said to be.
    fn poll_piece<B: http_body::Body<Data = Bytes> + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        upload: &mut Option<Box<Upload<B>>>,
    ) -> Poll<Result<Bytes, Error>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Ok(Bytes::new()));
        };
        if let Poll::Ready(sent) = stream.poll_upload(cx, upload) {
            sent?;
        }
        let piece = ready!(stream.poll_read(cx))?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(Ok(piece))
    }

    /// When the endpoint has said so, whatever length it gave: a reset would look like a fault there.
    fn is_over(&self) -> bool {
        self.stream.as_ref().is_none_or(http2::Stream::is_over)
    }
}

impl<B: http_body::Body<Data = Bytes> + Unpin> http_body::Body for Body<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let piece = ready!(self.poll_piece(cx));
        match &piece {
            Err(_) => self.give_up(),
            Ok(piece) if piece.is_empty() || self.source.is_over() => self.end(),
            Ok(_) => {}
        }
        let piece = piece.map(|piece| (!piece.is_empty()).then(|| Frame::data(piece)));
        Poll::Ready(piece.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.source.left() {
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::new(),
        }
    }
}
