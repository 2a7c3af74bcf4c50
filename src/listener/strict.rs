use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::{Doubtful, Scan};

/// A stream of HTTP/1.1 requests that is broken off where one of them may be read in two ways, so
/// that hyper refuses it: in a head with 400, in a body with an error of that body.
pub(super) struct Strict<S> {
    stream: S,
    scan: Scan,
    /// What was looked at and read already, and is read once more.
    unread: Bytes,
    rest: Rest,
}

/// What is read from here on.
enum Rest {
    Stream,
    /// These bytes, and the end.
    Bytes(&'static [u8]),
    /// Nothing: this body is no body.
    Error,
}

impl<S> Strict<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            scan: Scan::default(),
            unread: Bytes::new(),
            rest: Rest::Stream,
        }
    }

    /// Takes back what was read from it.
    pub(super) fn unread(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    fn refuse(&mut self, doubtful: Doubtful) {
        self.rest = match doubtful.in_head {
            true => Rest::Bytes(INVALID_HEAD),
            false => Rest::Error,
        };
    }

    fn read_rest(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        match &mut self.rest {
            Rest::Stream => Ok(()),
            Rest::Bytes(bytes) => {
                let (now, later) = bytes.split_at(bytes.len().min(buffer.remaining()));
                buffer.put_slice(now);
                *bytes = later;
                Ok(())
            }
            Rest::Error => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let length = self.unread.len().min(buffer.remaining());
            buffer.put_slice(&self.unread.split_to(length));
            return Poll::Ready(Ok(()));
        }
        if !matches!(self.rest, Rest::Stream) {
            return Poll::Ready(self.read_rest(buffer));
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match self.scan.take(&buffer.filled()[before..]) {
            Ok(()) => result,
            Err(doubtful) => {
                buffer.set_filled(before + doubtful.at);
                self.refuse(doubtful);
                // An empty read would be the end of the stream.
                match doubtful.at {
                    0 => Poll::Ready(self.read_rest(buffer)),
                    _ => result,
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// No head goes on with a NUL, wherever it was broken off, and hyper looks at one when it is over.
const INVALID_HEAD: &[u8] = b"\0\r\n\r\n";

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// What is read of `text`, and whether it ends in an error.
    async fn read(text: &'static str) -> (String, bool) {
        let mut stream = Strict::new(text.as_bytes());
        let mut bytes = Vec::new();
        let failed = stream.read_to_end(&mut bytes).await.is_err();
        (String::from_utf8_lossy(&bytes).into_owned(), failed)
    }

    #[tokio::test]
    async fn a_doubtful_head_becomes_an_invalid_one() {
        let sound = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(read(sound).await, (sound.to_owned(), false));
        for (text, expected) in [
            ("\nGET", "\0\r\n\r\n"),
            (
                "GET / HTTP/1.1\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\0\r\n\r\n",
            ),
        ] {
            assert_eq!(read(text).await, (expected.to_owned(), false));
        }
    }

    #[tokio::test]
    async fn a_doubtful_body_ends_in_an_error() {
        let (read, failed) =
            read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;a\n\r\n").await;
        assert!(failed && read.ends_with("0;a"), "{read:?}");
    }
}
