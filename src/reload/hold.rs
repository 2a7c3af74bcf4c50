use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Now;
use crate::certificate::Timestamp;
use crate::config;
use crate::domain::Pattern;
use crate::hsts::Pledges;
use crate::snapshot::Domain;

/// Up to when a domain's HTTPS stays on though its table says otherwise: browsers were told to ask
/// over HTTPS alone (RFC 6797), and could not reach it.
///
/// What the domain was served with counts: one that has been without HTTPS stays so, whatever is
/// told by a domain above it. Where that is not known, at a start, what it told itself does.
pub fn hold(
    config: &config::Domain,
    served: Option<&Domain>,
    pledges: &Pledges,
    now: Timestamp,
) -> Option<Timestamp> {
    let name = &config.name;
    match served.map(|domain| domain.certificate().is_some()) {
        _ if config.force_https_off || !config.is_without_https() => None,
        Some(true) => pledges.running(name, now),
        Some(false) => None,
        None => pledges.own(name, now),
    }
}

/// Domains whose HTTPS is held, and when each is to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<Pattern, Instant>);

impl Held {
    pub(super) fn note(&mut self, domain: &Pattern, until: Option<Timestamp>, now: Now) {
        match until {
            Some(until) => {
                let rest = until.0.saturating_sub(now.wall.0);
                let rest = Duration::from_secs(u64::try_from(rest).unwrap_or(0));
                self.0.insert(domain.clone(), now.instant + rest);
            }
            None => drop(self.0.remove(domain)),
        }
    }

    /// Those that may be over.
    pub(super) fn due(&self, now: Instant) -> impl Iterator<Item = &Pattern> {
        let due = self.0.iter().filter(move |(_, until)| **until <= now);
        due.map(|(domain, _)| domain)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }
}
