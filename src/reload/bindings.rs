use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::certificates::Changed;
use super::index::Index;
use crate::certificate::{self, Certificate};
use crate::config::{self, Binding};
use crate::domain::Pattern;

/// From a certificate back to the domains that it concerns.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    by_certificate: Index<certificate::Name, Pattern>,
    /// The domains that are bound to the best match, by what a matching certificate may name.
    automatic: Index<Pattern, Pattern>,
    by_client_ca: Index<Arc<Path>, Pattern>,
}

/// What a domain is listed under.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) target: Target,
    /// The certificate that it has, where that is not the target.
    bound: Option<certificate::Name>,
    client_ca: Option<Arc<Path>>,
}

/// What a domain asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Target {
    #[default]
    Nothing,
    Automatic,
    Named(certificate::Name),
}

impl Listed {
    pub(super) fn of(config: &config::Domain, bound: Option<&Certificate>) -> Self {
        let target = match &config.binding {
            Binding::Unbound => Target::Nothing,
            Binding::Auto => Target::Automatic,
            Binding::Named(name) => Target::Named(name.clone()),
        };
        let bound = bound.map(|certificate| &certificate.name);
        let other = bound.filter(|bound| target.name() != Some(bound));
        Self {
            bound: other.cloned(),
            client_ca: config.tls.client_ca.clone(),
            target,
        }
    }

    fn names(&self) -> impl Iterator<Item = &certificate::Name> {
        self.target.name().into_iter().chain(&self.bound)
    }
}

impl Target {
    pub(super) fn name(&self) -> Option<&certificate::Name> {
        match self {
            Self::Named(name) => Some(name),
            Self::Automatic | Self::Nothing => None,
        }
    }
}

impl Bindings {
    /// Lists a domain in another way than before.
    pub(super) fn relist(&mut self, domain: &Pattern, before: &Listed, after: &Listed) {
        if before == after {
            return;
        }
        before
            .names()
            .for_each(|name| self.by_certificate.remove(name, domain));
        after
            .names()
            .for_each(|name| self.by_certificate.insert(name, domain));
        before
            .client_ca
            .iter()
            .for_each(|path| self.by_client_ca.remove(path, domain));
        after
            .client_ca
            .iter()
            .for_each(|path| self.by_client_ca.insert(path, domain));
        if before.target == after.target {
            return;
        }
        let automatic = &mut self.automatic;
        match (&before.target, &after.target) {
            (_, Target::Automatic) => domain
                .covered_by()
                .for_each(|pattern| automatic.insert(&pattern, domain)),
            (Target::Automatic, _) => domain
                .covered_by()
                .for_each(|pattern| automatic.remove(&pattern, domain)),
            _ => {}
        }
    }

    /// The domains that name a certificate, or have it.
    pub(super) fn listed_under(&self, name: &certificate::Name) -> impl Iterator<Item = &Pattern> {
        self.by_certificate.of(name)
    }

    /// The files with roots of client certificates that domains name.
    pub(super) fn client_cas(&self) -> impl Iterator<Item = &Arc<Path>> {
        self.by_client_ca.keys()
    }

    /// The domains that name such a file.
    pub(super) fn verifying_with(&self, client_ca: &Arc<Path>) -> impl Iterator<Item = &Pattern> {
        self.by_client_ca.of(client_ca)
    }

    /// The domains that a change of certificates concerns.
    pub(super) fn concerned_by(&self, changed: &Changed) -> BTreeSet<Pattern> {
        let listed = changed
            .iter()
            .flat_map(|certificate| self.by_certificate.of(&certificate.name));
        let covered = changed
            .iter()
            .flat_map(|certificate| certificate.pairs.names());
        let matching = covered.flat_map(|pattern| self.automatic.of(pattern));
        listed.chain(matching).cloned().collect()
    }
}
