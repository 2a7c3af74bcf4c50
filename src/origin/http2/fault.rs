use std::io;

use h2::Reason;

use crate::origin::error::Error;
use crate::origin::http1::Invalid;

/// Why a request got no response.
pub(super) fn before_response(error: h2::Error) -> Error {
    match error.reason() {
        Some(reason) if error.is_library() => Error::Invalid(Invalid::Http2(reason)),
        // h2 ends streams by GOAWAY only if they are beyond its last one: nothing was done about them
        // (RFC 9113 section 8.7).
        _ if error.is_go_away() && error.is_remote() => Error::Refused,
        Some(Reason::REFUSED_STREAM) => Error::Refused,
        _ => Error::Broke(io_error(error)),
    }
}

/// Why a request was not even sent: the connection ended after it was chosen, or the request is none
/// that h2 writes.
pub(super) fn unsent(error: h2::Error) -> Error {
    match error.is_io() || error.is_go_away() || error.is_reset() {
        true if error.is_remote() => Error::Refused,
        true => Error::Broke(io_error(error)),
        false => Error::Unsayable,
    }
}

/// Why a response does not go on.
pub(super) fn in_response(error: h2::Error) -> Error {
    Error::Read(io_error(error))
}

pub(super) fn io_error(error: h2::Error) -> io::Error {
    match error.is_io() {
        true => error
            .into_io()
            .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()),
        false => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_did_not_say_is_no_refusal() {
        let ours = before_response(Reason::INTERNAL_ERROR.into());
        assert!(matches!(ours, Error::Broke(_)), "{ours}");
        let refused = before_response(Reason::REFUSED_STREAM.into());
        assert!(matches!(refused, Error::Refused), "{refused}");
    }
}
