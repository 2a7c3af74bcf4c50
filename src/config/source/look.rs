use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::certificate::Name;

/// Where to look for changes.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// How far.
    pub scope: Scope,
    /// Certificates to read again, changed or not.
    pub again: BTreeSet<Name>,
    /// Whether the next part of a look at everything is taken as well, where one is under way.
    pub patrol: bool,
    /// What somebody of ours has just written or taken away: that it is not there any more is no
    /// sign that its directory is lost.
    pub wanted: Items,
}

impl Look {
    /// A look without anything that is read again.
    pub fn at(scope: Scope) -> Self {
        Self {
            scope,
            again: BTreeSet::new(),
            patrol: true,
            wanted: Items::default(),
        }
    }
}

/// How far a look goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At these, and at what was seen missing or is due to be read once more.
    Items(Items),
    /// At everything; what did not change is not read.
    Everything,
    /// At everything; all of it is read again.
    Afresh,
}

/// What files are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// Files of `domains/`.
    pub domains: BTreeSet<PathBuf>,
    /// Certificates.
    pub certificates: BTreeSet<Name>,
}

impl Scope {
    /// Whether it leaves nothing out.
    pub fn is_everything(&self) -> bool {
        !matches!(self, Self::Items(_))
    }

    /// Makes it go as far as the other one does, too.
    pub fn widen(&mut self, by: Self) {
        match (&mut *self, by) {
            (Self::Items(items), Self::Items(more)) if items.len() < MOST_ITEMS => {
                items.domains.extend(more.domains);
                items.certificates.extend(more.certificates);
            }
            (Self::Items(_), _) => *self = Self::Everything,
            _ => {}
        }
    }

    pub(super) fn domains(&self) -> impl Iterator<Item = &PathBuf> {
        self.items().into_iter().flat_map(|items| &items.domains)
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = &Name> {
        let items = self.items().into_iter();
        items.flat_map(|items| &items.certificates)
    }

    fn items(&self) -> Option<&Items> {
        match self {
            Self::Items(items) => Some(items),
            Self::Everything | Self::Afresh => None,
        }
    }
}

impl Items {
    fn len(&self) -> usize {
        self.domains.len() + self.certificates.len()
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::Items(Items::default())
    }
}

/// Beyond this, looking at everything is no more work than looking at each.
const MOST_ITEMS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_items_are_everything() {
        let mut changed = Scope::default();
        for number in 0..=MOST_ITEMS {
            let domains = BTreeSet::from([PathBuf::from(number.to_string())]);
            assert!(!changed.is_everything());
            changed.widen(Scope::Items(Items {
                domains,
                ..Items::default()
            }));
        }
        assert_eq!(changed, Scope::Everything);
        changed.widen(Scope::default());
        assert_eq!(changed, Scope::Everything);
    }
}
