use super::error::Error;

/// What speaks against an endpoint: it failed before the first byte of a response, or a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No TCP connection.
    Connect,
    /// No TCP connection, or no TLS handshake, in time.
    ConnectTimeout,
    /// The TLS handshake failed.
    Tls,
    /// It closed the connection instead of an answer.
    Broke,
    /// It sent no response headers in time.
    FirstByteTimeout,
    /// It did not pass a health check.
    Check,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 6] = [
        Self::Connect,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Broke,
        Self::FirstByteTimeout,
        Self::Check,
    ];

    /// The stable word for it in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::Broke => "broke",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::Check => "check",
        }
    }

    /// The fault of an endpoint that an error is; none if it is another's.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Connect(error) if is_ours(error) => None,
            Error::Connect(_) => Some(Self::Connect),
            Error::ConnectTimeout => Some(Self::ConnectTimeout),
            Error::Tls(_) => Some(Self::Tls),
            Error::Broke(_) => Some(Self::Broke),
            Error::FirstByteTimeout => Some(Self::FirstByteTimeout),
            Error::NoEndpoint
            | Error::Full
            | Error::Refused
            | Error::WebSocket
            | Error::Unsayable
            | Error::Read(_)
            | Error::Unfinished
            | Error::Invalid(_)
            | Error::Upload
            | Error::UploadStalled => None,
        }
    }
}

/// Whether this machine has run out of something: no endpoint is to blame.
fn is_ours(error: &std::io::Error) -> bool {
    let exhausted = [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::EADDRNOTAVAIL,
    ];
    let code = error.raw_os_error();
    code.is_some_and(|code| exhausted.contains(&code))
}
