use crate::admin::view;
use crate::snapshot::{Https, Snapshot};

/// How many domains are in which state.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::admin) struct States {
    serving: u64,
    off: u64,
    unbound: u64,
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
            Https::Unusable => &mut self.unusable,
        }
    }

    /// The counts, each with the word for its state.
    pub(in crate::admin) fn counts(self) -> [(&'static str, u64); 4] {
        [
            ("serving", self.serving),
            ("off", self.off),
            ("unbound", self.unbound),
            ("unusable", self.unusable),
        ]
    }

    pub(super) fn view(self) -> view::Domains {
        let Self {
            serving,
            off,
            unbound,
            unusable,
        } = self;
        view::Domains {
            total: serving + off + unbound + unusable,
            serving,
            off,
            unbound,
            unusable,
        }
    }
}
