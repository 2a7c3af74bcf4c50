use std::collections::BTreeSet;

/// Values by key, any number to each, in one tree: a set of its own for each key would take ten
/// times the memory where most keys have one value.
#[derive(Clone, Debug)]
pub(super) struct Index<K, V>(BTreeSet<(K, Option<V>)>);

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<K: Ord + Clone, V: Ord + Clone> Index<K, V> {
    pub(super) fn insert(&mut self, key: &K, value: &V) {
        self.0.insert((key.clone(), Some(value.clone())));
    }

    pub(super) fn remove(&mut self, key: &K, value: &V) {
        self.0.remove(&(key.clone(), Some(value.clone())));
    }

    /// The keys that have values, each once, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        let mut last = None;
        let entries = self.0.iter();
        entries.filter_map(move |(key, _)| {
            let is_new = last != Some(key);
            last = Some(key);
            is_new.then_some(key)
        })
    }

    /// The values of a key, sorted.
    pub(super) fn of<'i>(&'i self, key: &K) -> impl Iterator<Item = &'i V> + use<'i, K, V> {
        // No value at all sorts before all values.
        let from = (key.clone(), None);
        let wanted = key.clone();
        let entries = self.0.range(from..);
        let entries = entries.take_while(move |(key, _)| *key == wanted);
        entries.filter_map(|(_, value)| value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_values_of_a_key_and_of_no_other() {
        let mut index = Index::default();
        for (key, value) in [(2, 'a'), (1, 'c'), (1, 'b'), (3, 'd'), (1, 'b')] {
            index.insert(&key, &value);
        }
        let of = |index: &Index<i32, char>, key| index.of(&key).copied().collect::<String>();
        assert_eq!(of(&index, 1), "bc");
        assert_eq!(of(&index, 4), "");
        index.remove(&1, &'b');
        index.remove(&2, &'z');
        assert_eq!((of(&index, 1), of(&index, 2)), ("c".into(), "a".into()));
    }
}
