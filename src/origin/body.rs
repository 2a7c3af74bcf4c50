use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::error::Error;
use super::http1::{Answer, Decoder, Stream, Upload};
use super::lease::Lease;

/// The body of an origin's response, read as somebody asks for it. Dropping it closes the
/// connection; when it was read to its end, the connection is kept for the next request.
#[derive(Debug)]
pub struct Body<B> {
    /// None when it is over.
    lease: Option<Lease>,
    endpoint: usize,
    decoder: Decoder,
    /// What came and is not passed on yet.
    incoming: Bytes,
    /// What is left of the request's body.
    upload: Option<Box<Upload<B>>>,
    persists: bool,
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
            decoder: answer.decoder(),
            incoming,
            upload,
            persists: answer.persists(),
        };
        if body.decoder.is_over() && !answer.is_upgrade() {
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
        let mut lease = self.lease?;
        Some(Upgraded {
            stream: lease.connection.take()?.into_stream(),
            early: self.incoming,
            lease,
        })
    }

    fn end(&mut self) {
        let is_clean = self.incoming.is_empty() && self.upload.is_none();
        if let Some(lease) = self.lease.take()
            && self.persists
            && is_clean
        {
            lease.give_back();
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        let connection = self.lease.as_mut();
        let Some(connection) = connection.and_then(|lease| lease.connection.as_mut()) else {
            return Poll::Ready(Ok(Bytes::new()));
        };
        let uncounted = Cell::default();
        if let Poll::Ready(sent) = connection.poll_upload(cx, &mut self.upload, &uncounted) {
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

impl<B: http_body::Body<Data = Bytes> + Unpin> http_body::Body for Body<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let piece = ready!(self.poll_piece(cx));
        match &piece {
            // At once: what comes of the connection is of no use to anybody.
            Err(_) => self.lease = None,
            Ok(piece) if piece.is_empty() || self.decoder.is_over() => self.end(),
            Ok(_) => {}
        }
        let piece = piece.map(|piece| (!piece.is_empty()).then(|| Frame::data(piece)));
        Poll::Ready(piece.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.decoder.left() {
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::new(),
        }
    }
}
