use std::cell::RefCell;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use lockgate::tls::Peek;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A client that sends its bytes in pieces, takes what comes back, and then is gone.
#[derive(Clone, Debug)]
pub(super) struct Wire<'b> {
    rest: &'b [u8],
    /// The most bytes that come at once.
    piece: usize,
    received: &'b RefCell<Vec<u8>>,
}

impl<'b> Wire<'b> {
    pub(super) fn new(bytes: &'b [u8], piece: usize, received: &'b RefCell<Vec<u8>>) -> Self {
        Self {
            rest: bytes,
            piece,
            received,
        }
    }

    /// What the other end has not read yet.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    fn next(&mut self, most: usize) -> &'b [u8] {
        let (piece, rest) = self
            .rest
            .split_at(most.min(self.piece).min(self.rest.len()));
        self.rest = rest;
        piece
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.next(buffer.len());
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

impl AsyncRead for Wire<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let piece = self.next(buffer.remaining());
        buffer.put_slice(piece);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.received.borrow_mut().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Peek for Wire<'_> {
    async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clone().read(buffer)
    }
}
