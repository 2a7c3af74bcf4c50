use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::problem::{Item, Problem};

/// All problems there are, by what they are filed under, and which of them are new.
#[derive(Debug, Default)]
pub(super) struct Problems {
    current: BTreeMap<Item, Vec<Problem>>,
    /// What was touched since the last comparison, as it was before.
    before: BTreeMap<Item, Vec<Problem>>,
    /// The items that a scan tells anew each time.
    states: BTreeSet<Item>,
    list: Arc<[Problem]>,
}

impl Problems {
    /// Puts problems in place of those that the item had.
    pub(super) fn note(&mut self, item: Item, problems: Vec<Problem>) {
        let before = self.current.remove(&item);
        if before.is_none() && problems.is_empty() {
            return;
        }
        let first = self.before.entry(item.clone());
        first.or_insert_with(|| before.unwrap_or_default());
        if !problems.is_empty() {
            self.current.insert(item, problems);
        }
    }

    /// Takes out the problems of an item.
    pub(super) fn forget(&mut self, item: Item) {
        self.note(item, Vec::new());
    }

    /// Whether the item has problems.
    pub(super) fn has(&self, item: &Item) -> bool {
        self.current.contains_key(item)
    }

    /// Puts problems in place of all that were noted in this way before.
    pub(super) fn note_states(&mut self, states: BTreeMap<Item, Vec<Problem>>) {
        for item in std::mem::take(&mut self.states) {
            if !states.contains_key(&item) {
                self.forget(item);
            }
        }
        for (item, problems) in states {
            self.states.insert(item.clone());
            self.note(item, problems);
        }
    }

    /// Returns which problems are new since the last call, and which are over.
    pub(super) fn compare(&mut self) -> (Vec<Problem>, Vec<Problem>) {
        let before = std::mem::take(&mut self.before);
        let (mut new, mut over) = (Vec::new(), Vec::new());
        for (item, before) in &before {
            let now = self.current.get(item).map_or(&[][..], Vec::as_slice);
            new.extend(now.iter().filter(|it| !before.contains(it)).cloned());
            over.extend(before.iter().filter(|it| !now.contains(it)).cloned());
        }
        if !new.is_empty() || !over.is_empty() {
            self.list = self.current.values().flatten().cloned().collect();
        }
        (new, over)
    }

    /// All of them, as of the last comparison.
    pub(super) fn list(&self) -> Arc<[Problem]> {
        Arc::clone(&self.list)
    }
}
