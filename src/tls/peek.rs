use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A stream whose first bytes can be looked at before they are read.
///
/// Of the sockets of viewers only the first byte is asked for: it tells TLS from plain HTTP.
pub trait Peek: AsyncRead + AsyncWrite + Unpin {
    /// Waits for bytes, and copies as many of them as fit without taking them off the stream; none
    /// when the stream is at its end.
    ///
    /// # Errors
    ///
    /// When the stream is broken.
    fn peek(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>>;
}

impl Peek for TcpStream {
    async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::peek(self, buffer).await
    }
}
