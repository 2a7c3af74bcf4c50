use std::time::Duration;

use super::problems::MOST_PROBLEMS;
use super::{Facts, States};
use crate::admin::select::Selection;
use crate::admin::view;
use crate::certificate::{Certificate, Threshold};
use crate::domain::Pattern;
use crate::proof::Proof;
use crate::reload::Change;

impl Facts {
    pub(super) fn overview(&self) -> view::Status {
        let latest = &self.status.latest;
        let since = |time: Option<_>| time.as_ref().map(ToString::to_string);
        view::Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started.to_string(),
            ready: self.ready,
            generation: latest.generation,
            since: since(latest.since),
            watched: latest.watched,
            domains: States::of(&self.snapshot).view(),
            certificates: self.status.certificates.len(),
            last_change: latest.change.as_ref().map(change),
            problems: self.problems(),
            nearest_ends: self.nearest_ends(),
            differing: self.differing(),
            tickets: view::Tickets {
                keys: self.snapshot.tickets.len(),
                since: since(latest.ticket_keys_since),
            },
        }
    }

    fn nearest_ends(&self) -> Vec<view::End> {
        let mut nearest = Selection::new(None, MOST_ENDS);
        for (name, certificate) in self.status.certificates.iter() {
            let not_after = certificate.pairs.validity().not_after;
            nearest.offer((not_after, name.as_str()), certificate);
        }
        nearest.into_values().map(|it| self.end(it)).collect()
    }

    fn end(&self, certificate: &Certificate) -> view::End {
        let validity = certificate.pairs.validity();
        let threshold = Threshold::below(validity, self.now);
        view::End {
            certificate: certificate.name.to_string(),
            not_after: validity.not_after.to_string(),
            days_left: validity.days_left(self.now),
            threshold: threshold.map(Threshold::days),
        }
    }

    fn differing(&self) -> view::Excerpt<view::Differing> {
        let all = self.proofs.differing();
        let first = all.iter().take(MOST_PROBLEMS);
        view::Excerpt {
            total: all.len(),
            first: first
                .map(|(domain, proof)| differing(domain, proof))
                .collect(),
        }
    }
}

fn differing(domain: &Pattern, proof: &Proof) -> view::Differing {
    view::Differing {
        domain: domain.to_string(),
        wanted: proof.wanted.to_string(),
        served: proof.served_code(),
        since: proof.since.to_string(),
        checked: proof.checked.to_string(),
    }
}

fn change(change: &Change) -> view::Change {
    view::Change {
        time: change.time.to_string(),
        domains_added: change.domains_added,
        domains_changed: change.domains_changed,
        domains_removed: change.domains_removed,
        certificates_adopted: change.certificates_adopted,
        certificates_removed: change.certificates_removed,
        ticket_keys_changed: change.ticket_keys_changed,
        problems: change.problems,
        recovered: change.recovered,
        scan_ms: milliseconds(change.scan),
        build_ms: milliseconds(change.build),
    }
}

/// To the microsecond: more digits say nothing.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The certificates that a person looks after next.
const MOST_ENDS: usize = 20;
