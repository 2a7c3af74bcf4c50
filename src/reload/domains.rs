use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Now;
use super::bind::{bind, is_past};
use super::bindings::{Bindings, Listed, Target};
use super::certificates::{Certificates, Changed};
use super::hold::{Held, hold};
use super::order::Wanted;
use super::policies::{Policies, PolicyFault};
use super::problem::BindingFault;
use crate::certificate::{self, Certificate};
use crate::config::{self, Binding, DomainFile, OnExpiry, Place};
use crate::domain::Pattern;
use crate::hsts::{Issuer, Pledges};
use crate::origin::{Directory, Origins};
use crate::policy::Policy;
use crate::snapshot::{self, Https};
use crate::telemetry::DomainCounters;

/// The domains: where each is defined, and the last certificate that was good for it.
#[derive(Debug, Default)]
pub(super) struct Domains {
    items: BTreeMap<Pattern, Item>,
    files: BTreeMap<PathBuf, BTreeSet<Pattern>>,
    /// Files that are missing, and since when.
    files_gone: BTreeMap<PathBuf, Instant>,
    /// Domains that no file defines, and since when.
    gone: BTreeMap<Pattern, Instant>,
    bindings: Bindings,
    endpoints: Directory,
    held: Held,
}

#[derive(Debug, Default)]
struct Item {
    /// One for each file that defines the domain, in the order in which they came.
    definitions: Vec<Definition>,
    bound: Option<Arc<Certificate>>,
    policy: Option<Arc<Policy>>,
    /// What the domain is listed under in the bindings.
    listed: Listed,
    counters: Arc<DomainCounters>,
}

#[derive(Debug)]
struct Definition {
    config: Arc<config::Domain>,
    /// Whether its file is missing: it counts only while no other one does.
    missing: bool,
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
        files: Vec<(PathBuf, DomainFile)>,
        now: Now,
    ) -> BTreeSet<Pattern> {
        let mut concerned = Vec::new();
        // First all withdrawals, so that a domain can move from one file to another.
        for (path, file) in &files {
            concerned.extend(self.withdraw(path, file));
        }
        for (path, file) in files {
            let names = file.domains.iter().map(|domain| domain.name.clone());
            let mut names: BTreeSet<_> = names.collect();
            concerned.extend(names.iter().cloned());
            for domain in file.domains {
                self.add(&path, domain);
            }
            if !names.is_empty() {
                self.files.entry(path).or_default().append(&mut names);
            }
        }
        let concerned: BTreeSet<_> = concerned.into_iter().collect();
        self.note_gone(&concerned, now.instant);
        concerned
    }

    /// Notes which files are missing now; what they define stays until that has lasted, unless
    /// another file defines it. Returns the domains that this concerns.
    pub(super) fn miss(&mut self, missing: &BTreeSet<PathBuf>, now: Now) -> BTreeSet<Pattern> {
        let mut changed = Vec::new();
        let back = |path: &PathBuf, _: &mut Instant| !missing.contains(path);
        let back = self.files_gone.extract_if(.., back);
        changed.extend(back.map(|(path, _)| (path, false)));
        for path in missing {
            if !self.files_gone.contains_key(path) {
                self.files_gone.insert(path.clone(), now.instant);
                changed.push((path.clone(), true));
            }
        }
        let mut concerned = BTreeSet::new();
        for (path, is_missing) in changed {
            for name in self.files.get(&path).into_iter().flatten() {
                if let Some(item) = self.items.get_mut(name)
                    && let Some(definition) = item.defined_in(&path)
                {
                    definition.missing = is_missing;
                }
                concerned.insert(name.clone());
            }
        }
        concerned
    }

    /// Takes back the definitions of a file, but for those that its new content leaves in doubt.
    fn withdraw(&mut self, path: &Path, content: &DomainFile) -> Vec<Pattern> {
        let Some(names) = self.files.get_mut(path) else {
            return Vec::new();
        };
        let defined: BTreeSet<_> = content.domains.iter().map(|domain| &domain.name).collect();
        let unsound: BTreeSet<_> = content.unsound.iter().collect();
        let withdrawn = names.extract_if(.., |name| {
            let in_doubt = content.torn || unsound.contains(name);
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

    fn add(&mut self, path: &Path, domain: Arc<config::Domain>) {
        let item = self.items.entry(domain.name.clone()).or_default();
        match item.defined_in(path) {
            Some(definition) if definition.config == domain => {}
            Some(definition) => definition.config = domain,
            None => {
                // Nearly all domains have one.
                item.definitions.reserve_exact(1);
                item.definitions.push(Definition {
                    config: domain,
                    missing: false,
                });
            }
        }
    }

    fn note_gone<'p>(&mut self, names: impl IntoIterator<Item = &'p Pattern>, now: Instant) {
        for name in names {
            match self.items.get(name) {
                Some(item) if item.definitions.is_empty() => {
                    self.gone.entry(name.clone()).or_insert(now);
                }
                _ => drop(self.gone.remove(name)),
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
    pub(super) fn concerned_by(&self, changed: &Changed) -> BTreeSet<Pattern> {
        self.bindings.concerned_by(changed)
    }

    /// The domains that are served with a certificate since they name it, and are not content with
    /// any.
    pub(super) fn bound_to(&self, name: &certificate::Name) -> impl Iterator<Item = Pattern> {
        let listed = self.bindings.listed_under(name);
        let bound = listed.filter(move |domain| {
            self.items.get(domain).is_some_and(|item| {
                let names_it = item.listed.target == Target::Named(name.clone());
                let bound = item.bound.as_ref().is_some_and(|it| it.name == *name);
                let strict = item.config().is_some_and(|config| !config.allow_mismatch);
                names_it && bound && strict
            })
        });
        bound.cloned()
    }

    /// The certificate that a domain named when it was built last.
    pub(super) fn target_of(&self, domain: &Pattern) -> Option<&certificate::Name> {
        self.items.get(domain)?.listed.target.name()
    }

    /// The domains whose HTTPS stayed on, and may have to no longer.
    pub(super) fn no_longer_held(&self, now: Now) -> impl Iterator<Item = &Pattern> {
        self.held.due(now.instant)
    }

    /// All domains.
    pub(super) fn names(&self) -> impl Iterator<Item = &Pattern> {
        self.items.keys()
    }

    /// The file with roots of client certificates that a domain names.
    pub(super) fn client_ca_of(&self, domain: &Pattern) -> Option<&Arc<Path>> {
        let config = self.items.get(domain)?.config()?;
        config.tls.client_ca.as_ref()
    }

    /// The domains as they were built last, by certificate and by client CA.
    pub(super) fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// Makes the domain as it shall be served, which depends on how it is `served` so far, and says
    /// what is wrong with its binding and its policy. None for a domain without a definition, which stays as it is until it is removed.
    pub(super) fn build(
        &mut self,
        name: &Pattern,
        certificates: &Certificates,
        policies: &mut Policies,
        served: Option<&snapshot::Domain>,
        pledges: &mut Pledges,
        now: Now,
    ) -> Option<(snapshot::Domain, Faults)> {
        let item = self.items.get_mut(name)?;
        let config = Arc::clone(item.config()?);
        let held = hold(&config, served, pledges, now.wall);
        let (bound, mut binding) = bind(&config, item.bound.take(), certificates, held, now);
        item.bound = bound;
        let held = held.filter(|_| item.bound.is_some());
        binding = binding.or(held.map(BindingFault::HstsRuns));
        self.held.note(name, held, now);
        let policy = policies.get(&config.tls);
        // When the newest policy cannot be used, the last good one stays.
        item.policy = policy.as_ref().ok().or(item.policy.as_ref()).cloned();
        let policy_fault = policy.err();
        let required = match &item.policy {
            Some(policy) => policy.requires_client_certificate(),
            None => policy_fault.as_ref().is_some_and(PolicyFault::required),
        };
        let listed = Listed::of(&config, item.bound.as_deref());
        self.bindings.relist(name, &item.listed, &listed);
        item.listed = listed;
        let https = match (&item.bound, &config.binding) {
            (None, Binding::Unbound) => Https::Unbound,
            (None, _) => Https::Unusable,
            (Some(_), _) if !config.https && held.is_none() => Https::Off,
            (Some(_), _) if item.policy.is_none() => Https::Unusable,
            (Some(it), _) if config.on_expiry == OnExpiry::Http && is_past(it, now) => {
                Https::Expired
            }
            (Some(certificate), _) => Https::On(Arc::clone(certificate)),
        };
        let hsts = config.hsts;
        let domain = snapshot::Domain {
            hsts: hsts.map(|hsts| Issuer::new(hsts, pledges.of(name))),
            origins: Origins::new(&config, &mut self.endpoints),
            config,
            https,
            policy: item.policy.clone(),
            client_certificate_required: required,
            counters: Arc::clone(&item.counters),
        };
        Some((domain, (binding, policy_fault)))
    }

    /// Takes out the files that have been missing, and the domains that have had no definition, for
    /// `grace`, or that somebody wants gone.
    pub(super) fn expire(&mut self, now: Now, grace: Duration, wanted: Option<&Wanted>) -> Expired {
        let over = |since: Instant| since + grace <= now.instant;
        let is_file_wanted =
            |path: &PathBuf| wanted.is_some_and(|it| it.items.domains.contains(path));
        let is_wanted = |name: &Pattern| wanted.is_some_and(|it| it.removed.contains(name));
        let files_over = |path: &PathBuf, since: &mut Instant| over(*since) || is_file_wanted(path);
        let files = self.files_gone.extract_if(.., files_over);
        let files: Vec<_> = files.collect();
        for (path, since) in &files {
            for name in self.files.remove(path).into_iter().flatten() {
                if let Some(item) = self.items.get_mut(&name) {
                    item.undefine(path);
                    if item.definitions.is_empty() {
                        // It has been gone for as long as its file.
                        self.gone.entry(name).or_insert(*since);
                    }
                }
            }
        }
        let domains_over = |name: &Pattern, since: &mut Instant| over(*since) || is_wanted(name);
        let domains = self.gone.extract_if(.., domains_over);
        let domains: Vec<_> = domains.map(|(name, _)| name).collect();
        for name in &domains {
            if let Some(item) = self.items.remove(name) {
                self.bindings.relist(name, &item.listed, &Listed::default());
            }
            self.held.note(name, None, now);
        }
        Expired {
            domains,
            files: files.into_iter().map(|(path, _)| path).collect(),
        }
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, grace: Duration) -> Option<Instant> {
        let gone = self.gone.values().chain(self.files_gone.values());
        let gone = gone.map(|gone| *gone + grace).min();
        gone.into_iter().chain(self.held.next_deadline()).min()
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
}
