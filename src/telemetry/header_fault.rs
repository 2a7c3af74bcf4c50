/// Why a connection was closed at the header of the PROXY protocol that it has to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// Whoever connected is of no trusted network.
    Untrusted,
    /// It began with something else.
    Missing,
    /// It began like a header, but was none.
    Malformed,
    /// It was longer than it may be.
    TooLong,
    /// It was not whole in time.
    Timeout,
    /// Whoever connected went away before: a check whether the port is open, say.
    ClientGone,
}

impl HeaderFault {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Untrusted,
        Self::Missing,
        Self::Malformed,
        Self::TooLong,
        Self::Timeout,
        Self::ClientGone,
    ];

    /// The stable word for it in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::Timeout => "timeout",
            Self::ClientGone => "client_gone",
        }
    }
}
