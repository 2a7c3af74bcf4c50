//! What the clients of a soak saw, to hold the program's counters against.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What is known of one domain.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Requests whose answer began, by its class.
    pub(super) answered: BTreeMap<&'static str, u64>,
    /// Requests whose client left before it knew of an answer: each may have had any, or have
    /// never arrived.
    pub(super) unknown: u64,
    /// Bytes of bodies that clients received.
    pub(super) taken: u64,
    /// Bytes of bodies that clients sent, whether they arrived or not.
    pub(super) given: u64,
    /// TLS handshakes that came about.
    pub(super) handshakes: u64,
    /// TLS handshakes that were refused or broke.
    pub(super) refused: u64,
    /// Streams whose client took nothing any more.
    pub(super) silent: u64,
}

impl Tally {
    /// The least and the most requests of this class that the program can have counted.
    pub(super) fn requests(&self, class: &str) -> (u64, u64) {
        let seen = self.answered.get(class).copied().unwrap_or_default();
        let least = if class == CLIENT_FAULT { 0 } else { seen };
        (least, seen + self.unknown)
    }

    /// The same for all classes.
    pub(super) fn all_requests(&self) -> (u64, u64) {
        let seen = self.answered.values().sum::<u64>();
        let elsewhere = self.answered.get(CLIENT_FAULT).copied();
        (seen - elsewhere.unwrap_or_default(), seen + self.unknown)
    }
}

/// A request on a connection whose domain has just lost its HTTPS is refused (421) before it counts
/// for a domain: it is among those that count for none.
pub(super) const CLIENT_FAULT: &str = "4xx";

/// The same of all domains; a clone is the same one.
#[derive(Clone, Default)]
pub(super) struct Truth(Arc<Mutex<BTreeMap<String, Tally>>>);

impl Truth {
    pub(super) fn note(&self, domain: &str, change: impl FnOnce(&mut Tally)) {
        let mut domains = self.0.lock().expect("nothing panics with it");
        change(domains.entry(domain.to_owned()).or_default());
    }

    pub(super) fn of(&self, domain: &str) -> Tally {
        let domains = self.0.lock().expect("nothing panics with it");
        domains.get(domain).cloned().unwrap_or_default()
    }

    /// A request that is about to be sent.
    pub(super) fn asks(&self, domain: &str) -> Request {
        Request {
            truth: self.clone(),
            domain: domain.to_owned(),
            is_answered: false,
        }
    }
}

/// One request as its client sees it. Dropped without an answer, it is unknown what came of it.
pub(super) struct Request {
    truth: Truth,
    domain: String,
    is_answered: bool,
}

impl Request {
    pub(super) fn answered(&mut self, status: u16) {
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.is_answered = true;
        self.truth.note(&self.domain, |it| {
            *it.answered.entry(class).or_default() += 1;
        });
    }

    pub(super) fn took(&self, bytes: usize) {
        self.truth.note(&self.domain, |it| it.taken += bytes as u64);
    }

    /// Before they are sent.
    pub(super) fn gives(&self, bytes: usize) {
        self.truth.note(&self.domain, |it| it.given += bytes as u64);
    }

    pub(super) fn is_silent(&self) {
        self.truth.note(&self.domain, |it| it.silent += 1);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.is_answered {
            self.truth.note(&self.domain, |it| it.unknown += 1);
        }
    }
}
