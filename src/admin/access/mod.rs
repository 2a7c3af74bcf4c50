//! Who may ask what at the admin listener.
//!
//! [`decide`] is a pure function of the request and of what is in place; [`Access`] is what that
//! is: the tokens as their files say now, who has tried too often, and how often somebody was
//! refused.
//!
//! The order of the checks is part of the answer: who comes by a foreign web page (another `Host`,
//! another `Origin`) learns nothing of tokens, not even whether the process is well.

mod bearer;
mod decision;
mod host;
mod keyring;
mod keys;
mod origin;
mod peer;
mod recent;
mod refusal;
mod tries;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

pub(super) use decision::Asked;
use decision::{Rules, decide};
use keyring::Keyring;
pub(super) use peer::Peer;
use peer::Who;
use recent::Recent;
pub(super) use refusal::Refusal;
use tries::Tries;

use crate::config;
use crate::state::{Role, Tokens};

/// Lets requests in, or refuses them. All clones share what they know.
#[derive(Clone)]
pub struct Access(Arc<Shared>);

struct Shared {
    // Held by the thread of the admin listener alone, for as long as a decision takes.
    known: Mutex<Known>,
    refused: [AtomicU64; Refusal::CODES.len()],
}

struct Known {
    keyring: Keyring,
    tries: Tries,
    logged: Recent<()>,
}

impl Access {
    /// Access by the tokens of a state directory, which are made where there are none yet. What is
    /// wrong with them is in the log, and lets nobody in.
    pub fn start(tokens: Tokens) -> Self {
        Self(Arc::new(Shared {
            known: Mutex::new(Known {
                keyring: Keyring::start(tokens),
                tries: Tries::default(),
                logged: Recent::default(),
            }),
            refused: Default::default(),
        }))
    }

    /// Whether a request may be answered: with the role of who asks, or none where everybody may.
    pub(super) fn admit(
        &self,
        asked: &Asked<'_>,
        peer: &Peer,
        admin: &config::Admin,
    ) -> Result<Option<Role>, Refusal> {
        let now = Instant::now();
        let who = peer.who();
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        let rules = Rules {
            hosts: &admin.hosts,
            open: &admin.open,
            wait: known.tries.wait(&who, now),
            keys: known.keyring.keys(now),
        };
        let decision = decide(asked, peer, &rules);
        if let Err(refusal) = &decision {
            self.note(refusal);
            known.note(refusal, who, now);
        }
        decision
    }

    /// How many requests were refused so far, by the word for the reason.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.0.refused.iter();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        Refusal::CODES.into_iter().zip(counts)
    }

    fn note(&self, refusal: &Refusal) {
        let place = Refusal::CODES.iter().position(|it| *it == refusal.code());
        if let Some(count) = place.and_then(|place| self.0.refused.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Known {
    fn note(&mut self, refusal: &Refusal, who: Who, now: Instant) {
        if matches!(refusal, Refusal::UnknownToken) {
            self.tries.failed(who, now);
        }
        // A line for each would let anybody fill the disk.
        if self.logged.is_new(who, now) {
            let reason = refusal.code();
            tracing::warn!(reason, client = %who, error = %refusal, "admin request refused");
        }
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}
