use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use tokio::time::Instant;

use super::Now;
use crate::certificate::{Certificate, Files, Name, Pair, Refusal, Timestamp};
use crate::domain::Pattern;

/// The certificates: of each the version in use, and what is wrong with its newest files.
#[derive(Debug)]
pub(super) struct Certificates {
    provider: Arc<CryptoProvider>,
    items: BTreeMap<Name, Item>,
    /// The certificates in use by the names that they are valid for.
    by_domain: BTreeMap<Pattern, BTreeSet<Name>>,
    /// The certificates in use that have not expired, the next to expire first.
    expiries: BTreeSet<(Timestamp, Name)>,
}

/// Certificates of which another version is in use now, or none.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) certificates: BTreeSet<Name>,
    /// All that they are, or were, valid for.
    domains: BTreeSet<Pattern>,
}

impl Changed {
    fn add(&mut self, certificate: &Certificate) {
        self.certificates.insert(certificate.name.clone());
        let names = certificate.pair.names().iter();
        self.domains.extend(names.cloned());
    }

    /// Whether one of them concerns a domain that is bound to the best match.
    pub(super) fn covers(&self, domain: &Pattern) -> bool {
        let mut covering = domain.covered_by();
        covering.any(|pattern| self.domains.contains(&pattern))
    }
}

#[derive(Debug, Default)]
struct Item {
    in_use: Option<Arc<Certificate>>,
    refused: bool,
    torn: Option<Torn>,
    gone: Option<Instant>,
}

/// Files that may be in the middle of being written.
#[derive(Clone, Copy, Debug)]
struct Torn {
    since: Instant,
    again: Instant,
    wait: Duration,
}

/// What became of new files.
#[derive(Debug)]
pub(super) enum Adoption {
    /// They are in use now; expired ones too, when there was nothing better.
    Adopted(Option<Refusal>),
    /// They hold what is in use already, which may have expired.
    Same(Option<Refusal>),
    /// They may be half written: the next look will tell.
    Torn,
    /// They were refused; what is in use stays.
    Refused(Refusal),
}

impl Certificates {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            items: BTreeMap::new(),
            by_domain: BTreeMap::new(),
            expiries: BTreeSet::new(),
        }
    }

    /// The version in use.
    pub(super) fn get(&self, name: &Name) -> Option<&Arc<Certificate>> {
        self.items.get(name)?.in_use.as_ref()
    }

    /// All versions in use.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.items.values().filter_map(|item| item.in_use.as_ref())
    }

    /// The best certificate for a domain that asks for no certain one: valid before expired, naming
    /// the domain itself before a wildcard, the one that lasts longest.
    pub(super) fn best_for(&self, domain: &Pattern, now: Now) -> Option<&Arc<Certificate>> {
        let names = domain.covered_by();
        let names = names.filter_map(|pattern| self.by_domain.get(&pattern));
        let covering = names.flatten().filter_map(|name| self.get(name));
        covering.max_by_key(|it| {
            let valid = it.pair.check_time(now.wall).is_ok();
            (
                valid,
                it.pair.names_exactly(domain),
                it.pair.validity.not_after,
            )
        })
    }

    /// Adopts the files of a certificate if they are sound, and notes that in `changed`. `patient`
    /// gives files that may be half written time before they are refused.
    pub(super) fn adopt(
        &mut self,
        name: &Name,
        files: &Files,
        now: Now,
        patient: bool,
        changed: &mut Changed,
    ) -> Adoption {
        let item = self.items.entry(name.clone()).or_default();
        let (pair, adoption) = match Pair::parse(files, &self.provider) {
            Ok(pair) => judge(item, pair, now),
            Err(refusal) => (None, Adoption::Refused(refusal)),
        };
        let torn = match (&adoption, &pair) {
            // What was refused already is reported; it need not be waited for at every scan.
            (Adoption::Refused(refusal), _) => refusal.may_be_torn() && !item.refused,
            (Adoption::Adopted(_), Some(pair)) => item.had_more_than(pair),
            _ => false,
        };
        if torn && patient && item.wait(now.instant) {
            return Adoption::Torn;
        }
        item.torn = None;
        item.refused = matches!(adoption, Adoption::Refused(_));
        if let Some(pair) = pair {
            let certificate = Arc::new(Certificate {
                name: name.clone(),
                pair,
            });
            let before = item.in_use.replace(Arc::clone(&certificate));
            self.unlist(before.as_deref(), changed);
            self.list(&certificate, changed);
        }
        adoption
    }

    fn list(&mut self, certificate: &Certificate, changed: &mut Changed) {
        changed.add(certificate);
        for pattern in certificate.pair.names() {
            let names = self.by_domain.entry(pattern.clone()).or_default();
            names.insert(certificate.name.clone());
        }
        let not_after = certificate.pair.validity.not_after;
        self.expiries.insert((not_after, certificate.name.clone()));
    }

    fn unlist(&mut self, certificate: Option<&Certificate>, changed: &mut Changed) {
        let Some(certificate) = certificate else {
            return;
        };
        changed.add(certificate);
        for pattern in certificate.pair.names() {
            if let Some(names) = self.by_domain.get_mut(pattern) {
                names.remove(&certificate.name);
                if names.is_empty() {
                    self.by_domain.remove(pattern);
                }
            }
        }
        let not_after = certificate.pair.validity.not_after;
        self.expiries.remove(&(not_after, certificate.name.clone()));
    }

    /// Notes whose files are missing now: those certificates are in use until that has lasted.
    pub(super) fn miss(&mut self, missing: &BTreeSet<Name>, now: Now) {
        for (name, item) in &mut self.items {
            item.gone = match missing.contains(name) {
                true => item.gone.or(Some(now.instant)),
                false => None,
            };
        }
    }

    /// Takes out the certificates that have been gone for `grace`.
    pub(super) fn remove_gone(
        &mut self,
        now: Now,
        grace: Duration,
        changed: &mut Changed,
    ) -> Vec<Name> {
        let over = |item: &mut Item| item.gone.is_some_and(|gone| gone + grace <= now.instant);
        let over = self.items.extract_if(.., |_, item| over(item));
        let over: Vec<_> = over.collect();
        for (_, item) in &over {
            self.unlist(item.in_use.as_deref(), changed);
        }
        over.into_iter().map(|(name, _)| name).collect()
    }

    /// The certificates in use that have expired since the last look: a better match may be there
    /// for the domains that are bound to the best one.
    pub(super) fn expire(&mut self, now: Now, changed: &mut Changed) -> Vec<Arc<Certificate>> {
        let past = |(not_after, _): &(Timestamp, Name)| *not_after < now.wall;
        let mut expired = Vec::new();
        while let Some((_, name)) = self.expiries.first().filter(|first| past(first)).cloned() {
            self.expiries.pop_first();
            if let Some(certificate) = self.get(&name).cloned() {
                changed.add(&certificate);
                expired.push(certificate);
            }
        }
        expired
    }

    /// Gives up waiting for files that were due for another look but were not there to be read.
    pub(super) fn settle(&mut self, now: Now) {
        for item in self.items.values_mut() {
            item.torn = item.torn.filter(|torn| torn.again > now.instant);
        }
    }

    /// Certificates whose files are worth another look at `now`: half-written ones as their turn
    /// comes; with `all`, the refused ones as well.
    pub(super) fn worth_a_look(&self, now: Instant, all: bool) -> Vec<Name> {
        let due = |item: &Item| {
            let torn = item.torn.is_some_and(|torn| torn.again <= now);
            torn || (all && (item.refused || item.torn.is_some()))
        };
        let due = self.items.iter().filter(|(_, item)| due(item));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, grace: Duration) -> Option<Instant> {
        let items = self.items.values();
        let deadlines = items.flat_map(|item| {
            let torn = item.torn.map(|torn| torn.again);
            let gone = item.gone.map(|gone| gone + grace);
            torn.into_iter().chain(gone)
        });
        deadlines.min()
    }
}

impl Item {
    /// Whether the chain in use holds more certificates than a new one: the file may end where the
    /// leaf does because the rest is not written yet.
    fn had_more_than(&self, pair: &Pair) -> bool {
        let in_use = self.in_use.as_ref();
        in_use.is_some_and(|in_use| in_use.pair.chain_length() > pair.chain_length())
    }

    /// Whether it is too early to say that the files are bad; sets the time of the next look.
    fn wait(&mut self, now: Instant) -> bool {
        let torn = self.torn.get_or_insert(Torn {
            since: now,
            again: now,
            wait: FIRST_WAIT,
        });
        if now - torn.since >= PATIENCE {
            return false;
        }
        if torn.again <= now {
            torn.again = now + torn.wait;
            torn.wait *= 2;
        }
        true
    }
}

/// Compares a sound pair with the one in use.
fn judge(item: &Item, pair: Pair, now: Now) -> (Option<Pair>, Adoption) {
    let in_use = item.in_use.as_ref().map(|in_use| &in_use.pair);
    let untimely = pair.check_time(now.wall).err();
    if in_use.is_some_and(|in_use| in_use.same_chain(&pair)) {
        return (None, Adoption::Same(untimely));
    }
    match (untimely, in_use) {
        (None, _) => (Some(pair), Adoption::Adopted(None)),
        // An expired certificate is a warning in a browser; no certificate is no stream at all.
        (Some(expired @ Refusal::Expired(_)), None) => {
            (Some(pair), Adoption::Adopted(Some(expired)))
        }
        (Some(refusal), _) => (None, Adoption::Refused(refusal)),
    }
}

/// How long files may look half written before they count as bad. Copying over a slow network takes
/// a second or two.
const PATIENCE: Duration = Duration::from_secs(3);

const FIRST_WAIT: Duration = Duration::from_millis(50);
