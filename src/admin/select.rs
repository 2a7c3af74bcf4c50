use std::collections::BTreeMap;

/// The first entries after a key, in the order of the keys, taken in one pass over entries in no
/// order: what is not returned is not sorted either.
#[derive(Debug)]
pub(super) struct Selection<K, V> {
    after: Option<K>,
    limit: usize,
    kept: BTreeMap<K, V>,
    total: usize,
    /// Whether there are more than fit.
    more: bool,
}

impl<K: Ord, V> Selection<K, V> {
    pub(super) fn new(after: Option<K>, limit: usize) -> Self {
        Self {
            after,
            limit,
            kept: BTreeMap::new(),
            total: 0,
            more: false,
        }
    }

    /// Keeps an entry if it is among the first so far. No key comes twice.
    pub(super) fn offer(&mut self, key: K, value: V) {
        self.total += 1;
        if self.after.as_ref().is_some_and(|after| key <= *after) {
            return;
        }
        if self.kept.len() >= self.limit {
            self.more = true;
            let last = self.kept.last_key_value();
            if last.is_none_or(|(last, _)| key > *last) {
                return;
            }
            self.kept.pop_last();
        }
        self.kept.insert(key, value);
    }

    /// How many entries there were in all, before `after` as well.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Whether more follow than are kept.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// What is kept, in order.
    pub(super) fn into_values(self) -> impl Iterator<Item = V> {
        self.kept.into_values()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn takes_what_sorting_all_would(
            keys in prop::collection::btree_set(0..50_u8, 0..40),
            seed in any::<u64>(),
            after in prop::option::of(0..50_u8),
            limit in 0..10_usize,
        ) {
            let mut shuffled: Vec<_> = keys.iter().copied().collect();
            shuffled.sort_by_key(|key| (u64::from(*key) + 1).wrapping_mul(seed | 1).rotate_left(32));
            let mut selection = Selection::new(after, limit);
            shuffled.iter().for_each(|key| selection.offer(*key, *key));
            let following: Vec<_> = keys.iter().filter(|key| after < Some(**key)).collect();
            prop_assert_eq!(selection.total(), keys.len());
            prop_assert_eq!(selection.has_more(), following.len() > limit);
            let values: Vec<_> = selection.into_values().collect();
            let expected: Vec<_> = following.into_iter().take(limit).copied().collect();
            prop_assert_eq!(values, expected);
        }
    }
}
