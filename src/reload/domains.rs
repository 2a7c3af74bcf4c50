use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Now;
use super::certificates::Certificates;
use super::problem::BindingFault;
use crate::certificate;
use crate::certificate::Certificate;
use crate::config::{self, Binding, DomainFile, Place};
use crate::domain::Pattern;
use crate::snapshot::{self, Https};
use crate::telemetry::DomainCounters;

/// The domains: where each is defined, and the last certificate that was good for it.
#[derive(Debug, Default)]
pub(super) struct Domains {
    items: BTreeMap<Pattern, Item>,
    files: BTreeMap<PathBuf, BTreeSet<Pattern>>,
}

#[derive(Debug, Default)]
struct Item {
    /// One for each file that defines the domain; the first one counts.
    definitions: Vec<Arc<config::Domain>>,
    bound: Option<Arc<Certificate>>,
    counters: Arc<DomainCounters>,
    gone: Option<Instant>,
}

/// A table for a domain that another table defines already.
#[derive(Debug)]
pub(super) struct Duplicate {
    pub(super) name: Pattern,
    pub(super) place: Place,
    pub(super) first: Place,
}

impl Domains {
    /// Takes over what files of `domains/` hold now; an absent file holds nothing. Returns the
    /// domains that this concerns.
    pub(super) fn define(
        &mut self,
        files: BTreeMap<PathBuf, DomainFile>,
        now: Now,
    ) -> BTreeSet<Pattern> {
        let mut concerned = BTreeSet::new();
        // First all withdrawals, so that a domain can move from one file to another.
        for (path, file) in &files {
            concerned.extend(self.withdraw(path, file));
        }
        for (path, file) in files {
            for domain in file.domains {
                concerned.insert(domain.name.clone());
                self.add(&path, domain);
            }
        }
        for name in &concerned {
            if let Some(item) = self.items.get_mut(name) {
                item.gone = item.definitions.is_empty().then_some(now.instant);
            }
        }
        concerned
    }

    /// Takes back the definitions of a file, but for those that its new content leaves in doubt.
    fn withdraw(&mut self, path: &Path, file: &DomainFile) -> Vec<Pattern> {
        let Some(names) = self.files.get_mut(path) else {
            return Vec::new();
        };
        let defined: BTreeSet<_> = file.domains.iter().map(|domain| &domain.name).collect();
        let withdrawn = names.extract_if(.., |name| {
            let in_doubt = file.torn || file.unsound.contains(name);
            defined.contains(name) || !in_doubt
        });
        let withdrawn: Vec<_> = withdrawn.collect();
        for name in &withdrawn {
            if let Some(item) = self.items.get_mut(name) {
                let others = |definition: &Arc<config::Domain>| *definition.place.file != *path;
                // Its place in the line stays with a file that goes on defining the domain.
                if !defined.contains(name) {
                    item.definitions.retain(others);
                }
            }
        }
        withdrawn
    }

    fn add(&mut self, path: &Path, domain: config::Domain) {
        let names = self.files.entry(path.to_owned()).or_default();
        names.insert(domain.name.clone());
        let item = self.items.entry(domain.name.clone()).or_default();
        let mut definitions = item.definitions.iter_mut();
        match definitions.find(|definition| definition.place.file == domain.place.file) {
            Some(definition) if definition.same_meaning(&domain) => {}
            Some(definition) => *definition = Arc::new(domain),
            None => item.definitions.push(Arc::new(domain)),
        }
    }

    /// The tables that do not count, for a domain.
    pub(super) fn duplicates(&self, name: &Pattern) -> Vec<Duplicate> {
        let definitions = self.items.get(name).map(|item| &item.definitions[..]);
        let Some([first, others @ ..]) = definitions else {
            return Vec::new();
        };
        let duplicate = |other: &Arc<config::Domain>| Duplicate {
            name: name.clone(),
            place: other.place.clone(),
            first: first.place.clone(),
        };
        others.iter().map(duplicate).collect()
    }

    /// The domains that a change of these certificates concerns.
    pub(super) fn bound_to<'d>(
        &'d self,
        changed: &'d BTreeSet<certificate::Name>,
    ) -> impl Iterator<Item = &'d Pattern> {
        let concerned = |item: &Item| match item.definitions.first().map(|it| &it.binding) {
            Some(Binding::Named(name)) => changed.contains(name),
            Some(Binding::Auto) => true,
            Some(Binding::Unbound) | None => false,
        };
        let items = self.items.iter().filter(move |(_, item)| concerned(item));
        items.map(|(name, _)| name)
    }

    /// Makes the domain as it shall be served, and says what is wrong with its binding. None for a
    /// domain without a definition, which stays as it is until it is removed.
    pub(super) fn build(
        &mut self,
        name: &Pattern,
        certificates: &Certificates,
        now: Now,
    ) -> Option<(snapshot::Domain, Option<BindingFault>)> {
        let item = self.items.get_mut(name)?;
        let config = Arc::clone(item.definitions.first()?);
        let (bound, fault) = bind(&config, item.bound.take(), certificates, now);
        item.bound = bound;
        let https = match (&item.bound, &config.binding) {
            (_, Binding::Unbound) => Https::Unbound,
            (None, _) => Https::Unusable,
            (Some(_), _) if !config.https => Https::Off,
            (Some(certificate), _) => Https::On(Arc::clone(certificate)),
        };
        let domain = snapshot::Domain {
            config,
            https,
            counters: Arc::clone(&item.counters),
        };
        Some((domain, fault))
    }

    /// Takes out the domains that have had no definition for `grace`.
    pub(super) fn expire(&mut self, now: Now, grace: Duration) -> Vec<Pattern> {
        let over = |item: &mut Item| item.gone.is_some_and(|gone| gone + grace <= now.instant);
        let over = self.items.extract_if(.., |_, item| over(item));
        over.map(|(name, _)| name).collect()
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, grace: Duration) -> Option<Instant> {
        let gone = self.items.values().filter_map(|item| item.gone);
        gone.map(|gone| gone + grace).min()
    }
}

/// Finds the certificate for a domain. When the newest binding does not hold, the last good one
/// does; but a certificate that was deleted is not kept alive by the domains bound to it.
fn bind(
    config: &config::Domain,
    last: Option<Arc<Certificate>>,
    certificates: &Certificates,
    now: Now,
) -> (Option<Arc<Certificate>>, Option<BindingFault>) {
    let last = last.filter(|last| certificates.get(&last.name).is_some());
    match &config.binding {
        Binding::Unbound => (None, None),
        Binding::Auto => match certificates.best_for(&config.name, now) {
            Some(certificate) => (Some(Arc::clone(certificate)), None),
            None => (last, Some(BindingFault::NoMatch)),
        },
        Binding::Named(name) => match certificates.get(name) {
            Some(certificate) if config.allow_mismatch || certificate.pair.covers(&config.name) => {
                (Some(Arc::clone(certificate)), None)
            }
            Some(certificate) => {
                let fault = BindingFault::NameNotCovered {
                    certificate: name.clone(),
                    names: certificate.pair.names_for_humans(),
                };
                (last, Some(fault))
            }
            None => (last, Some(BindingFault::CertificateUnknown(name.clone()))),
        },
    }
}
