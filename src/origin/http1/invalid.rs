/// What is wrong with an origin's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A head that is none.
    #[error("its head is no HTTP: {0}")]
    Head(#[from] httparse::Error),
    /// A head, with the interim responses before it, that does not end.
    #[error("its head is too long")]
    TooLong,
    /// A status that HTTP has not.
    #[error("its status is none of HTTP")]
    Status,
    /// A field that is none.
    #[error("a field of it is not valid")]
    Field,
    /// Two lengths, one that is no number, or one beside a coding.
    #[error("its length is ambiguous")]
    Length,
    /// A transfer coding that is not `chunked`.
    #[error("its transfer coding is not chunked")]
    TransferCoding,
    /// A body that is not in chunks, though it says so.
    #[error("its chunks are not valid")]
    Chunk,
    /// Frames that break the rules of HTTP/2.
    #[error("it breaks the rules of HTTP/2: {0}")]
    Http2(h2::Reason),
}
