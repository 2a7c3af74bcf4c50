mod adopt;
mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use tokio::time::Instant;

use crate::certificate::{Name, Unreadable};
use crate::config::{self, Changes, Content, DomainFile, Settings};
use crate::domain::Pattern;
use crate::hsts::Pledges;
use crate::reload::candidate::Parser;
use crate::reload::certificates::Certificates;
use crate::reload::domains::Domains;
use crate::reload::latest::Latest;
use crate::reload::library::{Library, Nothing};
use crate::reload::named::{Contents, Named};
use crate::reload::order::Wanted;
use crate::reload::policies::Policies;
use crate::reload::problem::{Item, Problem};
use crate::reload::problems::Problems;
use crate::reload::remarks::Remarks;
use crate::reload::report::{Report, Status};
use crate::reload::rollbacks::Rollbacks;
use crate::reload::tickets::Tickets;
use crate::reload::{Manner, Now};
use crate::snapshot::{Domain, Snapshot};
use crate::state::{Pin, PinProblem};
use crate::ticket::Keys;

/// What is in use and what was refused: takes changes of files, makes the next snapshot.
///
/// It does no I/O and gets the time as an argument. It makes anew what changed, and touches nothing
/// else: the cost of a change does not grow with what is there.
#[derive(Debug)]
pub struct Catalog {
    started_with: Arc<Settings>,
    settings: Arc<Settings>,
    certificates: Certificates,
    remarks: Remarks,
    domains: Domains,
    pledges: Pledges,
    policies: Policies,
    tickets: Tickets,
    problems: Problems,
    rollbacks: Rollbacks,
    pin_problems: BTreeMap<Item, Vec<Problem>>,
}

/// What a change is taken over with.
pub(super) struct Step<'s, L> {
    pub(super) now: Now,
    pub(super) manner: &'s Manner<'s>,
    pub(super) library: &'s L,
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
            certificates: Certificates::new(),
            remarks: Remarks::default(),
            domains: Domains::default(),
            pledges: Pledges::default(),
            policies: Policies::new(provider, tls),
            tickets: Tickets::new()?,
            problems: Problems::default(),
            rollbacks: Rollbacks::default(),
            pin_problems: BTreeMap::new(),
        })
    }

    /// Takes over what browsers were told before the process began.
    pub(super) fn remember(&mut self, pledges: Pledges) {
        self.pledges = pledges;
    }

    /// Goes on with the ticket keys of the process before.
    pub(super) fn go_on_with(&mut self, keys: Keys) {
        self.tickets.go_on_with(keys);
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes over what changed, and makes the snapshot that follows `current`, if it differs.
    /// `patient` gives certificates that may be half written another chance.
    pub fn apply(
        &mut self,
        changes: Changes<Parser>,
        current: &Snapshot,
        now: Now,
        patient: bool,
    ) -> (Option<Snapshot>, Report) {
        let wanted = Wanted::default();
        let manner = match patient {
            true => Manner::Running(&wanted),
            false => Manner::First(&[]),
        };
        let step = Step {
            now,
            manner: &manner,
            library: &Nothing,
        };
        self.apply_step(changes, current, &step)
    }

    /// Does the same with a library to ask.
    pub(super) fn apply_step(
        &mut self,
        changes: Changes<Parser>,
        current: &Snapshot,
        step: &Step<'_, impl Library>,
    ) -> (Option<Snapshot>, Report) {
        let now = step.now;
        let mut report = Report::default();
        let settings = Arc::clone(&self.settings);
        if let Some((path, content)) = &changes.settings {
            self.take_settings(path, content, &mut report);
        }
        let mut states = checks::states(&changes);
        states.extend(std::mem::take(&mut self.pin_problems));
        self.problems.note_states(states);
        let mut concerned = self.take_domains(changes.domains, now);
        concerned.extend(self.domains.miss(&changes.domains_missing, now));
        concerned.extend(self.domains.no_longer_held(now).cloned());
        self.certificates.miss(&changes.certificates_missing, now);
        let changed = self.take_certificates(changes.certificates, step, &mut report);
        concerned.extend(self.domains.concerned_by(&changed));
        let grace = self.settings.certificates.removal_grace;
        let expired = self.domains.expire(now, grace, step.manner.wanted());
        for path in &expired.files {
            self.problems.forget(Item::File(path.clone()));
        }
        report.files_removed = expired.files;
        let has_others = settings.listeners.tcp != self.settings.listeners.tcp;
        if self.policies.take_default(&self.settings.tls) || has_others {
            concerned.extend(self.domains.names().cloned());
        }
        let contents = step.library.contents(&self.named(&concerned));
        let verifying = self.take_contents(contents, now);
        concerned.extend(verifying);
        let snapshot = self.build(current, &concerned, &expired.domains, now, &mut report);
        report.near_end = self.near_end(now);
        (report.problems, report.recovered) = self.problems.compare();
        (snapshot, report)
    }

    /// The files that settings and domains name, as they are now and as they are about to be.
    fn named(&self, concerned: &BTreeSet<Pattern>) -> Named {
        let bindings = self.domains.bindings();
        let new = concerned.iter();
        let new = new.filter_map(|domain| self.domains.client_ca_of(domain));
        let client_cas = bindings.client_cas().chain(new);
        let client_cas = client_cas.chain(self.policies.default_client_ca());
        Named {
            client_cas: client_cas.map(|path| path.to_path_buf()).collect(),
            tickets: self.settings.tickets.directory.clone(),
        }
    }

    /// Takes over what such files hold. Returns the domains that this concerns.
    fn take_contents(&mut self, contents: Contents, now: Now) -> BTreeSet<Pattern> {
        let settings = &self.settings.tickets;
        let problem = self.tickets.update(settings, contents.tickets, now.instant);
        let problems = problem.into_iter().collect();
        self.problems.note(Item::Tickets, problems);
        let changed = self.policies.take_roots(contents.client_cas);
        let default = self.policies.default_client_ca();
        if default.is_some_and(|path| changed.contains(&**path)) {
            return self.domains.names().cloned().collect();
        }
        let changed = changed.into_iter().map(Arc::from);
        let bindings = self.domains.bindings();
        let concerned =
            changed.flat_map(|path| bindings.verifying_with(&path).cloned().collect::<Vec<_>>());
        concerned.collect()
    }

    fn take_settings(&mut self, path: &Path, content: &Content, report: &mut Report) {
        let problems = match content {
            Ok(content) => match config::parse_settings(path, content) {
                Ok(settings) => {
                    report.needs_restart = self.started_with.fixed_differences(&settings);
                    if settings.webhook.is_some() && settings.webhook != self.settings.webhook {
                        self.certificates.tell_ends_again();
                    }
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
        self.problems.note(Item::File(path.to_owned()), problems);
    }

    fn take_domains(
        &mut self,
        files: Vec<(PathBuf, Result<DomainFile, Unreadable>)>,
        now: Now,
    ) -> BTreeSet<Pattern> {
        let mut parsed = Vec::new();
        for (path, file) in files {
            let file = match file {
                Ok(file) => file,
                Err(unreadable) => {
                    let problem = Problem::unreadable(&path, &unreadable);
                    self.problems.note(Item::File(path), vec![problem]);
                    continue;
                }
            };
            let problems = file.problems.iter();
            let problems =
                problems.map(|(domain, problem)| Problem::config(domain.as_ref(), problem));
            let problems = problems.collect();
            self.problems.note(Item::File(path.clone()), problems);
            parsed.push((path, file));
        }
        let concerned = self.domains.define(parsed, now);
        for domain in &concerned {
            // What was refused for a domain that has moved on may do now.
            if let Some(name) = self.domains.target_of(domain) {
                self.certificates.reconsider(name);
            }
        }
        concerned
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
        next.domains.expect(concerned);
        let mut withdrawn = false;
        for name in concerned {
            let before = current.domains.get(name);
            let Some(domain) = self.build_domain(name, before.map(|it| &**it), now) else {
                continue;
            };
            if before.is_some_and(|before| before.is_served_as(&domain)) {
                continue;
            }
            withdrawn |=
                before.is_some_and(|it| it.certificate().is_some() && !domain.goes_on_for(it));
            let list = match before {
                Some(_) => &mut report.domains_changed,
                None => &mut report.domains_added,
            };
            list.push(name.clone());
            let told = before.and_then(|before| before.hsts_in_place());
            report.hsts_changed |= told != domain.hsts_in_place();
            next.domains.insert(name, Arc::new(domain));
        }
        for name in removed {
            let before = next.domains.get(name);
            withdrawn |= before.is_some_and(|it| it.certificate().is_some());
            report.hsts_changed |= before.is_some_and(|it| it.hsts_in_place().is_some());
            next.domains.remove(name);
            self.problems.forget(Item::Domain(name.clone()));
            report.domains_removed.push(name.clone());
        }
        if report.hsts_changed {
            let has_hsts = |name: &Pattern| {
                let domain = next.domains.get(name);
                domain.is_some_and(|domain| domain.hsts.is_some())
            };
            self.pledges.sweep(now.wall, has_hsts);
        }
        next.pledges = self.pledges.clone();
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

    fn build_domain(
        &mut self,
        name: &Pattern,
        served: Option<&Domain>,
        now: Now,
    ) -> Option<Domain> {
        let (certificates, policies) = (&self.certificates, &mut self.policies);
        let pledges = &mut self.pledges;
        let built = self
            .domains
            .build(name, certificates, policies, served, pledges, now);
        let (domain, (binding, policy)) = built?;
        let mut problems = Vec::new();
        problems.extend(binding.map(|fault| Problem::binding(&domain.config, &fault)));
        problems.extend(policy.map(|fault| Problem::policy(&domain.config, &fault)));
        problems.extend(self.duplicates(name));
        problems.extend(self.unknown_listeners(&domain.config));
        self.problems.note(Item::Domain(name.clone()), problems);
        Some(domain)
    }

    /// Takes over the rollbacks as they are now. Returns the certificates that the source shall read
    /// again, and all of which the digest of the files matters.
    pub(super) fn take_pins(
        &mut self,
        (pins, problems): (BTreeMap<Name, Pin>, Vec<PinProblem>),
    ) -> (BTreeSet<Name>, BTreeSet<Name>) {
        let problems = problems.iter();
        let problems = problems.map(|it| (Item::Pin(it.path.clone()), vec![Problem::pin(it)]));
        self.pin_problems = problems.collect();
        let changed = self.rollbacks.take(pins);
        (changed, self.rollbacks.names())
    }

    /// Takes the certificates that the source shall read again, though nothing about them changed.
    pub(super) fn take_worth_a_look(&mut self, now: Instant, all: bool) -> BTreeSet<Name> {
        self.certificates.take_worth_a_look(now, all)
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let grace = self.settings.certificates.removal_grace;
        let deadlines = [
            self.certificates.next_deadline(grace, now),
            self.domains.next_deadline(grace),
            self.tickets.next_deadline(&self.settings.tickets),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// What is in use and what was refused, for those who ask.
    pub(super) fn status(&self) -> Status {
        Status {
            latest: Latest::default(),
            problems: self.problems.list(),
            certificates: self.certificates.in_use().clone(),
            remarks: self.remarks.all(),
        }
    }
}
