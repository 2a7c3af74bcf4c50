use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Now;
use super::certificates::{Certificates, Changed};
use super::policies::{Policies, PolicyFault};
use super::problem::BindingFault;
use crate::certificate::Certificate;
use crate::config::{self, Binding, DomainFile, Place};
use crate::domain::Pattern;
use crate::policy::Policy;
use crate::snapshot::{self, Https};
use crate::telemetry::DomainCounters;

/// The domains: where each is defined, and the last certificate that was good for it.
#[derive(Debug, Default)]
pub(super) struct Domains {
    items: BTreeMap<Pattern, Item>,
    files: BTreeMap<PathBuf, File>,
}

#[derive(Debug, Default)]
struct Item {
    /// One for each file that defines the domain, in the order in which they came.
    definitions: Vec<Definition>,
    bound: Option<Arc<Certificate>>,
    policy: Option<Arc<Policy>>,
    counters: Arc<DomainCounters>,
    gone: Option<Instant>,
}

#[derive(Debug)]
struct Definition {
    config: Arc<config::Domain>,
    /// Whether its file is missing: it counts only while no other one does.
    missing: bool,
}

/// A file of `domains/`, and what it defines.
#[derive(Debug, Default)]
struct File {
    names: BTreeSet<Pattern>,
    missing: Option<Instant>,
}

/// A table for a domain that another table defines already.
#[derive(Debug)]
pub(super) struct Duplicate {
    pub(super) name: Pattern,
    pub(super) place: Place,
    pub(super) first: Place,
}

/// What is wrong with a domain that is served all the same, or as far as it goes.
pub(super) type Faults = (Option<BindingFault>, Option<PolicyFault>);

/// What became of domains whose files or tables have been gone for the grace.
#[derive(Debug, Default)]
pub(super) struct Expired {
    pub(super) domains: Vec<Pattern>,
    pub(super) files: Vec<PathBuf>,
}

impl Domains {
    /// Takes over what files of `domains/` hold now. Returns the domains that this concerns.
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
        self.note_gone(&concerned, now.instant);
        concerned
    }

    /// Notes which files are missing now; what they define stays until that has lasted, unless
    /// another file defines it. Returns the domains that this concerns.
    pub(super) fn miss(&mut self, missing: &BTreeSet<PathBuf>, now: Now) -> BTreeSet<Pattern> {
        let mut concerned = BTreeSet::new();
        // A file that never defined anything is forgotten like the others.
        for path in missing {
            self.files.entry(path.clone()).or_default();
        }
        for (path, file) in &mut self.files {
            let is_missing = missing.contains(path);
            if is_missing == file.missing.is_some() {
                continue;
            }
            file.missing = is_missing.then_some(now.instant);
            concerned.extend(file.names.iter().cloned());
            for name in &file.names {
                if let Some(item) = self.items.get_mut(name)
                    && let Some(definition) = item.defined_in(path)
                {
                    definition.missing = is_missing;
                }
            }
        }
        concerned
    }

    /// Takes back the definitions of a file, but for those that its new content leaves in doubt.
    fn withdraw(&mut self, path: &Path, content: &DomainFile) -> Vec<Pattern> {
        let Some(file) = self.files.get_mut(path) else {
            return Vec::new();
        };
        let defined: BTreeSet<_> = content.domains.iter().map(|domain| &domain.name).collect();
        let withdrawn = file.names.extract_if(.., |name| {
            let in_doubt = content.torn || content.unsound.contains(name);
            defined.contains(name) || !in_doubt
        });
        let withdrawn: Vec<_> = withdrawn.collect();
        for name in &withdrawn {
            // Its place in the line stays with a file that goes on defining the domain.
            if let Some(item) = self.items.get_mut(name)
                && !defined.contains(name)
            {
                item.undefine(path);
            }
        }
        withdrawn
    }

    fn add(&mut self, path: &Path, domain: config::Domain) {
        let file = self.files.entry(path.to_owned()).or_default();
        file.names.insert(domain.name.clone());
        let item = self.items.entry(domain.name.clone()).or_default();
        match item.defined_in(path) {
            Some(definition) if *definition.config == domain => {}
            Some(definition) => definition.config = Arc::new(domain),
            None => item.definitions.push(Definition {
                config: Arc::new(domain),
                missing: false,
            }),
        }
    }

    fn note_gone<'p>(&mut self, names: impl IntoIterator<Item = &'p Pattern>, now: Instant) {
        for name in names {
            if let Some(item) = self.items.get_mut(name) {
                item.gone = item.definitions.is_empty().then_some(now);
            }
        }
    }

    /// The tables that do not count, for a domain.
    pub(super) fn duplicates(&self, name: &Pattern) -> Vec<Duplicate> {
        let Some(item) = self.items.get(name) else {
            return Vec::new();
        };
        let mut definitions = item.definitions.iter().filter(|it| !it.missing);
        let Some(first) = definitions.next() else {
            return Vec::new();
        };
        let duplicates = definitions.map(|other| Duplicate {
            name: name.clone(),
            place: other.config.place.clone(),
            first: first.config.place.clone(),
        });
        duplicates.collect()
    }

    /// The domains that a change of certificates concerns.
    pub(super) fn bound_to<'d>(
        &'d self,
        changed: &'d Changed,
    ) -> impl Iterator<Item = &'d Pattern> {
        let items = self.items.iter();
        let concerned = items.filter(|(name, item)| item.is_concerned(name, changed));
        concerned.map(|(name, _)| name)
    }

    /// All domains.
    pub(super) fn names(&self) -> impl Iterator<Item = &Pattern> {
        self.items.keys()
    }

    /// The files with roots of client certificates that domains name.
    pub(super) fn client_cas(&self) -> BTreeSet<PathBuf> {
        let configs = self.items.values().filter_map(Item::config);
        let files = configs.filter_map(|config| config.tls.client_ca.as_deref());
        files.map(Path::to_owned).collect()
    }

    /// The domains that a change of such files concerns.
    pub(super) fn verifying_with<'d>(
        &'d self,
        files: &'d BTreeSet<PathBuf>,
        policies: &'d Policies,
    ) -> impl Iterator<Item = &'d Pattern> {
        let concerned = self.items.iter().filter(|(_, item)| {
            let config = item.config();
            config.is_some_and(|config| policies.depends_on(&config.tls, files))
        });
        concerned.map(|(name, _)| name)
    }

    /// Makes the domain as it shall be served, and says what is wrong with its binding and its
    /// policy. None for a domain without a definition, which stays as it is until it is removed.
    pub(super) fn build(
        &mut self,
        name: &Pattern,
        certificates: &Certificates,
        policies: &mut Policies,
        now: Now,
    ) -> Option<(snapshot::Domain, Faults)> {
        let item = self.items.get_mut(name)?;
        let config = Arc::clone(item.config()?);
        let (bound, binding) = bind(&config, item.bound.take(), certificates, now);
        item.bound = bound;
        let policy = policies.get(&config.tls);
        // When the newest policy cannot be used, the last good one stays.
        item.policy = policy.as_ref().ok().or(item.policy.as_ref()).cloned();
        let policy_fault = policy.err();
        let required = match &item.policy {
            Some(policy) => policy.requires_client_certificate(),
            None => policy_fault.as_ref().is_some_and(PolicyFault::required),
        };
        let https = match (&item.bound, &config.binding) {
            (_, Binding::Unbound) => Https::Unbound,
            (None, _) => Https::Unusable,
            (Some(_), _) if !config.https => Https::Off,
            (Some(_), _) if item.policy.is_none() => Https::Unusable,
            (Some(certificate), _) => Https::On(Arc::clone(certificate)),
        };
        let domain = snapshot::Domain {
            config,
            https,
            policy: item.policy.clone(),
            client_certificate_required: required,
            counters: Arc::clone(&item.counters),
        };
        Some((domain, (binding, policy_fault)))
    }

    /// Takes out the files that have been missing, and the domains that have had no definition, for
    /// `grace`.
    pub(super) fn expire(&mut self, now: Now, grace: Duration) -> Expired {
        let over = |since: Option<Instant>| since.is_some_and(|it| it + grace <= now.instant);
        let files: Vec<_> = self
            .files
            .extract_if(.., |_, file| over(file.missing))
            .collect();
        for (path, file) in &files {
            for name in &file.names {
                if let Some(item) = self.items.get_mut(name) {
                    item.undefine(path);
                    // It has been gone for as long as its file.
                    item.gone = item.gone.or(file.missing);
                    item.gone = item.gone.filter(|_| item.definitions.is_empty());
                }
            }
        }
        let domains = self.items.extract_if(.., |_, item| over(item.gone));
        Expired {
            domains: domains.map(|(name, _)| name).collect(),
            files: files.into_iter().map(|(path, _)| path).collect(),
        }
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, grace: Duration) -> Option<Instant> {
        let domains = self.items.values().filter_map(|item| item.gone);
        let files = self.files.values().filter_map(|file| file.missing);
        domains.chain(files).map(|gone| gone + grace).min()
    }
}

impl Item {
    /// The definition that counts.
    fn config(&self) -> Option<&Arc<config::Domain>> {
        let present = self.definitions.iter().find(|it| !it.missing);
        let counts = present.or(self.definitions.first())?;
        Some(&counts.config)
    }

    fn defined_in(&mut self, path: &Path) -> Option<&mut Definition> {
        let mut definitions = self.definitions.iter_mut();
        definitions.find(|definition| *definition.config.place.file == *path)
    }

    fn undefine(&mut self, path: &Path) {
        let others = |definition: &Definition| *definition.config.place.file != *path;
        self.definitions.retain(others);
    }

    fn is_concerned(&self, name: &Pattern, changed: &Changed) -> bool {
        let bound = self.bound.as_ref();
        if bound.is_some_and(|bound| changed.certificates.contains(&bound.name)) {
            return true;
        }
        match self.config().map(|config| &config.binding) {
            Some(Binding::Named(certificate)) => changed.certificates.contains(certificate),
            Some(Binding::Auto) => changed.covers(name),
            Some(Binding::Unbound) | None => false,
        }
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
    let holds =
        |certificate: &Certificate| config.allow_mismatch || certificate.pair.covers(&config.name);
    // Its newest version, if that holds; the one that was last good, if not.
    let newest = last.as_ref().and_then(|last| certificates.get(&last.name));
    let last = match newest {
        Some(newest) if holds(newest) => Some(Arc::clone(newest)),
        Some(_) => last,
        None => None,
    };
    match &config.binding {
        Binding::Unbound => (None, None),
        Binding::Auto => match certificates.best_for(&config.name, now) {
            Some(certificate) => (Some(Arc::clone(certificate)), None),
            None => (last, Some(BindingFault::NoMatch)),
        },
        Binding::Named(name) => match certificates.get(name) {
            Some(certificate) if holds(certificate) => (Some(Arc::clone(certificate)), None),
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
