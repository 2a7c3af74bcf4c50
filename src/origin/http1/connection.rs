use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::answer::Answer;
use super::head;
use super::invalid::Invalid;
use super::room::Room;
use super::stream::Stream;
use crate::origin::error::Error;
use crate::origin::outgoing::Outgoing;
use crate::origin::upload::{Stopped, Upload};

/// A connection between two requests, or with one.
#[derive(Debug)]
pub(in crate::origin) struct Connection {
    stream: Stream,
    room: Rc<Room>,
}

impl Connection {
    pub(in crate::origin) fn new(stream: Stream, room: Rc<Room>) -> Self {
        Self { stream, room }
    }

    pub(in crate::origin) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Whether it is open, and nothing came that nobody asked for.
    pub(in crate::origin) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut cx = Context::from_waker(Waker::noop());
        let read = Pin::new(&mut self.stream).poll_read(&mut cx, &mut buffer);
        read.is_pending()
    }

    /// Sends a request and waits for the head of its response, with what came behind it. `sent` is
    /// what the endpoint took of the body so far.
    ///
    /// # Errors
    ///
    /// When there is no such head; the connection is of no use then.
    pub(in crate::origin) async fn ask<B>(
        &mut self,
        request: &mut Outgoing<B>,
        sent: &Cell<usize>,
    ) -> Result<(Answer, Bytes), Error>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if request.head.is_empty() {
            head::write(&mut request.head, &request.parts);
        }
        if let Some(upload) = &mut request.upload {
            upload.go_over_http2(false);
        }
        if let Some(upload) = &request.upload
            && upload.should_be_empty()
        {
            // Not before it is: the endpoint would take the head for a whole request.
            poll_fn(|cx| self.poll_upload(cx, &mut request.upload, sent)).await?;
        }
        let head = poll_fn(|cx| self.poll_write(cx, request));
        head.await.map_err(Error::Broke)?;
        let mut reader = Reader::default();
        poll_fn(|cx| {
            // Before the body: what is said already may make the rest of it needless.
            if let Poll::Ready(answer) = reader.poll(cx, self, request) {
                return Poll::Ready(answer);
            }
            match self.poll_upload(cx, &mut request.upload, sent) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Sends on with a request's body, and drops it when it is sent.
    ///
    /// # Errors
    ///
    /// When the body broke. An endpoint that takes no more of it may still answer.
    pub(in crate::origin) fn poll_upload<B>(
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
        match ready!(some.poll(cx, &mut self.stream, count)) {
            Err(Stopped::Body) => return Poll::Ready(Err(Error::Upload)),
            Err(Stopped::Endpoint(error)) => {
                tracing::debug!(%error, "endpoint takes no more of a request");
                some.stop();
            }
            Ok(()) => *upload = None,
        }
        Poll::Ready(Ok(()))
    }

    /// The next bytes of a response; none at the end of the connection.
    pub(in crate::origin) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        self.room.poll_read(&mut self.stream, cx)
    }

    fn poll_write<B>(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Outgoing<B>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        while request.written < request.head.len() {
            let rest = &request.head[request.written..];
            let written = ready!(stream.as_mut().poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            request.written += written;
        }
        stream.poll_flush(cx)
    }
}

/// Waits for the head of a response.
#[derive(Debug, Default)]
struct Reader {
    /// The part of a head that came so far.
    held: Vec<u8>,
    /// Bytes of whole heads.
    heads: usize,
    has_heard: bool,
}

impl Reader {
    fn poll<B>(
        &mut self,
        cx: &mut Context<'_>,
        connection: &mut Connection,
        request: &mut Outgoing<B>,
    ) -> Poll<Result<(Answer, Bytes), Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        loop {
            let read = ready!(connection.poll_read(cx));
            let bytes = read.map_err(|error| match self.has_heard {
                true => Error::Read(error),
                false => Error::Broke(error),
            })?;
            if bytes.is_empty() {
                return Poll::Ready(Err(match self.has_heard {
                    true => Error::Unfinished,
                    false => Error::Broke(io::ErrorKind::UnexpectedEof.into()),
                }));
            }
            self.has_heard = true;
            if let Some(answer) = self.take(bytes, request)? {
                return Poll::Ready(Ok(answer));
            }
        }
    }

    /// The response's head, if this is its end, and what stands behind it.
    fn take<B>(
        &mut self,
        bytes: Bytes,
        request: &mut Outgoing<B>,
    ) -> Result<Option<(Answer, Bytes)>, Invalid>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let ends_a_line = bytes.contains(&b'\n');
        let mut bytes = self.join(bytes);
        while ends_a_line && !bytes.is_empty() {
            let Some((answer, length)) = Answer::parse(&bytes, &request.parts.method)? else {
                break;
            };
            let behind = bytes.split_off(length);
            self.heads += length;
            if self.heads > MAX_HEAD {
                return Err(Invalid::TooLong);
            }
            if !answer.is_interim() {
                return Ok(Some((answer, behind)));
            }
            if let (StatusCode::CONTINUE, Some(upload)) =
                (answer.head.status(), &mut request.upload)
            {
                upload.release();
            }
            bytes = behind;
        }
        if bytes.len() + self.heads > MAX_HEAD {
            return Err(Invalid::TooLong);
        }
        self.held = bytes.into();
        Ok(None)
    }

    fn join(&mut self, bytes: Bytes) -> Bytes {
        if self.held.is_empty() {
            return bytes;
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(&bytes);
        held.into()
    }
}

/// Bounds the response headers.
const MAX_HEAD: usize = 32 * 1024;
