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
    /// What writes; none while history is only read.
    archivist: Option<Archivist>,
    /// Certificates in use whose version may not be in history yet.
    unrecorded: BTreeSet<Name>,
    deleted: Vec<Job>,
    next_look: Instant,
    next_sweep: Instant,
}

impl Archive {
    /// The history in a state directory; None when it is switched off or there is no thread for it.
    pub(super) fn open(state_directory: PathBuf, keep: usize) -> Option<Self> {
        let mut archive = Self::read_only(state_directory, keep)?;
        let started = Archivist::start(archive.history.clone(), Notice::log)
            .inspect_err(|error| tracing::error!(%error, "there will be no history"));
        archive.archivist = Some(started.ok()?);
        archive.next_sweep = Instant::now();
        Some(archive)
    }

    /// The same, but nothing is written until somebody wants it.
    pub(super) fn read_only(state_directory: PathBuf, keep: usize) -> Option<Self> {
        if keep == 0 {
            return None;
        }
        let now = Instant::now();
        Some(Self {
            history: History::new(state_directory, keep),
            archivist: None,
            unrecorded: BTreeSet::new(),
            deleted: Vec::new(),
            next_look: now,
            next_sweep: now + SWEEP_INTERVAL,
        })
    }

    /// Whether what is adopted is written down.
    pub(super) fn is_writing(&self) -> bool {
        self.archivist.is_some()
    }

    /// Begins to write, with the versions of these certificates that are in use.
    pub(super) fn begin(&mut self, names: &BTreeSet<Name>) {
        self.unrecorded.extend(names.iter().cloned());
        self.next_look = Instant::now();
        if self.archivist.is_none() {
            // Before threads write there side by side: what one makes shall not be seen by another
            // before it has its owner. If it fails, they say so.
            let _ = self.history.make_state_directory();
            self.archivist = Archivist::start(self.history.clone(), Notice::log)
                .inspect_err(|error| tracing::error!(%error, "history is not written"))
                .ok();
        }
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
        match self.try_submit(Job::Record(Box::new(record))) {
            Ok(()) => self.unrecorded.remove(&name),
            Err(_) => self.unrecorded.insert(name),
        };
    }

    fn try_submit(&self, job: Job) -> Result<(), Job> {
        match &self.archivist {
            Some(archivist) => archivist.try_submit(job),
            None => Err(job),
        }
    }

    fn flush(&mut self) {
        while let Some(job) = self.deleted.pop() {
            if let Err(job) = self.try_submit(job) {
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
        let failed = self.archivist.as_ref().map(Archivist::take_unrecorded);
        self.unrecorded.extend(failed.unwrap_or_default());
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
