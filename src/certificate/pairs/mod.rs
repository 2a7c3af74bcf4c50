use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::CertificateDer;

use crate::certificate::fingerprint::Fingerprint;
use crate::certificate::layout::{Files, is_staple};
use crate::certificate::note::Note;
use crate::certificate::pair::Pair;
use crate::certificate::refusal::{self, Refusal};
use crate::certificate::validity::{Timestamp, Validity};
use crate::domain::Pattern;

/// One version of a certificate: a pair, or two whose keys are of different kinds.
#[derive(Clone, Debug)]
pub struct Pairs {
    preferred: Pair,
    other: Option<Box<Pair>>,
}

/// A sound version, and what is to be said of it.
#[derive(Debug)]
pub struct Parsed {
    /// The version.
    pub pairs: Pairs,
    /// What does not keep it from being served.
    pub notes: Vec<Note>,
    /// The leaves in the order of the files.
    pub leaves: Vec<Fingerprint>,
}

impl Pairs {
    /// Reads one certificate's files.
    ///
    /// # Errors
    ///
    /// When they hold no chain and key that belong together, or one of two pairs is unsound.
    pub fn parse(files: &Files, provider: &CryptoProvider) -> Result<Parsed, Refusal> {
        let staple = files.beside(is_staple).map(|(_, content)| content);
        // One that cannot be read is as good as one that cannot be understood.
        let staple = staple.map(|content| content.as_deref().unwrap_or_default());
        let mut notes = Vec::new();
        let sections = files.pairs()?.into_iter();
        let pairs = sections.map(|it| Pair::new(it, staple, provider, &mut notes));
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        let leaves = pairs.iter().map(|pair| pair.fingerprint).collect();
        let pairs = Self::of(pairs)?;
        if pairs.iter().any(|pair| pair.staple_until().is_some()) {
            // It speaks of one pair, so not of the other.
            notes.retain(|note| !matches!(note, Note::Staple(_)));
        }
        notes.dedup();
        Ok(Parsed {
            pairs,
            notes,
            leaves,
        })
    }

    fn of(mut pairs: Vec<Pair>) -> Result<Self, Refusal> {
        // RSA last: its signatures cost the most.
        pairs.sort_by_key(|pair| pair.algorithm() == SignatureAlgorithm::RSA);
        let mut pairs = pairs.into_iter();
        let preferred = pairs.next().ok_or(Refusal::CertificateMissing)?;
        let other = pairs.next();
        let same = other.as_ref().map(Pair::algorithm) == Some(preferred.algorithm());
        if same || pairs.next().is_some() {
            return Err(Refusal::SameKeyKind);
        }
        Ok(Self {
            preferred,
            other: other.map(Box::new),
        })
    }

    /// Whether an OCSP response is sent with one of its leaves.
    pub fn has_staple(&self) -> bool {
        self.staple_until().is_some()
    }

    /// When the first of its OCSP staples is over.
    pub fn staple_until(&self) -> Option<Timestamp> {
        self.iter().filter_map(Pair::staple_until).min()
    }

    /// The same version without the staples that are over at `now`, if there are any.
    pub fn without_past_staples(&self, now: Timestamp) -> Option<Self> {
        self.staple_until().filter(|until| *until < now)?;
        let strip = |pair: &Pair| {
            pair.without_past_staple(now)
                .unwrap_or_else(|| pair.clone())
        };
        Some(Self {
            preferred: strip(&self.preferred),
            other: self.other.as_deref().map(strip).map(Box::new),
        })
    }

    /// The pairs, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        [Some(&self.preferred), self.other.as_deref()]
            .into_iter()
            .flatten()
    }

    /// The pair for a client: the preferred one whose key can make a signature that the client
    /// accepts. When none can, the handshake fails with any of them.
    pub fn choose(&self, schemes: &[SignatureScheme]) -> &Arc<CertifiedKey> {
        let mut keys = self.iter().map(|pair| &pair.certified);
        let fits = keys.find(|certified| certified.key.choose_scheme(schemes).is_some());
        fits.unwrap_or(&self.preferred.certified)
    }

    /// The chains, while nobody else holds them.
    pub(crate) fn chains_mut(&mut self) -> impl Iterator<Item = &mut Vec<CertificateDer<'static>>> {
        let pairs = [Some(&mut self.preferred), self.other.as_deref_mut()];
        let certified = pairs.into_iter().flatten().map(|pair| &mut pair.certified);
        certified.filter_map(|certified| Some(&mut Arc::get_mut(certified)?.cert))
    }

    /// Identifies the version: the preferred pair's leaf.
    pub fn fingerprint(&self) -> Fingerprint {
        self.preferred.fingerprint
    }

    /// From when until when all of it is valid.
    pub fn validity(&self) -> Validity {
        let validities = self.iter().map(|pair| pair.validity);
        validities.fold(self.preferred.validity, |all, one| Validity {
            not_before: all.not_before.max(one.not_before),
            not_after: all.not_after.min(one.not_after),
        })
    }

    /// The DNS names that all leaves are valid for.
    pub fn names(&self) -> impl Iterator<Item = &Pattern> {
        let names = self.preferred.names().iter();
        names.filter(|name| self.other.as_ref().is_none_or(|other| other.covers(name)))
    }

    /// The names for a message: the first few of them.
    pub fn names_for_humans(&self) -> String {
        refusal::list(self.names())
    }

    /// Whether all leaves are valid for all that a domain's name stands for.
    pub fn covers(&self, domain: &Pattern) -> bool {
        self.iter().all(|pair| pair.covers(domain))
    }

    /// Whether the leaves name the domain itself, and not only a wildcard above it.
    pub fn names_exactly(&self, domain: &Pattern) -> bool {
        self.iter().all(|pair| pair.names_exactly(domain))
    }

    /// How well they suit a domain that leaves the choice to us: valid before expired, naming the
    /// domain itself before a wildcard, then those that last longest.
    pub fn rank_for(&self, domain: &Pattern, now: Timestamp) -> impl Ord + use<> {
        let valid = self.check_time(now).is_ok();
        (valid, self.names_exactly(domain), self.validity().not_after)
    }

    /// How many certificates the chains hold.
    pub fn chain_length(&self) -> usize {
        self.iter().map(Pair::chain_length).sum()
    }

    /// Whether serving `other` would send the same bytes.
    pub fn same_chains(&self, other: &Self) -> bool {
        let pairs = self.iter().zip(other.iter());
        let same = pairs.map(|(ours, theirs)| ours.same_chain(theirs));
        self.other.is_some() == other.other.is_some() && same.min() == Some(true)
    }

    /// Checks that all of it is valid at `now`.
    ///
    /// # Errors
    ///
    /// When it has expired or is not valid yet.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let validity = self.validity();
        if validity.is_past(now) {
            return Err(Refusal::Expired(validity.not_after));
        }
        if validity.is_future(now) {
            return Err(Refusal::NotYetValid(validity.not_before));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
