use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Now;
use super::ends::Ends;
use super::index::Index;
use super::judge::{Flaw, Verdict, judge};
use super::order::Wanted;
use super::report::Replaced;
use crate::certificate::{Certificate, Name, Pairs, Parsed, Refusal, Threshold, Timestamp};
use crate::domain::Pattern;
use crate::table::Table;

/// The certificates: of each the version in use, and what is wrong with its newest files.
#[derive(Debug)]
pub(super) struct Certificates {
    in_use: Table<Name, Arc<Certificate>>,
    /// Those whose newest files were refused.
    refused: BTreeSet<Name>,
    torn: BTreeMap<Name, Torn>,
    /// Those whose files are missing, and since when.
    gone: BTreeMap<Name, Instant>,
    /// Refused ones for which something has changed that may matter.
    reconsider: BTreeSet<Name>,
    /// The certificates in use by the names that they are valid for.
    by_domain: Index<Pattern, Name>,
    ends: Ends,
}

/// Versions of certificates that are in use now, or were until now.
#[derive(Debug, Default)]
pub(super) struct Changed(Vec<Change>);

#[derive(Debug)]
enum Change {
    /// One version is in use in the place of another.
    Replaced(Option<Arc<Certificate>>, Option<Arc<Certificate>>),
    /// The version is in use as before, but its time came or went.
    Passed(Arc<Certificate>),
}

impl Changed {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Certificate> {
        let versions = self.0.iter().flat_map(|change| match change {
            Change::Replaced(old, new) => [old.as_ref(), new.as_ref()],
            Change::Passed(certificate) => [Some(certificate), None],
        });
        versions.flatten().map(AsRef::as_ref)
    }

    /// What is in use in the place of what.
    pub(super) fn replaced(&self) -> Vec<Replaced> {
        let replaced = self.0.iter().filter_map(|change| match change {
            Change::Replaced(old, new) => Replaced::of(old.as_deref(), new.as_deref()),
            Change::Passed(_) => None,
        });
        replaced.collect()
    }
}

/// Files that may be in the middle of being written.
#[derive(Clone, Copy, Debug)]
struct Torn {
    since: Instant,
    again: Instant,
    wait: Duration,
}

/// A version that may be adopted.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) parsed: Result<Parsed, Refusal>,
    /// Whether an operator insists.
    pub(super) force: bool,
    /// Gives files that may be half written time before they are refused.
    pub(super) patient: bool,
}

/// What became of new files.
#[derive(Debug)]
pub(super) enum Adoption {
    /// They are in use now.
    Adopted(Vec<Flaw>),
    /// They hold what is in use already.
    Same(Vec<Flaw>),
    /// They may be half written: the next look will tell.
    Torn,
    /// They were refused; what is in use stays.
    Refused(Refusal),
}

impl Certificates {
    pub(super) fn new() -> Self {
        Self {
            in_use: Table::new(),
            refused: BTreeSet::new(),
            torn: BTreeMap::new(),
            gone: BTreeMap::new(),
            reconsider: BTreeSet::new(),
            by_domain: Index::default(),
            ends: Ends::default(),
        }
    }

    /// Makes room for so many certificates, where they are many.
    pub(super) fn expect(&mut self, count: usize) {
        self.in_use.expect(count);
    }

    /// The version in use.
    pub(super) fn get(&self, name: &Name) -> Option<&Arc<Certificate>> {
        self.in_use.get(name)
    }

    /// All versions in use.
    pub(super) fn in_use(&self) -> &Table<Name, Arc<Certificate>> {
        &self.in_use
    }

    /// The best certificate for a domain that asks for no certain one.
    pub(super) fn best_for(&self, domain: &Pattern, now: Now) -> Option<&Arc<Certificate>> {
        let patterns = domain.covered_by();
        let names = patterns.flat_map(|pattern| self.by_domain.of(&pattern));
        let covering = names.filter_map(|name| self.get(name));
        covering.max_by_key(|it| it.pairs.rank_for(domain, now.wall))
    }

    /// Adopts the files of a certificate if they are sound, and notes that in `changed`. `bound`
    /// are the domains that must not be left without.
    pub(super) fn adopt(
        &mut self,
        name: &Name,
        offer: Offer,
        bound: impl Iterator<Item = Pattern>,
        now: Now,
        changed: &mut Changed,
    ) -> Adoption {
        let in_use = self.in_use.get(name).map(|it| &it.pairs);
        let verdict = match offer.parsed {
            Ok(parsed) => judge(in_use, parsed, bound, offer.force, now.wall),
            Err(refusal) => Verdict::Refuse(refusal),
        };
        // What was refused already is reported; it need not be waited for at every scan.
        let is_news = !self.refused.contains(name);
        if verdict.may_be_torn(in_use, is_news) && offer.patient && self.wait(name, now.instant) {
            return Adoption::Torn;
        }
        self.torn.remove(name);
        let adoption = match verdict {
            Verdict::Adopt(pairs, flaws) => {
                self.put_in_use(name, pairs, changed);
                Adoption::Adopted(flaws)
            }
            Verdict::Same(_, flaws) => Adoption::Same(flaws),
            Verdict::Refuse(refusal) => {
                self.refused.insert(name.clone());
                return Adoption::Refused(refusal);
            }
        };
        self.refused.remove(name);
        adoption
    }

    fn put_in_use(&mut self, name: &Name, pairs: Pairs, changed: &mut Changed) {
        let certificate = Arc::new(Certificate {
            name: name.clone(),
            pairs,
        });
        let before = self.in_use.insert(name.clone(), Arc::clone(&certificate));
        self.relist(before.as_ref(), Some(&certificate), changed);
    }

    /// Puts a version of history in use, whatever is.
    pub(super) fn restore(&mut self, name: &Name, pairs: Pairs, changed: &mut Changed) {
        let in_use = self.in_use.get(name);
        if !in_use.is_some_and(|in_use| in_use.pairs.same_chains(&pairs)) {
            self.put_in_use(name, pairs, changed);
        }
    }

    /// Lists one version in the place of another.
    fn relist(
        &mut self,
        old: Option<&Arc<Certificate>>,
        new: Option<&Arc<Certificate>>,
        changed: &mut Changed,
    ) {
        self.ends
            .replace(old.map(AsRef::as_ref), new.map(AsRef::as_ref));
        let change = Change::Replaced(old.cloned(), new.cloned());
        changed.0.push(change);
        if let Some(old) = old {
            old.pairs
                .names()
                .for_each(|it| self.by_domain.remove(it, &old.name));
        }
        if let Some(new) = new {
            new.pairs
                .names()
                .for_each(|it| self.by_domain.insert(it, &new.name));
        }
    }

    /// Notes whose files are missing now: those certificates are in use until that has lasted.
    pub(super) fn miss(&mut self, missing: &BTreeSet<Name>, now: Now) {
        self.gone.retain(|name, _| missing.contains(name));
        for name in missing {
            self.gone.entry(name.clone()).or_insert(now.instant);
        }
    }

    /// Takes out the certificates that have been gone for `grace`, or that somebody wants gone.
    pub(super) fn remove_gone(
        &mut self,
        now: Now,
        grace: Duration,
        wanted: Option<&Wanted>,
        changed: &mut Changed,
    ) -> Vec<Name> {
        let is_wanted = |name: &Name| wanted.is_some_and(|it| it.items.certificates.contains(name));
        let over =
            |name: &Name, gone: &mut Instant| *gone + grace <= now.instant || is_wanted(name);
        let over = self.gone.extract_if(.., over).map(|(name, _)| name);
        let over: Vec<_> = over.collect();
        for name in &over {
            self.torn.remove(name);
            self.refused.remove(name);
            if let Some(certificate) = self.in_use.remove(name) {
                self.relist(Some(&certificate), None, changed);
            }
        }
        over
    }

    /// The certificates in use that have expired since the last look, or are valid again since the
    /// clock was set back: another one may be the best match now.
    pub(super) fn note_expiries(&mut self, now: Now, changed: &mut Changed) -> Vec<Name> {
        let passed = self.ends.take_passed(now.wall);
        for name in &passed {
            if let Some(certificate) = self.in_use.get(name) {
                changed.0.push(Change::Passed(Arc::clone(certificate)));
            }
            self.reconsider(name);
        }
        passed
    }

    /// Stops sending the OCSP staples that are over, and returns whose.
    pub(super) fn drop_staples(
        &mut self,
        now: Now,
        changed: &mut Changed,
    ) -> Vec<(Name, Timestamp)> {
        let mut dropped = self.ends.past_staples(now.wall);
        dropped.retain(|(name, _)| {
            let in_use = self.in_use.get(name);
            let stripped = in_use.and_then(|it| it.pairs.without_past_staples(now.wall));
            stripped.is_some_and(|pairs| {
                self.put_in_use(name, pairs, changed);
                true
            })
        });
        dropped
    }

    /// The certificates in use that came near their end since the last call.
    pub(super) fn take_near_end(&mut self, now: Now) -> Vec<(Arc<Certificate>, Threshold)> {
        let in_use = &self.in_use;
        let validity = |name: &Name| Some(in_use.get(name)?.pairs.validity());
        let near = self.ends.take_near(now.wall, validity).into_iter();
        let near = near.filter_map(|(name, threshold)| Some((in_use.get(&name)?, threshold)));
        near.map(|(it, threshold)| (Arc::clone(it), threshold))
            .collect()
    }

    /// Makes the next call tell all that are near their end.
    pub(super) fn tell_ends_again(&mut self) {
        self.ends.tell_again();
    }

    /// Has a refused certificate looked at again, since something changed that may matter.
    pub(super) fn reconsider(&mut self, name: &Name) {
        if self.refused.contains(name) {
            self.reconsider.insert(name.clone());
        }
    }

    /// Gives up waiting for files that were due for another look but were not there to be read.
    pub(super) fn settle(&mut self, now: Now) {
        self.torn.retain(|_, torn| torn.again > now.instant);
    }

    /// Takes the certificates whose files are worth another look at `now`: half-written ones as
    /// their turn comes; with `all`, the refused ones as well.
    pub(super) fn take_worth_a_look(&mut self, now: Instant, all: bool) -> BTreeSet<Name> {
        let mut names = std::mem::take(&mut self.reconsider);
        let due = self
            .torn
            .iter()
            .filter(|(_, torn)| all || torn.again <= now);
        names.extend(due.map(|(name, _)| name.clone()));
        if all {
            names.extend(self.refused.iter().cloned());
        }
        names
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, grace: Duration, now: Instant) -> Option<Instant> {
        let torn = self.torn.values().map(|torn| torn.again);
        let gone = self.gone.values().map(|gone| *gone + grace);
        let reconsider = self.reconsider.first().map(|_| now);
        torn.chain(gone).chain(reconsider).min()
    }

    /// Whether it is too early to say that the files are bad; sets the time of the next look.
    fn wait(&mut self, name: &Name, now: Instant) -> bool {
        let torn = self.torn.entry(name.clone()).or_insert(Torn {
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

/// How long files may look half written before they count as bad. Copying over a slow network takes
/// a second or two.
const PATIENCE: Duration = Duration::from_secs(3);

const FIRST_WAIT: Duration = Duration::from_millis(50);
