use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::http1::Connection;
use super::http2::Connections;
use super::load::{Kind, Limits};

/// The connection of an exchange that is under way. Dropping it closes the connection; giving it
/// back keeps it for the next request.
pub struct Lease {
    pub(super) kept: Rc<Kept>,
    index: usize,
    kind: Kind,
    limits: Limits,
    /// Whether the connection belongs to one client.
    pub(super) is_for_one: bool,
    /// None until there is one, and for HTTP/2, where it is shared.
    pub(super) connection: Option<Connection>,
}

impl Lease {
    /// None when the endpoint has as many requests as it may have.
    pub(super) fn begin(kept: Rc<Kept>, index: usize, limits: Limits) -> Option<Self> {
        let kind = Kind::Request;
        // Not made in vain: dropping one ends what it has begun.
        kept.endpoint.begin(kind, limits).then(|| Self {
            kept,
            index,
            kind,
            limits,
            is_for_one: false,
            connection: None,
        })
    }

    /// Counts as a stream from now on, unless the endpoint has as many as it may have.
    pub fn become_stream(&mut self) -> bool {
        let endpoint = &self.kept.endpoint;
        let fits = endpoint.begin(Kind::Stream, self.limits);
        if fits {
            endpoint.end(self.kind);
            self.kind = Kind::Stream;
        }
        fits
    }

    /// Whether it counts as one.
    pub(super) fn is_stream(&self) -> bool {
        self.kind == Kind::Stream
    }

    /// The endpoint's place in its group.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Gives the connection back: the response was read to its end.
    pub fn give_back(mut self) {
        let mut idle = self.kept.idle.borrow_mut();
        if let Some(connection) = self.connection.take()
            && !self.is_for_one
            && idle.len() < MAX_KEPT
        {
            let since = Instant::now();
            idle.push(Idle { connection, since });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.kept.endpoint.end(self.kind);
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// The kept connections to one endpoint.
pub(super) struct Kept {
    pub(super) endpoint: Arc<Endpoint>,
    /// Those of HTTP/2, with requests or without.
    pub(super) http2: Connections,
    idle: RefCell<Vec<Idle>>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Kept {
    pub(super) fn new(endpoint: Arc<Endpoint>) -> Self {
        Self {
            endpoint,
            http2: Connections::default(),
            idle: RefCell::default(),
        }
    }

    /// A kept connection that is ready for a request.
    pub(super) fn take(&self) -> Option<Connection> {
        loop {
            let mut connection = self.idle.borrow_mut().pop()?.connection;
            if connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Drops connections that were closed, or idle for longer than origins keep them open. Says how
    /// many are left.
    pub(super) fn sweep(&self, now: Instant) -> usize {
        let mut idle = self.idle.borrow_mut();
        idle.retain_mut(|idle| now - idle.since < MAX_IDLE && idle.connection.is_quiet());
        idle.len() + self.http2.sweep(now, MAX_IDLE)
    }
}

/// For each origin and worker: enough for the peaks of a busy one, few enough for its limits.
const MAX_KEPT: usize = 128;

/// Below the 75 s of nginx, so that we close first. Servers that keep less close by themselves, and
/// the next request notices.
const MAX_IDLE: Duration = Duration::from_secs(60);
