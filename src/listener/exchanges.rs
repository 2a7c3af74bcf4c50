//! What the connections of both versions of HTTP have in common: requests that are answered, and how
//! hyper is carried on.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::{self as hyper_service, service_fn};
use hyper::{Method, Request, Response};
use tokio::task::spawn_local;

use super::registry::Entry;
use crate::http::{self, Connection, Cutter};

/// Answers the requests of a connection, each of HTTP/2 with what cuts it.
pub(super) fn service(
    connection: &Rc<Connection>,
    streams: Option<Streams>,
) -> impl hyper_service::Service<
    Request<Incoming>,
    Response = Response<http::Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<http::Body>, Infallible>> + use<>,
> + use<> {
    let connection = Rc::clone(connection);
    service_fn(move |request| {
        let cutter = streams.as_ref().map(Streams::next);
        let connects = request.method() == Method::CONNECT;
        let connects = streams.as_ref().zip(cutter.clone()).filter(|_| connects);
        let connects = connects.map(|(streams, cutter)| (streams.clone(), cutter));
        let response = http::respond(Rc::clone(&connection), request, cutter);
        async {
            let response = response.await;
            if let Some((streams, cutter)) = connects.filter(|_| response.status().is_success()) {
                streams.goes_on(&cutter);
            }
            Ok(response)
        }
    })
}

/// What came of carrying a connection.
pub(super) struct Driven {
    /// How it ended; none when it has left.
    pub(super) end: Option<hyper::Result<()>>,
    /// Whether it was asked to end.
    pub(super) drains: bool,
}

/// Carries a connection to its end, or until it has left; `drain` asks it to end after its running
/// exchanges.
pub(super) async fn drive<C>(
    http: &mut C,
    entry: &Entry,
    drain: impl Fn(Pin<&mut C>),
    has_left: impl Fn() -> bool,
) -> Driven
where
    C: Future<Output = hyper::Result<()>> + Unpin,
{
    let mut drains = false;
    let end = poll_fn(|cx| {
        if entry.shall_drain() {
            drains = true;
            drain(Pin::new(http));
        }
        let polled = Pin::new(&mut *http).poll(cx);
        match polled {
            Poll::Pending if has_left() => Poll::Ready(None),
            polled => polled.map(Some),
        }
    })
    .await;
    Driven { end, drains }
}

/// Runs the streams of an HTTP/2 connection on its own thread, each until it is cut.
///
/// hyper hands a request to the service and what comes of it to the executor, one right after the
/// other: so the cutter that the request was given is that of the next stream. In the same way it
/// takes an answer that opens a tunnel, and hands over what sends its bytes.
#[derive(Clone, Default)]
pub(super) struct Streams(Rc<Cell<Option<Rc<Cutter>>>>);

impl Streams {
    fn next(&self) -> Rc<Cutter> {
        let cutter = Rc::new(Cutter::default());
        self.0.set(Some(Rc::clone(&cutter)));
        cutter
    }

    /// The next to come is the rest of a stream that has this cutter.
    fn goes_on(&self, cutter: &Cutter) {
        self.0.set(Some(cutter.follower()));
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, future: F) {
        match self.0.take() {
            Some(cutter) => drop(spawn_local(cutter.run(future))),
            None => drop(spawn_local(future)),
        }
    }
}

/// Bounds the request headers, and what waits for a slow reader.
pub(super) const MAX_BUFFER: usize = 32 * 1024;
