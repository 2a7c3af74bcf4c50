use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A connection, plain or TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A GET, ready to be written, and how long its answer's body must be.
pub(crate) struct Request {
    bytes: Vec<u8>,
    length: Option<u64>,
}

impl Request {
    /// `length` is left out when any will do.
    pub(crate) fn new(host: &str, path: &str, length: Option<u64>) -> Self {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: load\r\n\r\n");
        Self {
            bytes: text.into_bytes(),
            length,
        }
    }
}

/// A right answer, read to its end.
pub(crate) struct Answer {
    /// Length of the body.
    pub(crate) length: u64,
    /// Whether the connection may be used again.
    pub(crate) keep_alive: bool,
}

/// Why a GET counts as failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no answer in time")]
    Timeout,
    #[error("the answer's head is no HTTP/1.1, or too long")]
    Head,
    #[error("the answer has no Content-Length")]
    NoLength,
    #[error("status {0}")]
    Status(u16),
    #[error("a body of {found} bytes, not {expected}")]
    Length { expected: u64, found: u64 },
}

/// Sends the request and reads the whole answer, in pieces of the caller's buffer.
pub(crate) async fn exchange(
    stream: &mut dyn Stream,
    request: &Request,
    buffer: &mut [u8],
) -> Result<Answer, Failure> {
    stream.write_all(&request.bytes).await?;
    stream.flush().await?;
    let Some((head, rest)) = read_head(stream, buffer).await? else {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    };
    let head = Head::parse(head)?;
    if head.status != 200 {
        return Err(Failure::Status(head.status));
    }
    let found = head.length.ok_or(Failure::NoLength)?;
    let expected = request.length.unwrap_or(found);
    if found != expected {
        return Err(Failure::Length { expected, found });
    }
    let received = rest.len() as u64;
    if received > expected {
        let found = received;
        return Err(Failure::Length { expected, found });
    }
    skip(stream, expected - received, buffer).await?;
    Ok(Answer {
        length: found,
        keep_alive: head.keep_alive,
    })
}

/// Reads up to the empty line: the head without it, and what came behind it. `None` when the peer
/// closed before the first byte.
pub(crate) async fn read_head<'b, R: AsyncRead + Unpin + ?Sized>(
    stream: &mut R,
    buffer: &'b mut [u8],
) -> Result<Option<(&'b [u8], &'b [u8])>, Failure> {
    let mut filled = 0;
    let end = loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        filled += read;
        if filled == 0 {
            return Ok(None);
        }
        if let Some(end) = find(&buffer[..filled], b"\r\n\r\n") {
            break end;
        }
        if read == 0 {
            return Err(Failure::Head);
        }
    };
    Ok(Some((&buffer[..end], &buffer[end + 4..filled])))
}

async fn skip(stream: &mut dyn Stream, mut left: u64, buffer: &mut [u8]) -> io::Result<()> {
    while left > 0 {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = stream.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= read as u64;
    }
    Ok(())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

struct Head {
    status: u16,
    length: Option<u64>,
    keep_alive: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let text = str::from_utf8(bytes).map_err(|_| Failure::Head)?;
        let mut lines = text.split("\r\n");
        let mut head = Self {
            status: lines.next().and_then(status).ok_or(Failure::Head)?,
            length: None,
            keep_alive: true,
        };
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(Failure::Head)?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.length = Some(value.parse().map_err(|_| Failure::Head)?);
            } else if name.eq_ignore_ascii_case("connection") {
                head.keep_alive = !value.eq_ignore_ascii_case("close");
            }
        }
        Ok(head)
    }
}

fn status(line: &str) -> Option<u16> {
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
