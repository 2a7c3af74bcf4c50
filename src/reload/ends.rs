use std::collections::BTreeSet;

use crate::certificate::{
    Certificate, ExpiryIndex, ExpiryWatch, Name, Threshold, Timestamp, Validity,
};

/// What of the certificates in use ends, and when.
#[derive(Debug)]
pub(super) struct Ends {
    /// The next to expire first.
    expiries: ExpiryIndex,
    /// Those with an OCSP staple, the next to be over first.
    staples: BTreeSet<(Timestamp, Name)>,
    /// The time up to which expiries are noted.
    noted: Timestamp,
    watch: ExpiryWatch,
    /// Certificates with another leaf than at the last look for those near their end.
    fresh: Vec<Name>,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            expiries: ExpiryIndex::new(),
            staples: BTreeSet::new(),
            noted: Timestamp(i64::MIN),
            watch: ExpiryWatch::default(),
            fresh: Vec::new(),
        }
    }
}

impl Ends {
    /// Puts one version in the place of another, or of none.
    pub(super) fn replace(&mut self, old: Option<&Certificate>, new: Option<&Certificate>) {
        if let Some(old) = old {
            let not_after = old.pairs.validity().not_after;
            self.expiries.remove(&(not_after, old.name.clone()));
            if let Some(until) = old.pairs.staple_until() {
                self.staples.remove(&(until, old.name.clone()));
            }
        }
        let Some(new) = new else { return };
        let not_after = new.pairs.validity().not_after;
        self.expiries.insert((not_after, new.name.clone()));
        if let Some(until) = new.pairs.staple_until() {
            self.staples.insert((until, new.name.clone()));
        }
        if old.is_none_or(|old| old.pairs.fingerprint() != new.pairs.fingerprint()) {
            self.fresh.push(new.name.clone());
        }
    }

    /// Those that have expired since the last call, or are valid again since the clock was set
    /// back.
    pub(super) fn take_passed(&mut self, now: Timestamp) -> Vec<Name> {
        let (from, to) = (self.noted.min(now), self.noted.max(now));
        self.noted = now;
        // The last second of a certificate belongs to it.
        let passed = self
            .expiries
            .range((from, Name::least())..(to, Name::least()));
        passed.map(|(_, name)| name.clone()).collect()
    }

    /// Those whose OCSP staple is over, with its end.
    pub(super) fn past_staples(&self, now: Timestamp) -> Vec<(Name, Timestamp)> {
        let past = self.staples.range(..(now, Name::least()));
        past.map(|(until, name)| (name.clone(), *until)).collect()
    }

    /// Those that came near their end since the last call.
    pub(super) fn take_near(
        &mut self,
        now: Timestamp,
        validity: impl Fn(&Name) -> Option<Validity>,
    ) -> Vec<(Name, Threshold)> {
        // The first look tells all that are near their end.
        let told_by_look = self.watch.is_first();
        let crossed = self.watch.look(&self.expiries, now, &validity).into_iter();
        let mut near: Vec<_> = crossed.map(|it| (it.name, it.threshold)).collect();
        let fresh = std::mem::take(&mut self.fresh);
        if told_by_look || fresh.is_empty() {
            return near;
        }
        let mut known: BTreeSet<_> = near.iter().map(|(name, _)| name.clone()).collect();
        for name in fresh {
            let threshold = validity(&name).and_then(|it| Threshold::below(it, now));
            if let Some(threshold) = threshold
                && known.insert(name.clone())
            {
                near.push((name, threshold));
            }
        }
        near
    }

    /// Makes the next call tell all that are near their end.
    pub(super) fn tell_again(&mut self) {
        self.watch = ExpiryWatch::default();
    }
}
