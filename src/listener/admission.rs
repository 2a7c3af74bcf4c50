use std::net::IpAddr;
use std::rc::Rc;

use super::clients::{Clients, Present};
use super::crowd::{Crowd, Waiting};
use super::registry::Entry;
use crate::http::Worker;
use crate::telemetry::{Limit, ListenerKind};

/// Who is let in to one worker.
#[derive(Debug)]
pub struct Admission {
    clients: Clients,
    crowd: Rc<Crowd>,
    /// Connections in all where the settings say nothing.
    most: usize,
}

/// A connection that was let in, until it is dropped.
pub(super) struct Admitted {
    worker: Rc<Worker>,
    kind: ListenerKind,
    _present: Present,
}

impl Admission {
    /// Lets in as many as `most`, if the settings do not say otherwise.
    pub fn new(clients: Clients, most: usize) -> Self {
        Self {
            clients,
            crowd: Rc::default(),
            most,
        }
    }

    /// Lets a client in, unless it is one too many.
    pub(super) fn admit(
        &self,
        worker: &Rc<Worker>,
        kind: ListenerKind,
        client: IpAddr,
    ) -> Option<Admitted> {
        let counters = &worker.counters;
        let limits = worker.current.load().settings.limits;
        let (present, count) = self.clients.enter(client);
        let most = limits.connections.unwrap_or(self.most);
        let reached = if counters.all_connections() >= most {
            Some(Limit::Connections)
        } else {
            let most = limits.connections_per_client;
            most.filter(|most| count > *most)
                .map(|_| Limit::ConnectionsPerClient)
        };
        if let Some(limit) = reached {
            counters.limited(limit);
            tracing::debug!(%client, limit = limit.code(), "connection refused");
            return None;
        }
        counters.connected(kind);
        Some(Admitted {
            worker: Rc::clone(worker),
            kind,
            _present: present,
        })
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

impl Drop for Admitted {
    fn drop(&mut self) {
        self.worker.counters.disconnected(self.kind);
    }
}
