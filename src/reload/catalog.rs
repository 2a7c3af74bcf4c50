use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use tokio::time::Instant;

use super::Now;
use super::certificates::{Adoption, Certificates, Changed};
use super::domains::Domains;
use super::named::{Contents, Named};
use super::policies::Policies;
use super::problem::{Item, Problem};
use super::report::{Report, Status};
use super::tickets::Tickets;
use crate::certificate::{Files, Name, Refusal};
use crate::config::{self, Changes, Content, Reason, Settings};
use crate::domain::Pattern;
use crate::snapshot::{Domain, Https, Snapshot};

/// What is in use and what was refused: takes changes of files, makes the next snapshot.
///
/// It does no I/O and gets the time as an argument. What it makes anew is what changed; to find
/// that, it walks the names of all certificates and domains.
#[derive(Debug)]
pub struct Catalog {
    started_with: Arc<Settings>,
    settings: Arc<Settings>,
    certificates: Certificates,
    domains: Domains,
    policies: Policies,
    tickets: Tickets,
    /// The files with roots of client certificates that domains name.
    client_cas: BTreeSet<PathBuf>,
    problems: BTreeMap<Item, Vec<Problem>>,
}

impl Catalog {
    /// An empty catalog.
    ///
    /// # Errors
    ///
    /// When the crypto provider cannot be used.
    pub fn new(settings: Settings, provider: Arc<CryptoProvider>) -> Result<Self, rustls::Error> {
        let tls = settings.tls.clone();
        let settings = Arc::new(settings);
        Ok(Self {
            started_with: Arc::clone(&settings),
            settings,
            policies: Policies::new(Arc::clone(&provider), tls),
            certificates: Certificates::new(provider),
            domains: Domains::default(),
            tickets: Tickets::new()?,
            client_cas: BTreeSet::new(),
            problems: BTreeMap::new(),
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes over what changed, and makes the snapshot that follows `current`, if it differs.
    /// `patient` gives certificates that may be half written another chance.
    pub fn apply(
        &mut self,
        changes: Changes,
        current: &Snapshot,
        now: Now,
        patient: bool,
    ) -> (Option<Snapshot>, Report) {
        self.apply_reading(changes, current, now, patient, |_| Contents::default())
    }

    /// Does the same; `read` is asked for the files that settings and domains name.
    pub(super) fn apply_reading(
        &mut self,
        changes: Changes,
        current: &Snapshot,
        now: Now,
        patient: bool,
        read: impl FnOnce(&Named) -> Contents,
    ) -> (Option<Snapshot>, Report) {
        let before = self.problems.clone();
        let mut report = Report::default();
        if let Some((path, content)) = &changes.settings {
            self.take_settings(path, content, &mut report);
        }
        self.note_states(&changes);
        let mut concerned = self.take_domains(changes.domains, now);
        concerned.extend(self.domains.miss(&changes.domains_missing, now));
        let other_domains = !concerned.is_empty();
        self.certificates.miss(&changes.certificates_missing, now);
        let changed = self.take_certificates(changes.certificates, now, patient, &mut report);
        if !changed.certificates.is_empty() {
            concerned.extend(self.domains.bound_to(&changed).cloned());
        }
        let grace = self.settings.certificates.removal_grace;
        let expired = self.domains.expire(now, grace);
        for path in &expired.files {
            self.problems.remove(&Item::File(path.clone()));
        }
        report.files_removed = expired.files;
        if other_domains || !expired.domains.is_empty() {
            self.client_cas = self.domains.client_cas();
        }
        if self.policies.take_default(&self.settings.tls) {
            concerned.extend(self.domains.names().cloned());
        }
        let contents = read(&self.named());
        concerned.extend(self.take_contents(contents, now));
        let snapshot = self.build(current, &concerned, &expired.domains, now, &mut report);
        report.compare(&before, &self.problems);
        (snapshot, report)
    }

    /// The files that settings and domains name.
    fn named(&self) -> Named {
        let default = self.policies.default_client_ca();
        let mut client_cas = self.client_cas.clone();
        client_cas.extend(default.map(|path| path.to_path_buf()));
        Named {
            client_cas,
            tickets: self.settings.tickets.directory.clone(),
        }
    }

    /// Takes over what such files hold. Returns the domains that this concerns.
    fn take_contents(&mut self, contents: Contents, now: Now) -> BTreeSet<Pattern> {
        let settings = Arc::clone(&self.settings);
        let problem = self
            .tickets
            .update(&settings.tickets, contents.tickets, now.instant);
        self.note(Item::Tickets, problem.into_iter().collect());
        let changed = self.policies.take_roots(contents.client_cas);
        if changed.is_empty() {
            return BTreeSet::new();
        }
        let concerned = self.domains.verifying_with(&changed, &self.policies);
        concerned.cloned().collect()
    }

    fn take_settings(&mut self, path: &Path, content: &Content, report: &mut Report) {
        let problems = match content {
            Ok(content) => match config::parse_settings(path, content) {
                Ok(settings) => {
                    report.needs_restart = self.started_with.fixed_differences(&settings);
                    self.settings = Arc::new(settings);
                    Vec::new()
                }
                Err(problems) => {
                    let problems = problems.iter();
                    problems
                        .map(|problem| Problem::config(None, problem))
                        .collect()
                }
            },
            Err(unreadable) => vec![Problem::unreadable(path, unreadable)],
        };
        self.note(Item::File(path.to_owned()), problems);
    }

    /// What a scan tells anew each time: lost directories, and names that are taken.
    fn note_states(&mut self, changes: &Changes) {
        self.problems
            .retain(|item, _| !matches!(item, Item::Directory(_) | Item::Duplicate(..)));
        for lost in &changes.lost {
            let item = Item::Directory(lost.path.clone());
            self.note(item, vec![Problem::lost(lost)]);
        }
        for duplicate in &changes.duplicates {
            let refusal = Refusal::DefinedTwice(duplicate.taken_by.clone());
            let problem = Problem::certificate(&duplicate.name, &duplicate.location, &refusal);
            let item = Item::Duplicate(duplicate.name.clone(), duplicate.location.clone());
            self.note(item, vec![problem]);
        }
    }

    fn take_domains(&mut self, files: BTreeMap<PathBuf, Content>, now: Now) -> BTreeSet<Pattern> {
        let mut parsed = BTreeMap::new();
        for (path, content) in files {
            let file = match content {
                Ok(content) => config::parse_domains(&path, &content),
                Err(unreadable) => {
                    let problem = Problem::unreadable(&path, &unreadable);
                    self.note(Item::File(path), vec![problem]);
                    continue;
                }
            };
            let problems = file.problems.iter();
            let problems =
                problems.map(|(domain, problem)| Problem::config(domain.as_ref(), problem));
            self.note(Item::File(path.clone()), problems.collect());
            parsed.insert(path, file);
        }
        self.domains.define(parsed, now)
    }

    fn take_certificates(
        &mut self,
        entries: BTreeMap<Name, Files>,
        now: Now,
        patient: bool,
        report: &mut Report,
    ) -> Changed {
        let mut changed = Changed::default();
        for (name, files) in entries {
            let adoption = self
                .certificates
                .adopt(&name, &files, now, patient, &mut changed);
            let refusal = match adoption {
                Adoption::Torn => continue,
                Adoption::Same(refusal) => refusal,
                Adoption::Refused(refusal) => Some(refusal),
                Adoption::Adopted(refusal) => {
                    report.certificates_adopted.push(name.clone());
                    refusal
                }
            };
            let problems = refusal.iter();
            let problems =
                problems.map(|refusal| Problem::certificate(&name, files.location(), refusal));
            let problems = problems.collect();
            self.note(Item::Certificate(name), problems);
        }
        self.certificates.settle(now);
        self.remove_certificates(now, &mut changed, report);
        changed
    }

    /// Takes out what has been gone for long enough, and notes what has expired in use.
    fn remove_certificates(&mut self, now: Now, changed: &mut Changed, report: &mut Report) {
        let grace = self.settings.certificates.removal_grace;
        report.certificates_removed = self.certificates.remove_gone(now, grace, changed);
        for name in &report.certificates_removed {
            self.problems.remove(&Item::Certificate(name.clone()));
        }
        for certificate in self.certificates.expire(now, changed) {
            let refusal = Refusal::Expired(certificate.pair.validity.not_after);
            let problem = Problem::expired(&certificate.name, &refusal);
            let item = Item::Certificate(certificate.name.clone());
            // What is wrong with newer files says more.
            self.problems.entry(item).or_insert_with(|| vec![problem]);
        }
    }

    fn note(&mut self, item: Item, problems: Vec<Problem>) {
        if problems.is_empty() {
            self.problems.remove(&item);
        } else {
            self.problems.insert(item, problems);
        }
    }

    fn build(
        &mut self,
        current: &Snapshot,
        concerned: &BTreeSet<Pattern>,
        removed: &[Pattern],
        now: Now,
        report: &mut Report,
    ) -> Option<Snapshot> {
        let mut next = current.clone();
        next.generation += 1;
        let mut withdrawn = false;
        for name in concerned {
            let Some(domain) = self.build_domain(name, now) else {
                continue;
            };
            let before = next.domains.get(name);
            if before.is_some_and(|before| is_same(before, &domain)) {
                continue;
            }
            withdrawn |=
                before.is_some_and(|it| it.certificate().is_some() && !domain.goes_on_for(it));
            let list = match before {
                Some(_) => &mut report.domains_changed,
                None => &mut report.domains_added,
            };
            list.push(name.clone());
            next.domains.insert(name, Arc::new(domain));
        }
        for name in removed {
            withdrawn |= next
                .domains
                .get(name)
                .is_some_and(|it| it.certificate().is_some());
            next.domains.remove(name);
            self.problems.remove(&Item::Domain(name.clone()));
            report.domains_removed.push(name.clone());
        }
        self.check_default_domain(&next);
        let same_settings = next.settings == self.settings;
        next.settings = Arc::clone(&self.settings);
        report.ticket_keys_changed = !Arc::ptr_eq(&next.tickets, self.tickets.keys());
        next.tickets = Arc::clone(self.tickets.keys());
        if withdrawn {
            next.https_withdrawn = next.generation;
        }
        let first = current.generation == 0;
        let other = first || !same_settings || report.ticket_keys_changed;
        (other || report.changes_domains()).then_some(next)
    }

    fn check_default_domain(&mut self, next: &Snapshot) {
        let name = self.settings.default_domain.clone();
        let unknown = name.filter(|name| next.find(name.as_str()).is_none());
        let problem = unknown.map(|name| Problem::default_domain(&name));
        self.note(Item::DefaultDomain, problem.into_iter().collect());
    }

    fn build_domain(&mut self, name: &Pattern, now: Now) -> Option<Domain> {
        let built = self
            .domains
            .build(name, &self.certificates, &mut self.policies, now);
        let (domain, (binding, policy)) = built?;
        let mut problems = Vec::new();
        problems.extend(binding.map(|fault| Problem::binding(&domain.config, &fault)));
        problems.extend(policy.map(|fault| Problem::policy(&domain.config, &fault)));
        for duplicate in self.domains.duplicates(name) {
            let (name, first) = (duplicate.name, duplicate.first);
            let problem = config::Problem {
                place: duplicate.place,
                reason: Reason::DuplicateDomain {
                    name: name.clone(),
                    first,
                },
            };
            problems.push(Problem::config(Some(&name), &problem));
        }
        self.note(Item::Domain(name.clone()), problems);
        Some(domain)
    }

    /// Certificates that the source shall read again, though nothing about them changed.
    pub(super) fn worth_a_look(&self, now: Instant, all: bool) -> Vec<Name> {
        self.certificates.worth_a_look(now, all)
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let grace = self.settings.certificates.removal_grace;
        let deadlines = [
            self.certificates.next_deadline(grace),
            self.domains.next_deadline(grace),
            self.tickets.next_deadline(&self.settings.tickets),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// What is in use and what was refused, for those who ask.
    pub(super) fn status(&self) -> Status {
        Status {
            problems: self.problems.values().flatten().cloned().collect(),
            certificates: self.certificates.in_use().cloned().collect(),
        }
    }
}

fn is_same(before: &Domain, after: &Domain) -> bool {
    let same_https = match (&before.https, &after.https) {
        (Https::On(before), Https::On(after)) => Arc::ptr_eq(before, after),
        (Https::Off, Https::Off)
        | (Https::Unusable, Https::Unusable)
        | (Https::Unbound, Https::Unbound) => true,
        _ => false,
    };
    let same_policy = match (&before.policy, &after.policy) {
        (Some(before), Some(after)) => Arc::ptr_eq(before, after),
        (before, after) => before.is_none() && after.is_none(),
    };
    let same_access = before.client_certificate_required == after.client_certificate_required;
    let same_tls = same_https && same_policy && same_access;
    same_tls && before.config.same_meaning(&after.config)
}
