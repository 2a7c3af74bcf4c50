use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::latest::Latest;
use super::problem::{Effect, Problem};
use super::touched::Touched;
use crate::certificate::{self, Certificate, Fingerprint, Threshold};
use crate::domain::Pattern;
use crate::state::Record;
use crate::table::Table;

/// What a reload changed.
#[derive(Debug, Default)]
pub struct Report {
    /// Who made it happen.
    pub by: By,
    /// What was found changed: which files it came from.
    pub touched: Touched,
    /// The generation that has it, if it made a new one.
    pub generation: Option<u64>,
    /// Domains that are served now and were not.
    pub domains_added: Vec<Pattern>,
    /// Domains that are served in another way than before.
    pub domains_changed: Vec<Pattern>,
    /// Domains that are no longer served.
    pub domains_removed: Vec<Pattern>,
    /// Certificates with a version in use that is new.
    pub certificates_adopted: Vec<certificate::Name>,
    /// Certificates that are no longer in use.
    pub certificates_removed: Vec<certificate::Name>,
    /// The versions that are in use in the place of others. Not those of the first load: then all
    /// are new.
    pub replaced: Vec<Replaced>,
    /// Certificates of which the operator says something else than before. Not those of the first
    /// load.
    pub remarks_changed: Vec<certificate::Name>,
    /// Files of domains that are forgotten.
    pub files_removed: Vec<PathBuf>,
    /// Whether browsers are told something else of HTTPS than before, by some domain.
    pub hsts_changed: bool,
    /// Whether session tickets have other keys now.
    pub ticket_keys_changed: bool,
    /// Certificates whose rollback is over, since their files changed.
    pub rollbacks_over: Vec<certificate::Name>,
    /// What history is to keep of versions in use, where it is at hand.
    pub(super) records: Vec<Record>,
    /// Certificates in use that came near their end, or expired.
    pub near_end: Vec<NearEnd>,
    /// Problems that are new.
    pub problems: Vec<Problem>,
    /// Problems that are over.
    pub recovered: Vec<Problem>,
    /// Settings that were changed but take a restart.
    pub needs_restart: Vec<&'static str>,
    /// How long scanning and reading took.
    pub scan: Duration,
    /// How long parsing and building took.
    pub build: Duration,
}

/// A version of a certificate in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The certificate.
    pub name: certificate::Name,
    /// The leaf that was in use; none if there was none.
    pub old: Option<Fingerprint>,
    /// The leaf in use; none if there is none.
    pub new: Option<Fingerprint>,
}

impl Replaced {
    /// None where the two serve the same leaf.
    pub(super) fn of(old: Option<&Certificate>, new: Option<&Certificate>) -> Option<Self> {
        let name = old.or(new)?.name.clone();
        let [old, new] = [old, new].map(|it| it.map(|it| it.pairs.fingerprint()));
        (old != new).then_some(Self { name, old, new })
    }
}

/// Who made a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// The process, at its start.
    Start,
    /// Whoever changed the files; or time did.
    #[default]
    Files,
    /// Whoever sent a signal.
    Signal,
    /// Somebody who asked for it.
    Somebody(Actor),
}

/// Who asked for a change, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// How they asked.
    pub way: Way,
    /// What they may do: the role of their token.
    pub role: &'static str,
    /// Where they asked from.
    pub peer: String,
    /// What they asked for, as a stable word.
    pub operation: &'static str,
    /// The domain or the certificate that it is about.
    pub subject: Option<String>,
}

/// How somebody asks for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At the admin listener.
    Api,
    /// On the command line, while no process listened: nothing was served then.
    Offline,
}

/// A certificate in use that came below one of its thresholds.
#[derive(Clone, Debug)]
pub struct NearEnd {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// The threshold.
    pub threshold: Threshold,
    /// Whole days until its end, rounded down; negative when that is over.
    pub days_left: i64,
    /// The domains that are bound to it: the first few.
    pub domains: Vec<Pattern>,
    /// How many there are in all.
    pub domain_count: usize,
}

/// What is in use and what is wrong, as of the last reload.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// What is in place, and how it came about.
    pub latest: Latest,
    /// All that was refused or lost.
    pub problems: Arc<[Problem]>,
    /// All certificates in use.
    pub certificates: Table<certificate::Name, Arc<Certificate>>,
    /// What the operator says of certificates, where that is anything.
    pub remarks: Table<certificate::Name, Arc<str>>,
}

impl Report {
    pub(super) fn changes_domains(&self) -> bool {
        let lists = [
            &self.domains_added,
            &self.domains_changed,
            &self.domains_removed,
        ];
        lists.iter().any(|list| !list.is_empty())
    }

    /// Whether something is other than before.
    pub fn is_any(&self) -> bool {
        self.generation.is_some()
            || !self.replaced.is_empty()
            || !self.remarks_changed.is_empty()
            || !self.problems.is_empty()
            || !self.recovered.is_empty()
    }

    /// Writes the report to the log.
    pub fn log(&self) {
        for problem in &self.problems {
            let (kind, name, reason) = (problem.kind.code(), &problem.name, problem.reason);
            match problem.effect {
                Effect::Quarantine => {
                    tracing::warn!(kind, name, reason, error = %problem, "quarantined");
                }
                Effect::Warning => tracing::warn!(kind, name, reason, error = %problem, "warning"),
            }
        }
        for problem in &self.recovered {
            let (kind, name, reason) = (problem.kind.code(), &problem.name, problem.reason);
            tracing::info!(kind, name, reason, "recovered");
        }
        for certificate in &self.rollbacks_over {
            tracing::info!(%certificate, "the files changed, so the rollback is over");
        }
        self.log_ends();
        if !self.needs_restart.is_empty() {
            let settings = self.needs_restart.join(", ");
            tracing::warn!(
                settings,
                "restart to apply these settings; they cannot change while running"
            );
        }
        if let Some(generation) = self.generation {
            tracing::info!(
                generation,
                domains_added = self.domains_added.len(),
                domains_changed = self.domains_changed.len(),
                domains_removed = self.domains_removed.len(),
                certificates_adopted = self.certificates_adopted.len(),
                certificates_removed = self.certificates_removed.len(),
                ticket_keys_changed = self.ticket_keys_changed,
                scan_ms = self.scan.as_secs_f64() * 1e3,
                build_ms = self.build.as_secs_f64() * 1e3,
                "published"
            );
        }
    }

    fn log_ends(&self) {
        for near in self.near_end.iter().take(MOST_LINES) {
            let (certificate, days_left) = (&near.certificate.name, near.days_left);
            let not_after = near.certificate.pairs.validity().not_after;
            let domains = near.domain_count;
            match near.threshold.days() {
                0 => tracing::error!(%certificate, %not_after, domains, "certificate has expired"),
                _ => tracing::warn!(
                    %certificate, %not_after, days_left, domains, "certificate expires soon"
                ),
            }
        }
        let more = self.near_end.len().saturating_sub(MOST_LINES);
        if more > 0 {
            tracing::warn!(more, "certificates expire soon; see the metrics for which");
        }
    }
}

/// A start with 100,000 certificates near their end shall not fill the disk with that.
const MOST_LINES: usize = 50;
