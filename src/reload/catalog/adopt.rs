use super::{Catalog, Step};
use crate::certificate::Name;
use crate::reload::Now;
use crate::reload::candidate::Candidate;
use crate::reload::certificates::{Adoption, Changed, Offer};
use crate::reload::judge::{Flaw, staple_expired};
use crate::reload::library::Library;
use crate::reload::problem::{Item, Problem};
use crate::reload::report::{NearEnd, Report};

/// What becomes of the certificates.
impl Catalog {
    pub(super) fn take_certificates(
        &mut self,
        candidates: Vec<(Name, Box<Candidate>)>,
        step: &Step<'_, impl Library>,
        report: &mut Report,
    ) -> Changed {
        let mut changed = Changed::default();
        for name in step.manner.expected() {
            self.restore(name, step, &mut changed);
        }
        self.certificates.expect(candidates.len());
        for (name, candidate) in candidates {
            self.take_certificate(name, *candidate, step, &mut changed, report);
        }
        self.certificates.settle(step.now);
        self.remove_certificates(step, &mut changed, report);
        if step.manner.wanted().is_some() {
            report.replaced = changed.replaced();
        }
        changed
    }

    fn take_certificate(
        &mut self,
        name: Name,
        mut candidate: Candidate,
        step: &Step<'_, impl Library>,
        changed: &mut Changed,
        report: &mut Report,
    ) {
        let options = candidate.option_problems(&name);
        self.problems.note(Item::Options(name.clone()), options);
        self.note_remarks(&name, &candidate, step, report);
        if self.roll_back(&name, &candidate, step, changed, report) {
            return;
        }
        let force = candidate.force() || self.rollbacks.take_released(&name);
        let (location, record) = (candidate.location, candidate.record.take());
        let offer = Offer {
            parsed: candidate.parsed,
            force,
            patient: step.manner.is_patient_with(&name),
        };
        let bound = self.domains.bound_to(&name);
        let adoption = self
            .certificates
            .adopt(&name, offer, bound, step.now, changed);
        let flaws = match adoption {
            Adoption::Torn => return,
            Adoption::Refused(refusal) => {
                self.restore(&name, step, changed);
                let problem = Problem::certificate(&name, &location, &refusal);
                self.problems.note(Item::Certificate(name), vec![problem]);
                return;
            }
            Adoption::Same(flaws) => flaws,
            Adoption::Adopted(flaws) => {
                report.certificates_adopted.push(name.clone());
                flaws
            }
        };
        report.records.extend(record.map(|record| *record));
        let problems = flaws.iter();
        let problems = problems.map(|flaw| Problem::in_use(&name, Some(&location), flaw));
        let problems = problems.collect();
        self.problems.forget(Item::Staple(name.clone()));
        self.problems.note(Item::Certificate(name), problems);
    }

    /// Whatever becomes of the certificate's other files: it is not about what is served.
    fn note_remarks(
        &mut self,
        name: &Name,
        candidate: &Candidate,
        step: &Step<'_, impl Library>,
        report: &mut Report,
    ) {
        let news = candidate.remarks();
        let is_news = news.is_some_and(|remarks| self.remarks.note(name, remarks));
        if is_news && step.manner.wanted().is_some() {
            report.remarks_changed.push(name.clone());
        }
    }

    /// Serves the last good version of history, where nothing is in use.
    fn restore(&mut self, name: &Name, step: &Step<'_, impl Library>, changed: &mut Changed) {
        if self.certificates.get(name).is_none()
            && let Some(pairs) = step.library.last_good(name)
        {
            self.certificates.restore(name, pairs, changed);
        }
    }

    /// Serves a version of history in place of the files, while there is a rollback that holds.
    fn roll_back(
        &mut self,
        name: &Name,
        candidate: &Candidate,
        step: &Step<'_, impl Library>,
        changed: &mut Changed,
        report: &mut Report,
    ) -> bool {
        let item = Item::Rollback(name.clone());
        let Some(pin) = self.rollbacks.holds(name, candidate) else {
            self.problems.forget(item);
            if self.rollbacks.end(name) {
                report.rollbacks_over.push(name.clone());
            }
            return false;
        };
        let pairs = step.library.version(name, pin.version);
        let problem = match &pairs {
            Ok(_) => Problem::rolled_back(name, &pin),
            Err(error) => Problem::rollback_failed(name, &pin, error),
        };
        self.problems.note(item, vec![problem]);
        let Ok(pairs) = pairs else { return false };
        self.certificates.restore(name, pairs, changed);
        // What is wrong with the files does not matter now.
        self.problems.forget(Item::Certificate(name.clone()));
        true
    }

    /// Takes out what has been gone for long enough, and notes what has expired in use.
    fn remove_certificates(
        &mut self,
        step: &Step<'_, impl Library>,
        changed: &mut Changed,
        report: &mut Report,
    ) {
        let now = step.now;
        let grace = self.settings.certificates.removal_grace;
        let wanted = step.manner.wanted();
        let removed = self.certificates.remove_gone(now, grace, wanted, changed);
        report.certificates_removed = removed;
        for name in &report.certificates_removed {
            self.remarks.note(name, "");
            self.problems.forget(Item::Certificate(name.clone()));
            self.problems.forget(Item::Options(name.clone()));
            self.problems.forget(Item::Staple(name.clone()));
        }
        for (name, until) in self.certificates.drop_staples(now, changed) {
            let problem = Problem::in_use(&name, None, &staple_expired(until));
            self.problems.note(Item::Staple(name), vec![problem]);
        }
        for name in self.certificates.note_expiries(now, changed) {
            let Some(certificate) = self.certificates.get(&name) else {
                continue;
            };
            let item = Item::Certificate(name.clone());
            match certificate.pairs.check_time(now.wall) {
                // What is wrong with newer files says more.
                Err(expired) if !self.problems.has(&item) => {
                    let problem = Problem::in_use(&name, None, &Flaw::from(&expired));
                    self.problems.note(item, vec![problem]);
                }
                Err(_) => {}
                Ok(()) => self.problems.forget(item),
            }
        }
    }

    pub(super) fn near_end(&mut self, now: Now) -> Vec<NearEnd> {
        let near = self.certificates.take_near_end(now).into_iter();
        let near = near.map(|(certificate, threshold)| {
            let bound = self.domains.bindings().listed_under(&certificate.name);
            let mut bound = bound.cloned();
            let domains: Vec<_> = bound.by_ref().take(DOMAINS_NAMED).collect();
            NearEnd {
                threshold,
                days_left: certificate.pairs.validity().days_left(now.wall),
                domain_count: domains.len() + bound.count(),
                domains,
                certificate,
            }
        });
        near.collect()
    }
}

/// Domains that are named where a certificate is told about.
const DOMAINS_NAMED: usize = 20;
