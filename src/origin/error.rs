use std::io;

use super::http1::Invalid;

/// Why an origin gave no response. All but the two about the upload are the origin's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nobody to ask.
    #[error("no endpoint")]
    NoEndpoint,
    /// It has as many requests, or streams, as it may have.
    #[error("as much under way as may be")]
    Full,
    /// No TCP connection: refused, unreachable, or the name does not resolve.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    /// The TLS handshake failed: its certificate does not verify, say.
    #[error("TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
    /// It did not connect in time.
    #[error("no connection in time")]
    ConnectTimeout,
    /// It connected but sent no response headers in time.
    #[error("no response headers in time")]
    FirstByteTimeout,
    /// The connection ended before a byte of the response came.
    #[error("the connection ended before a response: {0}")]
    Broke(#[source] io::Error),
    /// It says that it has done nothing about the request (RFC 9113 section 8.7).
    #[error("it refuses the request, and has done nothing about it")]
    Refused,
    /// A WebSocket, to an endpoint of HTTP/2.
    #[error("WebSockets need an endpoint of HTTP/1.1: http:// or https://")]
    WebSocket,
    /// A request that HTTP/2 has no words for.
    #[error("the request cannot be said in HTTP/2")]
    Unsayable,
    /// The connection broke in the middle of the response.
    #[error("the connection broke: {0}")]
    Read(#[source] io::Error),
    /// The connection ended in the middle of the response.
    #[error("the response stops before its end")]
    Unfinished,
    /// What came is no HTTP, or could be read in two ways.
    #[error("no valid response: {0}")]
    Invalid(#[from] Invalid),
    /// The request's body broke: its client's fault.
    #[error("the request's body is not whole")]
    Upload,
    /// The client did not go on with its request's body.
    #[error("the request's body did not come to its end in time")]
    UploadStalled,
}

impl Error {
    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::FirstByteTimeout)
    }
}
