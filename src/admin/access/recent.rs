use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::peer::Who;

/// What is remembered of addresses for a minute. It has a bound: of too many, the oldest is
/// forgotten.
#[derive(Debug)]
pub(super) struct Recent<V>(HashMap<Who, Entry<V>>);

#[derive(Debug)]
pub(super) struct Entry<V> {
    pub(super) since: Instant,
    pub(super) value: V,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V: Default> Recent<V> {
    /// What is remembered, if it is.
    pub(super) fn get(&self, who: &Who, now: Instant) -> Option<&Entry<V>> {
        self.0.get(who).filter(|entry| entry.is_fresh(now))
    }

    /// The same; what was not remembered is from now on.
    pub(super) fn remember(&mut self, who: Who, now: Instant) -> &mut Entry<V> {
        if self.get(&who, now).is_none() {
            self.make_room(now);
            let value = V::default();
            self.0.insert(who, Entry { since: now, value });
        }
        let new = || Entry {
            since: now,
            value: V::default(),
        };
        self.0.entry(who).or_insert_with(new)
    }

    /// Whether nothing was remembered until now.
    pub(super) fn is_new(&mut self, who: Who, now: Instant) -> bool {
        let is_new = self.get(&who, now).is_none();
        self.remember(who, now);
        is_new
    }

    fn make_room(&mut self, now: Instant) {
        if self.0.len() < CAPACITY {
            return;
        }
        self.0.retain(|_, entry| entry.is_fresh(now));
        let oldest = self.0.iter().min_by_key(|(_, entry)| entry.since);
        let oldest = oldest.map(|(who, _)| *who);
        if let Some(oldest) = oldest.filter(|_| self.0.len() >= CAPACITY) {
            self.0.remove(&oldest);
        }
    }
}

impl<V> Entry<V> {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < PERIOD
    }
}

/// How long something is remembered.
pub(super) const PERIOD: Duration = Duration::from_secs(60);

/// Some 100 kB.
const CAPACITY: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn who(number: usize) -> Who {
        let bits = 0x0a00_0000 + u32::try_from(number).unwrap();
        Who::of(Some(IpAddr::V4(Ipv4Addr::from_bits(bits))))
    }

    #[test]
    fn a_minute_is_remembered() {
        let (mut recent, start) = (Recent::<()>::default(), Instant::now());
        assert!(recent.is_new(who(1), start));
        let late = start + PERIOD - Duration::from_millis(1);
        assert!(!recent.is_new(who(1), late));
        assert!(recent.is_new(who(2), late));
        assert!(recent.is_new(who(1), start + PERIOD));
    }

    #[test]
    fn of_too_many_the_oldest_is_forgotten() {
        let (mut recent, start) = (Recent::<()>::default(), Instant::now());
        for number in 0..=CAPACITY {
            let at = start + Duration::from_millis(number as u64);
            assert!(recent.is_new(who(number), at));
        }
        let now = start + Duration::from_secs(2);
        assert_eq!(recent.0.len(), CAPACITY);
        assert!(recent.get(&who(0), now).is_none());
        assert!(recent.get(&who(1), now).is_some());
    }
}
