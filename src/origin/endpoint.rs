use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::ejection::{self, Ejection};
use super::error::Error;
use super::fault::Fault;
use super::hash::Fnv;
use super::load::{Kind, Limits, Load};
use crate::config::OriginUrl;

/// One endpoint of an origin, as all workers and all domains that name it see it.
///
/// What is counted here is relaxed atomics: they order nothing, and nobody waits for another.
#[derive(Debug)]
pub struct Endpoint {
    number: u64,
    hash: u64,
    url: OriginUrl,
    load: Load,
    ejection: Ejection,
    ejections: AtomicU64,
    repeats: AtomicU64,
    faults: [AtomicU64; Fault::ALL.len()],
}

impl Endpoint {
    fn new(number: u64, url: OriginUrl) -> Self {
        let mut hasher = Fnv::default();
        hasher.write(url.to_string().to_ascii_lowercase().as_bytes());
        Self {
            number,
            hash: hasher.finish(),
            url,
            load: Load::default(),
            ejection: Ejection::new(),
            ejections: AtomicU64::new(0),
            repeats: AtomicU64::new(0),
            faults: Default::default(),
        }
    }

    /// Where it is.
    pub fn url(&self) -> &OriginUrl {
        &self.url
    }

    /// Tells it from all others, also from an earlier one of the same URL.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The same in each process, now and later.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// How many of a kind are under way.
    pub fn running(&self, kind: Kind) -> usize {
        self.load.running(kind)
    }

    /// How many of a kind were refused so far, since there were as many as may be.
    pub fn refused(&self, kind: Kind) -> u64 {
        self.load.refused(kind)
    }

    /// Begins something, unless there are as many as may be.
    pub(super) fn begin(&self, kind: Kind, limits: Limits) -> bool {
        self.load.begin(kind, limits)
    }

    pub(super) fn end(&self, kind: Kind) {
        self.load.end(kind);
    }

    /// Whether it is left out since it failed again and again.
    pub fn is_ejected(&self) -> bool {
        self.ejection.is_out()
    }

    /// How often it was left out so far.
    pub fn ejections(&self) -> u64 {
        self.ejections.load(Ordering::Relaxed)
    }

    /// How often it failed so far.
    pub fn faults(&self, fault: Fault) -> u64 {
        self.faults[fault as usize].load(Ordering::Relaxed)
    }

    /// How many requests that got nothing here were asked once more so far.
    pub fn repeats(&self) -> u64 {
        self.repeats.load(Ordering::Relaxed)
    }

    pub(super) fn asked_again(&self) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
    }

    /// It gave a response.
    pub(super) fn succeeded(&self) {
        if self.ejection.succeeded() {
            tracing::info!(origin = %self.url, "endpoint is back");
        }
    }

    /// A health check passed, or there are none any more.
    pub fn check_passed(&self) {
        if self.ejection.check_passed() {
            tracing::info!(origin = %self.url, "endpoint is back");
        }
    }

    /// A health check failed.
    pub fn check_failed(&self) {
        let fault = Fault::Check;
        self.faults[fault as usize].fetch_add(1, Ordering::Relaxed);
        if self.ejection.check_failed() {
            self.ejections.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(origin = %self.url, reason = fault.code(), "endpoint left out");
        }
    }

    /// It gave none.
    pub(super) fn failed(&self, error: &Error) {
        let Some(fault) = Fault::of(error) else {
            return;
        };
        self.faults[fault as usize].fetch_add(1, Ordering::Relaxed);
        let count = match fault {
            // A viewer waited in vain for seconds: the next one shall not.
            Fault::ConnectTimeout => ejection::LIMIT,
            _ => 1,
        };
        if let Some(period) = self.ejection.failed(count) {
            self.ejections.fetch_add(1, Ordering::Relaxed);
            let (reason, seconds) = (fault.code(), period.as_secs());
            tracing::warn!(origin = %self.url, reason, seconds, %error, "endpoint left out");
        }
    }
}

/// The endpoints in use: one for all domains that name it, however they are built anew.
#[derive(Debug, Default)]
pub struct Directory {
    known: HashMap<OriginUrl, Weak<Endpoint>>,
    /// How many there may be before those that nobody uses any more are looked for.
    room: usize,
    made: u64,
}

impl Directory {
    /// The endpoint at a URL.
    pub fn get(&mut self, url: &OriginUrl) -> Arc<Endpoint> {
        if let Some(known) = self.known.get(url).and_then(Weak::upgrade) {
            return known;
        }
        if self.known.len() >= self.room {
            self.known.retain(|_, known| known.strong_count() > 0);
            self.room = self.known.len() * 2 + 1;
        }
        self.made += 1;
        let endpoint = Arc::new(Endpoint::new(self.made, url.clone()));
        self.known.insert(url.clone(), Arc::downgrade(&endpoint));
        endpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_share_an_endpoint_as_long_as_one_uses_it() {
        let mut directory = Directory::default();
        let url = |port: u16| format!("http://127.0.0.1:{port}").parse().unwrap();
        let one = directory.get(&url(1));
        assert!(Arc::ptr_eq(&one, &directory.get(&url(1))));
        let before = one.number();
        drop(one);
        assert_ne!(directory.get(&url(1)).number(), before);
        for port in 2..1000 {
            directory.get(&url(port));
        }
        assert!(directory.known.len() < 10, "{}", directory.known.len());
    }
}
