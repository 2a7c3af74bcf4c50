use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http_body::Body;
use tokio::io::AsyncWrite;

use super::connection::Seat;
use super::fault;
use super::head::{self, Answer};
use crate::origin::error::Error;
use crate::origin::outgoing::Outgoing;
use crate::origin::upload::{Stopped, Upload};

/// A request that was answered, and its response. Dropping it before its end resets it: the endpoint
/// need do no more.
#[derive(Debug)]
pub(in crate::origin) struct Stream {
    sending: Sending,
    incoming: RecvStream,
    /// Given back when the two are gone.
    _seat: Seat,
}

impl Seat {
    /// Sends a request and waits for the head of its response. `sent` is what the endpoint took of the
    /// body so far.
    ///
    /// # Errors
    ///
    /// When there is no such head.
    pub(in crate::origin) async fn ask<B>(
        self,
        request: &mut Outgoing<B>,
        sent: &Cell<usize>,
    ) -> Result<(Answer, Stream), Error>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let head = head::request(&request.parts, self.scheme())?;
        let is_whole = request.upload.is_none();
        let asked = self.requests().send_request(head, is_whole);
        let (response, sending) = asked.map_err(fault::unsent)?;
        request.written = 1;
        if let Some(upload) = &mut request.upload {
            upload.go_over_http2(true);
        }
        let mut sending = Sending((!is_whole).then_some(sending));
        let answered = answered(response, &mut sending, request, sent).await;
        if let Err(Error::Refused) = answered {
            request.take_back();
            self.refused();
        }
        let (head, incoming) = answered?.into_parts();
        let answer = Answer::of(&request.parts.method, http::Response::from_parts(head, ()))?;
        let stream = Stream {
            sending,
            incoming,
            _seat: self,
        };
        Ok((answer, stream))
    }
}

async fn answered<B>(
    mut response: ResponseFuture,
    sending: &mut Sending,
    request: &mut Outgoing<B>,
    sent: &Cell<usize>,
) -> Result<http::Response<RecvStream>, Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    poll_fn(|cx| {
        // Before the body: what is said already may make the rest of it needless.
        if let Poll::Ready(answer) = Pin::new(&mut response).poll(cx) {
            return Poll::Ready(answer.map_err(fault::before_response));
        }
        match sending.poll_upload(cx, &mut request.upload, sent) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
    })
    .await
}

impl Stream {
    /// Sends on with a request's body, and drops it when it is sent.
    ///
    /// # Errors
    ///
    /// When the body broke. An endpoint that takes no more of it may still answer.
    pub(in crate::origin) fn poll_upload<B>(
        &mut self,
        cx: &mut Context<'_>,
        upload: &mut Option<Box<Upload<B>>>,
    ) -> Poll<Result<(), Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        self.sending.poll_upload(cx, upload, &Cell::default())
    }

    /// The next bytes of the response; none at its end, whatever trailers follow: they would be fields
    /// that nobody checked.
    pub(in crate::origin) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Error>> {
        loop {
            let piece = match ready!(self.incoming.poll_data(cx)) {
                None => return Poll::Ready(Ok(Bytes::new())),
                Some(piece) => piece.map_err(fault::in_response)?,
            };
            let window = self.incoming.flow_control();
            let released = window.release_capacity(piece.len());
            released.map_err(fault::in_response)?;
            if !piece.is_empty() {
                return Poll::Ready(Ok(piece));
            }
        }
    }

    /// Whether all of the response was read.
    pub(in crate::origin) fn is_over(&self) -> bool {
        self.incoming.is_end_stream()
    }
}

/// Where a request's body goes; nowhere if there is none.
#[derive(Debug)]
struct Sending(Option<SendStream<Bytes>>);

impl Sending {
    fn poll_upload<B>(
        &mut self,
        cx: &mut Context<'_>,
        upload: &mut Option<Box<Upload<B>>>,
        sent: &Cell<usize>,
    ) -> Poll<Result<(), Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let Some(some) = upload else {
            return Poll::Ready(Ok(()));
        };
        let count = |bytes| sent.set(sent.get() + bytes);
        match ready!(some.poll(cx, self, count)) {
            Err(Stopped::Body) => return Poll::Ready(Err(Error::Upload)),
            Err(Stopped::Endpoint(error)) => {
                tracing::debug!(%error, "endpoint takes no more of a request");
                some.stop();
            }
            Ok(()) => {
                *upload = None;
                self.end();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn end(&mut self) {
        if let Some(mut stream) = self.0.take()
            && let Err(error) = stream.send_data(Bytes::new(), true)
        {
            tracing::debug!(%error, "endpoint takes no more of a request");
        }
    }
}

/// Writes as much as the endpoint has given leave for.
impl AsyncWrite for Sending {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.0 else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        stream.reserve_capacity(bytes.len());
        while stream.capacity() == 0 {
            let leave = ready!(stream.poll_capacity(cx));
            let leave = leave.ok_or(io::ErrorKind::BrokenPipe)?;
            leave.map_err(fault::io_error)?;
        }
        let length = stream.capacity().min(bytes.len());
        let piece = Bytes::copy_from_slice(&bytes[..length]);
        stream.send_data(piece, false).map_err(fault::io_error)?;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
