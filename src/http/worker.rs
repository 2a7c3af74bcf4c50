use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use slab::Slab;
use tokio::time::Instant;

use crate::origin::{Connector, Dialer, Pool};
use crate::snapshot::{Current, Snapshot};
use crate::telemetry::Counters;

/// What the connections of one thread share; other threads have their own.
pub struct Worker {
    /// The snapshot in place.
    pub current: Current,
    /// Counters of the whole process.
    pub counters: Arc<Counters>,
    /// The port of an https listener, for redirects; none without one.
    pub https_port: Option<u16>,
    /// Connections to the origins of tcp listeners.
    pub dialer: Dialer,
    pub(super) pool: Pool,
    swept: RefCell<Slab<Rc<dyn Swept>>>,
}

/// What runs for a while, and is looked at four times a second while it does.
pub trait Swept {
    /// Brings the domain's counters up to date, writes the records of what runs on, and ends what
    /// shall not go on.
    fn sweep(&self, now: Instant, snapshot: &Snapshot);
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
            dialer: Dialer::new(connector.clone()),
            pool: Pool::new(connector),
            swept: RefCell::default(),
        }
    }

    /// Has something swept until it [leaves](Self::leave).
    pub fn enter(&self, swept: Rc<dyn Swept>) -> usize {
        self.swept.borrow_mut().insert(swept)
    }

    /// Ends that, by what [`enter`](Self::enter) gave.
    pub fn leave(&self, key: usize) {
        self.swept.borrow_mut().try_remove(key);
    }

    /// Does what is due from time to time: counts what streams moved, writes their records, closes
    /// origin connections that nobody used.
    pub fn sweep(&self, now: Instant) {
        let snapshot = self.current.load();
        for (_, swept) in &*self.swept.borrow() {
            swept.sweep(now, &snapshot);
        }
        self.pool.sweep(now);
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
