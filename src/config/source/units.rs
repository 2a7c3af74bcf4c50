use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::stamp::{Glance, TIME_STEP};

/// What was seen of all units of a kind. A unit is what is read as a whole: a file of `domains/`, or
/// the files of a certificate.
#[derive(Debug)]
pub(super) struct Units<K> {
    seen: BTreeMap<K, Seen>,
    missing: BTreeSet<K>,
    /// Units to read once more, since their times may not tell of a change, or since they could
    /// not be read.
    again: BTreeMap<K, Instant>,
    /// Those that could not be read, and since when.
    failed: BTreeMap<K, Instant>,
    pass: u32,
}

#[derive(Debug)]
struct Seen {
    directory: Arc<Path>,
    signature: u64,
    /// The last pass that found it.
    pass: u32,
}

/// What a look at a unit gave.
pub(super) struct Found<T> {
    pub(super) directory: Arc<Path>,
    pub(super) glance: Glance,
    /// Its content, where it may have changed.
    pub(super) content: Option<T>,
    /// Whether the system refused to read it, which may pass by itself.
    pub(super) failed: bool,
}

impl<K> Default for Units<K> {
    fn default() -> Self {
        Self {
            seen: BTreeMap::new(),
            missing: BTreeSet::new(),
            again: BTreeMap::new(),
            failed: BTreeMap::new(),
            pass: 0,
        }
    }
}

impl<K: Ord + Clone> Units<K> {
    /// Where a unit was found last.
    pub(super) fn directory_of(&self, key: &K) -> Option<&Arc<Path>> {
        Some(&self.seen.get(key)?.directory)
    }

    /// Whether a unit was found in a directory, at the last look or before.
    pub(super) fn any_in(&self, directory: &Path) -> bool {
        self.seen.values().any(|seen| *seen.directory == *directory)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Notes a unit as seen, in a state that no look gives.
    pub(super) fn expect(&mut self, key: K, directory: Arc<Path>) {
        let seen = Seen {
            directory,
            signature: 0,
            pass: self.pass,
        };
        self.seen.entry(key).or_insert(seen);
    }

    /// Whether a unit was seen in this directory.
    pub(super) fn is_known(&self, key: &K, directory: &Path) -> bool {
        let seen = self.seen.get(key);
        seen.is_some_and(|it| it.directory.as_os_str() == directory.as_os_str())
    }

    /// Whether a unit is as it was when it was read.
    pub(super) fn is_same(&self, key: &K, directory: &Path, signature: u64) -> bool {
        let seen = self.seen.get(key);
        let same = seen.is_some_and(|seen| seen.signature == signature);
        let is_whole = !self.missing.contains(key) && !self.failed.contains_key(key);
        same && is_whole && self.is_known(key, directory)
    }

    /// Units that are not there any more.
    pub(super) fn missing(&self) -> &BTreeSet<K> {
        &self.missing
    }

    /// Whether some unit is missing that was not before, and that nobody took away.
    pub(super) fn has_lost(&self, before: &BTreeSet<K>, taken_away: &BTreeSet<K>) -> bool {
        let mut missing = self.missing.iter();
        missing.any(|key| !before.contains(key) && !taken_away.contains(key))
    }

    /// Stops telling that these are missing.
    pub(super) fn drop_missing(&mut self, keys: &[K]) {
        for key in keys {
            self.missing.remove(key);
            self.failed.remove(key);
            self.seen.remove(key);
        }
    }

    /// Takes the units that it is time to read once more.
    pub(super) fn take_due(&mut self, now: Instant) -> BTreeSet<K> {
        let due = self.again.extract_if(.., |_, at| *at <= now);
        due.map(|(key, _)| key).collect()
    }

    /// Makes a unit that could not be read be tried again: soon at first, then as long after as it
    /// has failed.
    fn try_again(&mut self, key: &K, now: Instant) {
        let since = *self.failed.entry(key.clone()).or_insert(now);
        let wait = (now - since).clamp(TIME_STEP, LONGEST_WAIT);
        self.again.insert(key.clone(), now + wait);
    }

    /// The units among these that were not seen yet, and those that were and are not among these.
    pub(super) fn news<'k>(&self, all: impl Iterator<Item = &'k K>) -> Vec<K>
    where
        K: 'k,
    {
        let mut gone: BTreeSet<_> = self.seen.keys().collect();
        let new: Vec<_> = all.filter(|key| !gone.remove(key)).collect();
        new.into_iter().chain(gone).cloned().collect()
    }

    /// Makes the next look be at these as well.
    pub(super) fn look_at(&mut self, keys: Vec<K>) {
        let now = Instant::now();
        self.again.extend(keys.into_iter().map(|key| (key, now)));
    }

    /// When some unit is to be read once more.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.again.values().min().copied()
    }

    /// Notes what a look gave, and returns the content that is new. Units that were there and are
    /// not are missing, but for those whose directory is lost.
    pub(super) fn note<T>(
        &mut self,
        found: Vec<(K, Option<Found<T>>)>,
        lost: &[Arc<Path>],
        now: Instant,
    ) -> Vec<(K, T)> {
        self.pass = self.pass.wrapping_add(1);
        let mut news = Vec::new();
        for (key, found) in found {
            let Some(found) = found else {
                self.miss(key, lost);
                continue;
            };
            self.missing.remove(&key);
            let news_of_it = found.content.is_some();
            let signature = found.glance.signature;
            let before = self.seen.get(&key);
            let is_other = before.is_none_or(|it| it.signature != signature);
            if found.failed {
                self.try_again(&key, now);
            } else if news_of_it {
                self.failed.remove(&key);
                if found.glance.fresh && is_other {
                    self.again.entry(key.clone()).or_insert(now + TIME_STEP);
                }
            }
            let seen = Seen {
                directory: found.directory,
                signature,
                pass: self.pass,
            };
            self.seen.insert(key.clone(), seen);
            news.extend(found.content.map(|content| (key, content)));
        }
        news
    }

    /// After a look at everything: what it did not find is missing.
    pub(super) fn sweep(&mut self, lost: &[Arc<Path>]) {
        let unseen = self.seen.iter().filter(|(_, seen)| seen.pass != self.pass);
        let unseen: Vec<_> = unseen.map(|(key, _)| key.clone()).collect();
        for key in unseen {
            self.miss(key, lost);
        }
    }

    fn miss(&mut self, key: K, lost: &[Arc<Path>]) {
        self.failed.remove(&key);
        match self.seen.get(&key) {
            Some(seen) if !lost.contains(&seen.directory) => self.missing.insert(key),
            _ => self.missing.remove(&key),
        };
    }
}

/// The longest wait until what could not be read is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
