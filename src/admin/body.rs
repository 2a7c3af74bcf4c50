//! The bodies of requests that change something.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use http::StatusCode;
use http_body::Body;
use tokio::time::timeout;

/// Why a request's body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("the request's body has more than {LARGEST} bytes")]
    TooLarge,
    #[error("the request's body did not come within {} s", LONGEST.as_secs())]
    TooSlow,
    #[error("the request's body broke off")]
    Broken,
}

impl Unread {
    /// The stable word for the reason.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooSlow => "body_timeout",
            Self::Broken => "body_broken",
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::TooLarge => "Too large",
            Self::TooSlow => "Body timeout",
            Self::Broken => "Body broken",
        }
    }

    /// What to do about it.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::TooLarge => "send 1 MiB at most: a chain and a key take a few KiB",
            Self::TooSlow | Self::Broken => "send it again, all of it",
        }
    }
}

/// Reads a body to its end: at most 1 MiB, within 30 s. Nothing is read of one that says that it
/// is larger. It may hold a private key, so the caller wipes it.
pub(super) async fn read<B: Body>(body: B) -> Result<Vec<u8>, Unread> {
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(Unread::TooLarge);
    }
    let read = timeout(LONGEST, collect(body)).await;
    read.unwrap_or(Err(Unread::TooSlow))
}

async fn collect<B: Body>(body: B) -> Result<Vec<u8>, Unread> {
    let mut body = pin!(body);
    let mut content = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|_| Unread::Broken)?;
        // Trailers say nothing.
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if data.remaining() > LARGEST - content.len() {
            return Err(Unread::TooLarge);
        }
        while data.has_remaining() {
            let length = data.chunk().len();
            content.extend_from_slice(data.chunk());
            data.advance(length);
        }
    }
    Ok(content)
}

/// As much as a file of the configuration may have.
const LARGEST: usize = 1 << 20;

/// For the whole body: 35 kB a second are enough.
const LONGEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body::{Frame, SizeHint};

    use super::*;

    /// A body of these pieces; then it ends, or nothing more comes.
    struct Pieces {
        pieces: VecDeque<io::Result<Bytes>>,
        ends: bool,
        says: u64,
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            match self.pieces.pop_front() {
                Some(piece) => Poll::Ready(Some(piece.map(Frame::data))),
                None if self.ends => Poll::Ready(None),
                None => Poll::Pending,
            }
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.says)
        }
    }

    fn pieces(pieces: impl IntoIterator<Item = io::Result<Bytes>>) -> Pieces {
        Pieces {
            pieces: pieces.into_iter().collect(),
            ends: true,
            says: 0,
        }
    }

    fn zeros(length: usize) -> io::Result<Bytes> {
        Ok(vec![0; length].into())
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end() {
        let body = pieces(["{", "", "}"].map(|piece| Ok(piece.into())));
        assert_eq!(read(body).await.unwrap(), b"{}");
        let largest = pieces([zeros(LARGEST - 1), zeros(1)]);
        assert_eq!(read(largest).await.map(|it| it.len()), Ok(LARGEST));
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_read_on() {
        let larger = pieces([zeros(LARGEST), zeros(1), zeros(1)]);
        assert_eq!(read(larger).await, Err(Unread::TooLarge));
        let announced = Pieces {
            says: LARGEST as u64 + 1,
            ends: false,
            ..pieces([])
        };
        assert_eq!(read(announced).await, Err(Unread::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let stuck = Pieces {
            ends: false,
            ..pieces([zeros(1)])
        };
        assert_eq!(read(stuck).await, Err(Unread::TooSlow));
        let broken = pieces([zeros(1), Err(io::ErrorKind::ConnectionReset.into())]);
        assert_eq!(read(broken).await, Err(Unread::Broken));
    }
}
