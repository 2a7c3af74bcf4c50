use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::flv::Viewer;

/// What the demonstration origin sends: some bytes, or the endless FLV stream.
///
/// Each chunk is made when it is polled for, so a slow reader costs no memory.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Parts(vec::IntoIter<Bytes>),
    Live(Viewer),
}

impl Body {
    pub(super) fn empty() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<Bytes>> for Body {
    fn from(parts: Vec<Bytes>) -> Self {
        Self(Kind::Parts(parts.into_iter()))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        vec![bytes].into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<Viewer> for Body {
    fn from(viewer: Viewer) -> Self {
        Self(Kind::Live(viewer))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut self.0 {
            Kind::Parts(parts) => Poll::Ready(parts.next()),
            Kind::Live(viewer) => viewer.poll_chunk(cx),
        };
        chunk.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Parts(parts) if parts.len() == 0)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Parts(parts) => SizeHint::with_exact(total(parts.as_slice())),
            Kind::Live(_) => SizeHint::default(),
        }
    }
}

fn total(parts: &[Bytes]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}
