use std::time::Duration;

use super::report::Report;
use crate::certificate::Timestamp;

/// What is in place and since when, and what the last reload changed, by the time of day.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// The generation of the snapshot in place; 0 before the first one.
    pub generation: u64,
    /// When it was published.
    pub since: Option<Timestamp>,
    /// When session tickets got the keys that they have.
    pub ticket_keys_since: Option<Timestamp>,
    /// The last reload that changed something.
    pub change: Option<Change>,
    /// Whether file events are waited for, everywhere. If not, some changes are found by the
    /// periodic scan only.
    pub watched: bool,
}

/// How much a reload changed: the lists of its [`Report`], counted.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// When it was done.
    pub time: Timestamp,
    /// Domains that are served since.
    pub domains_added: usize,
    /// Domains that are served in another way since.
    pub domains_changed: usize,
    /// Domains that are no longer served.
    pub domains_removed: usize,
    /// Certificates with a new version in use.
    pub certificates_adopted: usize,
    /// Certificates that are no longer in use.
    pub certificates_removed: usize,
    /// Whether session tickets got other keys.
    pub ticket_keys_changed: bool,
    /// Problems that began.
    pub problems: usize,
    /// Problems that ended.
    pub recovered: usize,
    /// How long scanning and reading took.
    pub scan: Duration,
    /// How long parsing and building took.
    pub build: Duration,
}

impl Latest {
    /// Takes down a reload that is done.
    pub(super) fn note(&mut self, report: &Report, now: Timestamp) {
        let generation = report.generation;
        if let Some(generation) = generation {
            self.generation = generation;
            self.since = Some(now);
        }
        if report.ticket_keys_changed {
            self.ticket_keys_since = Some(now);
        }
        let change = Change::of(report, now);
        if generation.is_some() || change.is_any() {
            self.change = Some(change);
        }
    }
}

impl Change {
    fn of(report: &Report, time: Timestamp) -> Self {
        Self {
            time,
            domains_added: report.domains_added.len(),
            domains_changed: report.domains_changed.len(),
            domains_removed: report.domains_removed.len(),
            certificates_adopted: report.certificates_adopted.len(),
            certificates_removed: report.certificates_removed.len(),
            ticket_keys_changed: report.ticket_keys_changed,
            problems: report.problems.len(),
            recovered: report.recovered.len(),
            scan: report.scan,
            build: report.build,
        }
    }

    /// Whether anything changed that makes no new generation: certificates that no domain has, and
    /// problems.
    fn is_any(&self) -> bool {
        let counts = [
            self.certificates_adopted,
            self.certificates_removed,
            self.problems,
            self.recovered,
        ];
        counts.iter().any(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publishing(generation: u64) -> Report {
        Report {
            generation: Some(generation),
            ..Report::default()
        }
    }

    fn adopted() -> Report {
        Report {
            certificates_adopted: vec!["play".parse().unwrap()],
            ..Report::default()
        }
    }

    #[test]
    fn a_publication_is_in_place_from_then_on() {
        let mut latest = Latest::default();
        let report = Report {
            ticket_keys_changed: true,
            ..publishing(1)
        };
        latest.note(&report, Timestamp(10));
        latest.note(&publishing(2), Timestamp(20));
        latest.note(&adopted(), Timestamp(30));
        assert_eq!((latest.generation, latest.since), (2, Some(Timestamp(20))));
        assert_eq!(latest.ticket_keys_since, Some(Timestamp(10)));
    }

    #[test]
    fn a_reload_that_found_nothing_is_no_change() {
        let mut latest = Latest::default();
        latest.note(&Report::default(), Timestamp(10));
        assert!(latest.change.is_none());
        latest.note(&adopted(), Timestamp(20));
        latest.note(&Report::default(), Timestamp(30));
        let change = latest.change.unwrap();
        assert_eq!(
            (change.time, change.certificates_adopted),
            (Timestamp(20), 1)
        );
    }
}
