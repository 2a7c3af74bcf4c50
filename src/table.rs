//! A hash table whose clones share their entries.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// A hash table in shards behind `Arc`s: a clone shares all of them, a change copies one.
///
/// At 100,000 entries a shard holds about 100: copying one is microseconds, and so is copying the
/// vector of shards. So the next generation of a large table costs what changed in it.
#[derive(Clone)]
pub struct Table<K, V> {
    hasher: RandomState,
    shards: Vec<Arc<HashMap<K, V>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Table<K, V> {
    /// An empty table.
    pub fn new() -> Self {
        let empty = Arc::new(HashMap::new());
        Self {
            hasher: RandomState::new(),
            shards: vec![empty; SHARDS],
        }
    }

    /// Makes room for `count` entries in all, where they are many.
    pub fn expect(&mut self, count: usize) {
        // To count those that are there means to look into each shard.
        if count < SHARDS {
            return;
        }
        let each = count.saturating_sub(self.len()) / SHARDS;
        if each > 0 {
            self.shards
                .iter_mut()
                .for_each(|shard| Arc::make_mut(shard).reserve(each));
        }
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // The hash's upper bits: the shard's own table works with the lower ones of another key.
        (self.hasher.hash_one(key) >> 32) as usize % SHARDS
    }

    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.shards[self.shard(key)].get(key)
    }

    /// Sets the value of a key, and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let shard = self.shard(&key);
        Arc::make_mut(&mut self.shards[shard]).insert(key, value)
    }

    /// Takes a key out, and returns the value that it had.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let shard = self.shard(key);
        // A shard without the key is not copied.
        self.shards[shard].contains_key(key).then_some(())?;
        Arc::make_mut(&mut self.shards[shard]).remove(key)
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.shards.iter().flat_map(|shard| shard.values())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.is_empty())
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Default for Table<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

const SHARDS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut before = Table::new();
        before.insert("a", 1);
        let mut after = before.clone();
        assert_eq!(after.insert("b", 2), None);
        assert_eq!(after.insert("b", 3), Some(2));
        assert_eq!(after.remove("a"), Some(1));
        assert_eq!(after.remove("a"), None);
        assert_eq!((before.get("a"), before.get("b")), (Some(&1), None));
        assert_eq!((after.get("a"), after.get("b")), (None, Some(&3)));
        assert_eq!((after.len(), after.is_empty()), (1, false));
    }

    #[test]
    fn a_change_copies_one_shard() {
        let mut before = Table::new();
        before.expect(10_000);
        for key in 0..10_000 {
            before.insert(key, key);
        }
        let mut after = before.clone();
        after.insert(7, 8);
        let pairs = before.shards.iter().zip(&after.shards);
        assert_eq!(pairs.filter(|(a, b)| !Arc::ptr_eq(a, b)).count(), 1);
    }
}
