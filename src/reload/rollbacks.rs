use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use crate::certificate::Name;
use crate::state::Pin;

/// The rollbacks that hold.
#[derive(Debug, Default)]
pub(super) struct Rollbacks {
    pins: BTreeMap<Name, Pin>,
    /// Certificates that an operator gave back to their files, which are to be looked at again.
    released: BTreeSet<Name>,
}

impl Rollbacks {
    /// Takes over the pins as they are now. Returns the certificates that are to be looked at
    /// again.
    pub(super) fn take(&mut self, pins: BTreeMap<Name, Pin>) -> BTreeSet<Name> {
        let released = self.pins.keys().filter(|name| !pins.contains_key(*name));
        let released: Vec<_> = released.cloned().collect();
        let is_new = |(name, pin): &(&Name, &Pin)| self.pins.get(*name) != Some(*pin);
        let new = pins.iter().filter(is_new).map(|(name, _)| name.clone());
        let mut changed: BTreeSet<_> = new.collect();
        changed.extend(released.iter().cloned());
        self.released.extend(released);
        self.pins = pins;
        changed
    }

    pub(super) fn names(&self) -> BTreeSet<Name> {
        self.pins.keys().cloned().collect()
    }

    /// The rollback of a certificate, while its files are those that it is in place of.
    pub(super) fn holds(&self, name: &Name, candidate: &Candidate) -> Option<Pin> {
        let pin = self.pins.get(name)?;
        (candidate.digest == Some(pin.files)).then_some(*pin)
    }

    /// Ends a rollback, since the files changed; says whether there was one.
    pub(super) fn end(&mut self, name: &Name) -> bool {
        self.pins.remove(name).is_some()
    }

    /// Whether the certificate was given back to its files, which then count whatever they are.
    pub(super) fn take_released(&mut self, name: &Name) -> bool {
        self.released.remove(name)
    }
}
