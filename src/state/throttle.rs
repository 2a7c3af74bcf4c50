use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Lets one of each kind through in a period, and counts the others: a full disk fails 100,000
/// times in the same way, and one line of log tells as much.
#[derive(Debug)]
pub(super) struct Throttle<K> {
    period: Duration,
    kinds: BTreeMap<K, Kind>,
}

#[derive(Debug)]
struct Kind {
    since: Instant,
    held_back: u64,
}

impl<K: Ord> Throttle<K> {
    pub(super) fn new(period: Duration) -> Self {
        Self {
            period,
            kinds: BTreeMap::new(),
        }
    }

    /// Whether this one may pass, and then how many of its kind were held back before it.
    pub(super) fn pass(&mut self, kind: K, now: Instant) -> Option<u64> {
        let Some(known) = self.kinds.get_mut(&kind) else {
            let known = Kind {
                since: now,
                held_back: 0,
            };
            self.kinds.insert(kind, known);
            return Some(0);
        };
        if now.saturating_duration_since(known.since) < self.period {
            known.held_back += 1;
            return None;
        }
        known.since = now;
        Some(std::mem::take(&mut known.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_kind_passes_in_a_period() {
        let period = Duration::from_secs(60);
        let (mut throttle, start) = (Throttle::new(period), Instant::now());
        assert_eq!(throttle.pass("full", start), Some(0));
        assert_eq!(throttle.pass("full", start), None);
        assert_eq!(throttle.pass("denied", start), Some(0));
        let late = start + period - Duration::from_millis(1);
        assert_eq!(throttle.pass("full", late), None);
        assert_eq!(throttle.pass("full", start + period), Some(2));
        assert_eq!(throttle.pass("full", start + period), None);
        assert_eq!(throttle.pass("full", start + period * 2), Some(1));
    }
}
