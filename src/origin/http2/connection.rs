use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::uri::Scheme;
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::fault;
use super::keepalive::drive;
use crate::origin::error::Error;
use crate::origin::http1;

/// A connection and what it has to do. It closes when nobody has it any more.
#[derive(Debug)]
pub(in crate::origin) struct Connection {
    requests: SendRequest<Bytes>,
    scheme: Scheme,
    running: Cell<usize>,
    /// How many requests it may have at once, as far as we know.
    room: Cell<usize>,
    /// When its last request ended.
    idle_since: Cell<Instant>,
}

/// A place for one request on a connection.
#[derive(Debug)]
pub(in crate::origin) struct Seat(Rc<Connection>);

impl Connection {
    /// Begins to speak HTTP/2 with prior knowledge (RFC 9113 section 3.3), in a task of its own.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub(in crate::origin) async fn begin(stream: http1::Stream) -> Result<Rc<Self>, Error> {
        let scheme = match stream {
            http1::Stream::Plain(_) => Scheme::HTTP,
            http1::Stream::Tls(_) => Scheme::HTTPS,
        };
        let (requests, connection) = builder().handshake(stream).await.map_err(fault::unsent)?;
        spawn_local(drive(connection));
        Ok(Rc::new(Self {
            requests,
            scheme,
            running: Cell::new(0),
            room: Cell::new(MAX_STREAMS),
            idle_since: Cell::new(Instant::now()),
        }))
    }

    /// A place on it, if it takes requests and there is one.
    pub(super) fn seat(self: &Rc<Self>) -> Option<Seat> {
        (self.is_open() && self.running.get() < self.room()).then(|| Seat::on(Rc::clone(self)))
    }

    /// Whether it may be asked for more: it did not end, nor said that it will (GOAWAY).
    pub(super) fn is_open(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let ready = self.requests.clone().poll_ready(&mut cx);
        self.room.get() > 0 && !matches!(ready, Poll::Ready(Err(_)))
    }

    /// Since when it has nothing to do.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        (self.running.get() == 0).then(|| self.idle_since.get())
    }

    /// Its endpoint's word counts, too.
    fn room(&self) -> usize {
        let allowed = self.requests.current_max_send_streams();
        self.room.get().min(allowed)
    }
}

impl Seat {
    /// A place on a connection that is asked by nobody else.
    pub(in crate::origin) fn on(connection: Rc<Connection>) -> Self {
        connection.running.set(connection.running.get() + 1);
        Self(connection)
    }

    pub(super) fn requests(&self) -> SendRequest<Bytes> {
        self.0.requests.clone()
    }

    pub(super) fn scheme(&self) -> &Scheme {
        &self.0.scheme
    }

    /// The connection refused it: it has room for those that it has.
    pub(super) fn refused(&self) {
        let others = self.0.running.get().saturating_sub(1);
        self.0.room.set(self.0.room.get().min(others));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get().saturating_sub(1));
        self.0.idle_since.set(Instant::now());
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(MAX_STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * MAX_STREAMS as u32)
        .max_send_buffer_size(MAX_UNSENT)
        .max_header_list_size(MAX_HEAD)
        .max_concurrent_reset_streams(MAX_LEFT)
        .max_local_error_reset_streams(None);
    builder
}

/// Requests of one connection. One that breaks takes no more viewers with it, and as many windows of
/// a stream fit into that of the connection, so that viewers who take nothing hold nobody up.
const MAX_STREAMS: usize = 32;

/// What a viewer who takes nothing holds in memory. A stream comes as fast as this and the way to the
/// origin allow: 100 Mbit/s at 10 ms.
const STREAM_WINDOW: u32 = 128 * 1024;

/// What a stream holds of a request's body that the endpoint does not take.
const MAX_UNSENT: usize = 64 * 1024;

/// Bounds the response headers, by their decoded size.
const MAX_HEAD: u32 = 32 * 1024;

/// Streams that viewers have left, and of which late frames are still known: as many as leave within
/// a second. What comes late for others is an error of the stream, and those are not counted:
/// an origin is not our enemy.
const MAX_LEFT: usize = 1024;
