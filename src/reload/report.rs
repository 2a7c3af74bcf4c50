use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::problem::{Effect, Problem};
use crate::certificate::{self, Certificate};
use crate::domain::Pattern;
use crate::table::Table;

/// What a reload changed.
#[derive(Clone, Debug, Default)]
pub struct Report {
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
    /// Files of domains that are forgotten.
    pub files_removed: Vec<PathBuf>,
    /// Whether session tickets have other keys now.
    pub ticket_keys_changed: bool,
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

/// What is in use and what is wrong, as of the last reload.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// All that was refused or lost.
    pub problems: Arc<[Problem]>,
    /// All certificates in use.
    pub certificates: Table<certificate::Name, Arc<Certificate>>,
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

    /// Writes the report to the log; `generation` if there is a new one.
    pub fn log(&self, generation: Option<u64>) {
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
        if !self.needs_restart.is_empty() {
            let settings = self.needs_restart.join(", ");
            tracing::warn!(
                settings,
                "restart to apply these settings; they cannot change while running"
            );
        }
        if let Some(generation) = generation {
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
}
