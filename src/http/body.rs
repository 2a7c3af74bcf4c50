use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

use super::exchange::{Awaited, Exchange, ExchangeGuard, ORIGIN_BROKE};
use crate::origin::{self, demo};

/// The body of a response, passed along chunk by chunk as it comes.
pub(crate) struct Body {
    source: Source,
    // After the source: an origin's connection is closed before the exchange counts as over.
    exchange: Option<ExchangeGuard>,
}

enum Source {
    Text(Option<Bytes>),
    Origin(origin::Body<RequestBody>),
    Demo(demo::Body),
}

impl Body {
    pub(super) fn text(text: String) -> Self {
        let text = Bytes::from(text);
        Self::new(Source::Text(Some(text).filter(|text| !text.is_empty())))
    }

    /// Whether it is ours, and no origin's.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.source, Source::Text(_))
    }

    pub(super) fn origin(body: origin::Body<RequestBody>) -> Self {
        Self::new(Source::Origin(body))
    }

    pub(super) fn demo(body: demo::Body) -> Self {
        Self::new(Source::Demo(body))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            exchange: None,
        }
    }

    /// Whether nobody knows when it ends, and nothing of the request is left to be sent.
    pub(super) fn is_stream(&self) -> bool {
        match &self.source {
            Source::Text(_) => false,
            Source::Origin(body) => body.is_stream(),
            Source::Demo(body) => body.size_hint().exact().is_none(),
        }
    }

    /// Ties the exchange to the body: they end together.
    pub(super) fn with(mut self, exchange: ExchangeGuard) -> Self {
        self.exchange = Some(exchange);
        if self.source.is_end_stream() {
            self.complete();
        }
        self
    }

    fn complete(&self) {
        if let Some(exchange) = &self.exchange {
            exchange.complete();
        }
    }
}

impl Source {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, origin::Error>>> {
        match self {
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Origin(body) => Pin::new(body).poll_frame(cx),
            Self::Demo(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_none(),
            Self::Origin(body) => body.is_end_stream(),
            Self::Demo(body) => body.is_end_stream(),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = origin::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, origin::Error>>> {
        let polled = self.source.poll_frame(cx);
        if let Some(exchange) = &self.exchange {
            exchange.awaits(match polled {
                Poll::Pending => Awaited::Origin,
                // Whoever asked has to make room before the next question.
                Poll::Ready(_) => Awaited::Viewer,
            });
        }
        let frame = ready!(polled);
        match (&frame, &self.exchange) {
            (Some(Ok(frame)), Some(exchange)) => {
                exchange.sent(frame.data_ref().map_or(0, Bytes::len));
                // hyper does not ask again after the last byte of a known length.
                if self.source.is_end_stream() {
                    self.complete();
                }
            }
            (Some(Err(_)), Some(exchange)) => exchange.set_outcome(ORIGIN_BROKE),
            (None, _) => self.complete(),
            (Some(_), None) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Source::Origin(body) => body.size_hint(),
            Source::Demo(body) => body.size_hint(),
        }
    }
}

/// The body of a request on its way to the origin.
pub(crate) struct RequestBody {
    body: Incoming,
    exchange: Rc<Exchange>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, exchange: &ExchangeGuard) -> Self {
        let exchange = Rc::clone(exchange.exchange());
        exchange.upload_begins();
        Self { body, exchange }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.exchange.upload_ends();
    }
}

impl hyper::body::Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.exchange.received(length);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
