use crate::admin::view;
use crate::snapshot::{Https, Snapshot};

/// How many domains are in which state.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::admin) struct States {
    serving: u64,
    off: u64,
    unbound: u64,
    expired: u64,
    unusable: u64,
}

impl States {
    /// Looks at all domains.
    pub(in crate::admin) fn of(snapshot: &Snapshot) -> Self {
        let mut states = Self::default();
        for domain in snapshot.domains.values() {
            *states.count(&domain.https) += 1;
        }
        states
    }

    fn count(&mut self, https: &Https) -> &mut u64 {
        match https {
            Https::On(_) => &mut self.serving,
            Https::Off => &mut self.off,
            Https::Unbound => &mut self.unbound,
            Https::Expired => &mut self.expired,
            Https::Unusable => &mut self.unusable,
        }
    }

    /// The counts, each with the word for its state.
    pub(in crate::admin) fn counts(self) -> [(&'static str, u64); 5] {
        [
            ("serving", self.serving),
            ("off", self.off),
            ("unbound", self.unbound),
            ("expired", self.expired),
            ("unusable", self.unusable),
        ]
    }

    pub(super) fn view(self) -> view::Domains {
        let Self {
            serving,
            off,
            unbound,
            expired,
            unusable,
        } = self;
        view::Domains {
            total: serving + off + unbound + expired + unusable,
            serving,
            off,
            unbound,
            expired,
            unusable,
        }
    }
}
