use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use slab::Slab;
use tokio::time::Instant;

use super::exchange::Exchange;
use crate::origin::{Connector, Pool};
use crate::snapshot::Current;
use crate::telemetry::Counters;

/// What the connections of one thread share; other threads have their own.
pub struct Worker {
    /// The snapshot in place.
    pub current: Current,
    /// Counters of the whole process.
    pub counters: Arc<Counters>,
    /// The port of an https listener, for redirects; none without one.
    pub https_port: Option<u16>,
    pub(super) pool: Pool,
    exchanges: RefCell<Slab<Rc<Exchange>>>,
}

impl Worker {
    /// A worker without connections.
    pub fn new(
        current: Current,
        counters: Arc<Counters>,
        https_port: Option<u16>,
        connector: Connector,
    ) -> Self {
        Self {
            current,
            counters,
            https_port,
            pool: Pool::new(connector),
            exchanges: RefCell::default(),
        }
    }

    pub(super) fn enter(&self, exchange: Rc<Exchange>) -> usize {
        self.exchanges.borrow_mut().insert(exchange)
    }

    pub(super) fn leave(&self, key: usize) {
        self.exchanges.borrow_mut().try_remove(key);
    }

    /// Does what is due from time to time: counts what streams moved, writes their records, closes
    /// origin connections that nobody used.
    pub fn sweep(&self, now: Instant) {
        let snapshot = self.current.load();
        for (_, exchange) in &*self.exchanges.borrow() {
            exchange.sweep(now, &snapshot);
        }
        self.pool.sweep(now);
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
