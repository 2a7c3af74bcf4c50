use std::net::IpAddr;
use std::rc::Rc;

use super::clients::{Clients, Present};
use super::crowd::{Crowd, Waiting};
use super::registry::Entry;
use crate::http::Worker;
use crate::telemetry::{Limit, ListenerKind};
use crate::turns::Turns;

/// Who is let in to one worker.
#[derive(Debug)]
pub struct Admission {
    clients: Clients,
    crowd: Rc<Crowd>,
    turns: Turns,
    /// Connections in all where the settings say nothing.
    most: usize,
}

/// A connection that was let in, until it is dropped.
pub(super) struct Admitted {
    worker: Rc<Worker>,
    kind: ListenerKind,
    /// None while nobody knows whose it is, and for one of a proxy, which has many clients.
    present: Option<Present>,
}

impl Admission {
    /// Lets in as many as `most`, if the settings do not say otherwise.
    pub fn new(clients: Clients, most: usize) -> Self {
        Self {
            clients,
            crowd: Rc::default(),
            turns: Turns::default(),
            most,
        }
    }

    /// Lets a connection in, unless it is one too many.
    pub(super) fn admit(
        &self,
        worker: &Rc<Worker>,
        kind: ListenerKind,
        peer: IpAddr,
    ) -> Option<Admitted> {
        let counters = &worker.counters;
        let most = worker.current.load().settings.limits.connections;
        if counters.all_connections() >= most.unwrap_or(self.most) {
            refuse(worker, Limit::Connections, peer);
            return None;
        }
        counters.connected(kind);
        Some(Admitted {
            worker: Rc::clone(worker),
            kind,
            present: None,
        })
    }

    /// The order in which handshakes are computed.
    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Counts a handshake until the guard is dropped; the oldest of too many ends.
    pub(super) fn begin(&self, worker: &Worker, entry: &Rc<Entry>) -> Waiting {
        let most = worker.current.load().settings.limits.handshakes;
        let (waiting, is_full) = self.crowd.enter(entry, most);
        if is_full {
            worker.counters.limited(Limit::Handshakes);
        }
        waiting
    }
}

impl Admitted {
    /// Counts it for its client from now on, and says whether that one may have it. A trusted proxy
    /// may have any number.
    pub(super) fn counts(&mut self, admission: &Admission, client: IpAddr) -> bool {
        let snapshot = self.worker.current.load();
        let settings = &snapshot.settings;
        if settings.listeners.trusted.contain(client) {
            return true;
        }
        let (present, count) = admission.clients.enter(client);
        self.present = Some(present);
        let most = settings.limits.connections_per_client;
        let fits = most.is_none_or(|most| count <= most);
        if !fits {
            refuse(&self.worker, Limit::ConnectionsPerClient, client);
        }
        fits
    }
}

fn refuse(worker: &Worker, limit: Limit, client: IpAddr) {
    worker.counters.limited(limit);
    tracing::debug!(%client, limit = limit.code(), "connection refused");
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.worker.counters.disconnected(self.kind);
    }
}
