//! One end of an HTTP/1.1 connection, plain or TLS, client or origin: what is sent goes out byte by
//! byte as written, what comes in is read no further than asked for.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::message::{Head, Response, get};
use super::wait::{PATIENCE, within};

/// What a wire goes over.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Transport for S {}

/// A connection with what was received and not yet asked for.
pub(crate) struct Wire {
    stream: Box<dyn Transport>,
    received: BytesMut,
    framing: Framing,
}

/// Where the body that is being read ends.
enum Framing {
    Length(usize),
    /// So many bytes are left of the current chunk.
    Chunked(usize),
    UntilClose,
}

/// The connection ended where the message did not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut;

impl Wire {
    pub(crate) fn new(stream: impl Transport + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            received: BytesMut::new(),
            framing: Framing::Length(0),
        }
    }

    /// Opens a plain connection.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = within(PATIENCE, "a connection", TcpStream::connect(address)).await;
        let stream = stream.unwrap_or_else(|error| panic!("connecting to {address}: {error}"));
        stream.set_nodelay(true).expect("a socket takes the option");
        Self::new(stream)
    }

    /// Sends bytes; the other end may have gone.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let sent = async {
            self.stream.write_all(bytes.as_ref()).await?;
            self.stream.flush().await
        };
        within(PATIENCE, "bytes to be taken", sent).await
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.try_send(bytes).await;
        sent.expect("the other end is there to be sent to");
    }

    /// Sends bytes, however long the other end takes.
    pub(crate) async fn put(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Takes whatever comes next, whenever that is; nothing when the other end goes instead.
    pub(crate) async fn next_bytes(&mut self) -> Option<Bytes> {
        if self.received.is_empty() {
            let read = self.stream.read_buf(&mut self.received).await;
            read.ok().filter(|length| *length > 0)?;
        }
        Some(self.received.split().freeze())
    }

    /// Waits until the other end goes, however long that takes.
    pub(crate) async fn gone(&mut self) {
        let mut bytes = [0; 1024];
        while matches!(self.stream.read(&mut bytes).await, Ok(1..)) {}
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish(&mut self) {
        let finished = self.try_finish().await;
        finished.expect("the other end is there to be told");
    }

    /// The same; the other end may have gone.
    pub(crate) async fn try_finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Receives something, or hears that the other end has gone.
    async fn receive(&mut self) -> Result<(), Cut> {
        let read = self.stream.read_buf(&mut self.received);
        match within(PATIENCE, "bytes from the other end", read).await {
            Ok(0) | Err(_) => Err(Cut),
            Ok(_) => Ok(()),
        }
    }

    /// Takes whatever is there, or comes next.
    pub(crate) async fn some(&mut self) -> Result<Bytes, Cut> {
        if self.received.is_empty() {
            self.receive().await?;
        }
        Ok(self.received.split().freeze())
    }

    /// Takes all up to and with `end`.
    async fn until(&mut self, end: &[u8]) -> Result<Bytes, Cut> {
        loop {
            let mut windows = self.received.windows(end.len());
            if let Some(start) = windows.position(|window| window == end) {
                return Ok(self.received.split_to(start + end.len()).freeze());
            }
            self.receive().await?;
        }
    }

    /// Takes exactly so many bytes, whatever they are part of.
    pub(crate) async fn exactly(&mut self, length: usize) -> Bytes {
        let bytes = self.try_exactly(length).await;
        bytes.unwrap_or_else(|| panic!("cut after {} of {length} bytes", self.received.len()))
    }

    /// The same, if the other end does not go before.
    pub(crate) async fn try_exactly(&mut self, length: usize) -> Option<Bytes> {
        while self.received.len() < length {
            self.receive().await.ok()?;
        }
        Some(self.received.split_to(length).freeze())
    }

    /// Takes a head, if the other end does not go before it is whole.
    pub(crate) async fn try_head(&mut self) -> Result<Head, Cut> {
        let head = self.until(b"\r\n\r\n").await?;
        Ok(Head::parse(&head))
    }

    /// Takes the next request's head; its body can be read then.
    pub(crate) async fn request(&mut self) -> Head {
        let head = self.try_head().await.expect("a request arrives");
        self.framing = framing(&head, Framing::Length(0));
        head
    }

    /// The same, whenever it comes; nothing when the other end goes instead.
    pub(crate) async fn next_request(&mut self) -> Option<Head> {
        if self.received.is_empty() {
            let read = self.stream.read_buf(&mut self.received).await;
            read.ok().filter(|length| *length > 0)?;
        }
        let head = self.try_head().await.ok()?;
        self.framing = framing(&head, Framing::Length(0));
        Some(head)
    }

    /// Takes the next response's head; its body can be read then.
    pub(crate) async fn response(&mut self) -> Head {
        self.try_response().await.expect("a response arrives")
    }

    /// The same, if the other end does not go instead.
    pub(crate) async fn try_response(&mut self) -> Result<Head, Cut> {
        let head = self.try_head().await?;
        self.framing = match head.status() {
            100..200 | 204 | 304 => Framing::Length(0),
            _ => framing(&head, Framing::UntilClose),
        };
        Ok(head)
    }

    /// The same behind all interim responses.
    pub(crate) async fn try_answer(&mut self) -> Result<Head, Cut> {
        loop {
            let head = self.try_response().await?;
            if head.status() >= 200 {
                return Ok(head);
            }
        }
    }

    /// Sends a request and takes the whole response.
    pub(crate) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Response {
        self.send(request).await;
        let head = self.response().await;
        let body = self.body().await.expect("the response is whole");
        Response { head, body }
    }

    /// Asks for a target.
    pub(crate) async fn get(&mut self, host: &str, target: &str) -> Response {
        self.ask(get(host, target)).await
    }

    /// Takes what has come of the body; nothing at its end.
    pub(crate) async fn piece(&mut self, limit: usize) -> Result<Bytes, Cut> {
        let left = match self.framing {
            Framing::Length(left) => left,
            Framing::Chunked(0) => self.next_chunk().await?,
            Framing::Chunked(left) => left,
            Framing::UntilClose => usize::MAX,
        };
        if left == 0 {
            return Ok(Bytes::new());
        }
        if self.received.is_empty() {
            match self.receive().await {
                Err(Cut) if matches!(self.framing, Framing::UntilClose) => return Ok(Bytes::new()),
                received => received?,
            }
        }
        let length = left.min(limit).min(self.received.len());
        let piece = self.received.split_to(length).freeze();
        self.taken(left, length).await?;
        Ok(piece)
    }

    /// Notes that so much was taken of the chunk or the body.
    async fn taken(&mut self, left: usize, length: usize) -> Result<(), Cut> {
        self.framing = match self.framing {
            Framing::Length(_) => Framing::Length(left - length),
            Framing::Chunked(_) => Framing::Chunked(left - length),
            Framing::UntilClose => Framing::UntilClose,
        };
        if matches!(self.framing, Framing::Chunked(0)) {
            self.until(b"\r\n").await?;
        }
        Ok(())
    }

    /// Takes a chunk's size; after the last one, what follows it.
    async fn next_chunk(&mut self) -> Result<usize, Cut> {
        let line = self.until(b"\r\n").await?;
        let line = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(line.trim(), 16);
        let size = size.unwrap_or_else(|_| panic!("{line:?} is no chunk size"));
        if size == 0 {
            while self.until(b"\r\n").await?.len() > 2 {}
            self.framing = Framing::Length(0);
        }
        Ok(size)
    }

    /// Takes exactly so many bytes of the body.
    pub(crate) async fn part(&mut self, length: usize) -> Vec<u8> {
        let mut part = Vec::with_capacity(length);
        while part.len() < length {
            let piece = self.piece(length - part.len()).await;
            let piece = piece.expect("the body goes on");
            assert!(
                !piece.is_empty(),
                "the body ends after {} bytes",
                part.len()
            );
            part.extend_from_slice(&piece);
        }
        part
    }

    /// Takes the rest of the body.
    pub(crate) async fn body(&mut self) -> Result<Vec<u8>, Cut> {
        let mut body = Vec::new();
        loop {
            let piece = self.piece(usize::MAX).await?;
            if piece.is_empty() {
                return Ok(body);
            }
            body.extend_from_slice(&piece);
        }
    }

    /// Waits for the other end's word that nothing more comes; whether there is one, or it just goes.
    pub(crate) async fn is_finished(&mut self) -> bool {
        let ended = async {
            loop {
                match self.stream.read_buf(&mut self.received).await {
                    Ok(0) => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
        };
        within(PATIENCE, "the other end's end", ended).await
    }

    /// Waits until the other end goes; what it sends until then is the answer.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        while self.receive().await.is_ok() {}
        let rest = self.received.to_vec();
        self.received.advance(rest.len());
        rest
    }
}

/// Where a message's body ends, by its head.
fn framing(head: &Head, otherwise: Framing) -> Framing {
    if head.one("transfer-encoding").is_some() {
        return Framing::Chunked(0);
    }
    let Some(length) = head.one("content-length") else {
        return otherwise;
    };
    Framing::Length(length.parse().expect("Content-Length is a number"))
}
