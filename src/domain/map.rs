use std::fmt;

use super::name::{self, Name};
use super::pattern::Pattern;
use crate::table::Table;

/// Values by domain: looked up by SNI and by Host in the same way.
///
/// The order of lookup is
/// 1. the exact name,
/// 2. the one-label wildcard above it.
///
/// Case and one trailing dot do not matter; what is no domain name (an IP literal, say) matches
/// nothing. A clone shares its entries with the original, see [`Table`].
#[derive(Clone)]
pub struct Map<V> {
    exact: Table<Name, V>,
    wildcard: Table<Name, V>,
}

/// Why a lookup matched, with what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match<V> {
    /// The name itself is in the table.
    Exact(V),
    /// A wildcard one label above it is.
    Wildcard(V),
}

impl<V> Match<V> {
    /// The value found, however it matched.
    pub fn into_value(self) -> V {
        match self {
            Self::Exact(value) | Self::Wildcard(value) => value,
        }
    }
}

impl<V: Clone> Map<V> {
    /// An empty table.
    pub fn new() -> Self {
        Self {
            exact: Table::new(),
            wildcard: Table::new(),
        }
    }

    /// Makes room for values of these patterns, where they are many.
    pub fn expect<'p>(&mut self, patterns: impl IntoIterator<Item = &'p Pattern>) {
        let (mut exact, mut wildcard) = (0, 0);
        for pattern in patterns {
            match pattern {
                Pattern::Exact(_) => exact += 1,
                Pattern::Wildcard(_) => wildcard += 1,
            }
        }
        self.exact.expect(exact);
        self.wildcard.expect(wildcard);
    }

    /// Finds the value for a name as it came over the network. Does not allocate.
    pub fn find(&self, name: &str) -> Option<Match<&V>> {
        let mut buffer = [0; name::MAX_LENGTH];
        let name = name::normalize(name, &mut buffer).ok()?;
        if let Some(value) = self.exact.get(name) {
            return Some(Match::Exact(value));
        }
        self.wildcard.get(name::parent(name)?).map(Match::Wildcard)
    }

    /// The value of exactly this pattern: `*.a.b` finds only `*.a.b`.
    pub fn get(&self, pattern: &Pattern) -> Option<&V> {
        match pattern {
            Pattern::Exact(name) => self.exact.get(name.as_str()),
            Pattern::Wildcard(parent) => self.wildcard.get(parent.as_str()),
        }
    }

    /// Sets the value of a pattern, in place of the one that it had.
    pub fn insert(&mut self, pattern: &Pattern, value: V) {
        match pattern {
            Pattern::Exact(name) => self.exact.insert(name.clone(), value),
            Pattern::Wildcard(parent) => self.wildcard.insert(parent.clone(), value),
        };
    }

    /// Takes a pattern out.
    pub fn remove(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Exact(name) => self.exact.remove(name),
            Pattern::Wildcard(parent) => self.wildcard.remove(parent),
        };
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.exact.values().chain(self.wildcard.values())
    }

    /// All values, each with the name that it is found by, in no order: an exact one, or the parent
    /// of a wildcard. To go over many, this is faster than to find the name in the value.
    pub fn iter(&self) -> impl Iterator<Item = (Match<&Name>, &V)> {
        let exact = self.exact.iter();
        let exact = exact.map(|(name, value)| (Match::Exact(name), value));
        let wildcard = self.wildcard.iter();
        exact.chain(wildcard.map(|(parent, value)| (Match::Wildcard(parent), value)))
    }

    /// How many patterns the table holds.
    pub fn len(&self) -> usize {
        self.exact.len() + self.wildcard.len()
    }

    /// Whether the table holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<V: Clone> Default for Map<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> fmt::Debug for Map<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(patterns: &[&'static str]) -> Map<&'static str> {
        let mut map = Map::new();
        for pattern in patterns {
            map.insert(&pattern.parse().unwrap(), *pattern);
        }
        map
    }

    #[test]
    fn exact_before_wildcard_and_one_label_only() {
        let map = map(&[
            "play.example.com",
            "*.live.example.com",
            "a.live.example.com",
        ]);
        let cases = [
            ("play.example.com", Some(Match::Exact("play.example.com"))),
            ("PLAY.example.COM.", Some(Match::Exact("play.example.com"))),
            (
                "a.live.example.com",
                Some(Match::Exact("a.live.example.com")),
            ),
            (
                "b.live.example.com",
                Some(Match::Wildcard("*.live.example.com")),
            ),
            ("b.b.live.example.com", None),
            ("live.example.com", None),
            ("192.0.2.1", None),
            ("", None),
        ];
        for (name, expected) in cases {
            let found = map.find(name).map(|found| match found {
                Match::Exact(value) => Match::Exact(*value),
                Match::Wildcard(value) => Match::Wildcard(*value),
            });
            assert_eq!(found, expected, "{name:?}");
        }
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let before = map(&["a.example.com"]);
        let mut after = before.clone();
        after.insert(&"b.example.com".parse().unwrap(), "b");
        after.remove(&"a.example.com".parse().unwrap());
        assert!(before.find("a.example.com").is_some() && before.find("b.example.com").is_none());
        assert!(after.find("a.example.com").is_none() && after.find("b.example.com").is_some());
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        "(\\*\\.)?[ab](\\.[ab]){1,3}".prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_list(
            patterns in prop::collection::vec(pattern(), 0..12),
            names in prop::collection::vec("[abAB](\\.[abAB]){0,4}\\.?", 1..12),
        ) {
            let mut map = Map::new();
            for pattern in &patterns {
                map.insert(pattern, pattern.clone());
            }
            for text in names {
                let name = Pattern::Exact(text.parse().unwrap());
                let naive = patterns.iter().filter(|pattern| pattern.covers(&name));
                let naive = naive.min_by_key(|pattern| matches!(pattern, Pattern::Wildcard(_)));
                prop_assert_eq!(map.find(&text).map(Match::into_value), naive);
            }
        }
    }
}
