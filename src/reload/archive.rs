use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::report::{Report, Status};
use crate::certificate::{Fingerprint, Name};
use crate::state::{Archivist, History, Job, Notice, Record};

/// Brings what was adopted into history, sooner or later.
///
/// What is adopted while the queue has room goes there at once. The rest (a first start with many
/// certificates) is read again a little at a time, so that neither memory nor the disk is flooded.
#[derive(Debug)]
pub(super) struct Archive {
    history: History,
    archivist: Archivist,
    /// Certificates in use whose version may not be in history yet.
    unrecorded: BTreeSet<Name>,
    deleted: Vec<Job>,
    next_look: Instant,
    next_sweep: Instant,
}

impl Archive {
    /// The history in a state directory; None when it is switched off or there is no thread for it.
    pub(super) fn open(state_directory: PathBuf, keep: usize) -> Option<Self> {
        if keep == 0 {
            return None;
        }
        let history = History::new(state_directory, keep);
        let archivist = Archivist::start(history.clone(), Notice::log)
            .inspect_err(|error| tracing::error!(%error, "there will be no history"))
            .ok()?;
        let now = Instant::now();
        Some(Self {
            history,
            archivist,
            unrecorded: BTreeSet::new(),
            deleted: Vec::new(),
            next_look: now,
            next_sweep: now,
        })
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// The certificates that were not deleted, each with the directory that its newest version came
    /// from.
    pub(super) fn locations(&self) -> Vec<(Name, PathBuf)> {
        let names = self.history.names().unwrap_or_default().into_iter();
        let names = names.filter(|name| !self.history.is_retired(name).unwrap_or(false));
        let located = names.filter_map(|name| {
            let (_, record) = self.history.newest_sound(&name, &mut |_| {})?;
            Some((name, record.location))
        });
        located.collect()
    }

    /// Takes over what a reload adopted and removed, with the records that it has at hand.
    pub(super) fn take(&mut self, report: &mut Report, now: Instant) {
        self.unrecorded
            .extend(report.certificates_adopted.iter().cloned());
        for record in std::mem::take(&mut report.records) {
            if self.unrecorded.contains(&record.certificate) {
                self.submit(record);
            }
        }
        let wall = SystemTime::now().into();
        for name in &report.certificates_removed {
            self.unrecorded.remove(name);
            self.deleted.push(Job::Retire(name.clone(), wall));
        }
        if self.next_sweep <= now {
            self.next_sweep = now + SWEEP_INTERVAL;
            self.deleted.push(Job::Sweep(wall));
        }
        self.flush();
    }

    fn submit(&mut self, record: Record) {
        let name = record.certificate.clone();
        match self.archivist.try_submit(Job::Record(Box::new(record))) {
            Ok(()) => self.unrecorded.remove(&name),
            Err(_) => self.unrecorded.insert(name),
        };
    }

    fn flush(&mut self) {
        while let Some(job) = self.deleted.pop() {
            if let Err(job) = self.archivist.try_submit(job) {
                self.deleted.push(job);
                return;
            }
        }
    }

    /// Certificates to read again, since their version in use is not in history.
    pub(super) fn take_unrecorded(&mut self, status: &Status, now: Instant) -> BTreeSet<Name> {
        if now < self.next_look {
            return BTreeSet::new();
        }
        self.next_look = now + LOOK_INTERVAL;
        self.unrecorded.extend(self.archivist.take_unrecorded());
        let mut wanted = BTreeSet::new();
        let some: Vec<_> = self.unrecorded.iter().take(LOOKS).cloned().collect();
        for name in some {
            if wanted.len() == READS {
                break;
            }
            match status.certificates.get(&name) {
                Some(it) if !self.has(&name, &it.pairs.fingerprint()) => {
                    wanted.insert(name);
                }
                _ => drop(self.unrecorded.remove(&name)),
            }
        }
        wanted
    }

    /// Whether history has the version, by its newest file's name.
    fn has(&self, name: &Name, leaf: &Fingerprint) -> bool {
        let versions = self.history.versions(name).unwrap_or_default();
        let newest = versions.first();
        newest.is_some_and(|newest| newest.is_of(leaf))
            && !self.history.is_retired(name).unwrap_or(false)
    }

    /// When there is something to do without an event.
    pub(super) fn next_deadline(&self) -> Instant {
        match self.unrecorded.is_empty() && self.deleted.is_empty() {
            true => self.next_sweep,
            false => self.next_look,
        }
    }
}

/// Between two looks at what is not in history yet.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Directories of history looked into at a time: 10 µs each.
const LOOKS: usize = 256;

/// Certificates read again at a time: less than what fits into the queue.
const READS: usize = 64;

/// What was deleted long ago is cleared once a day.
const SWEEP_INTERVAL: Duration = Duration::from_secs(86_400);
