use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use tokio::time::Instant;

use super::{Job, Notice, Unrecorded};
use crate::certificate::{Name, Timestamp};
use crate::state::history::History;
use crate::state::record::Record;
use crate::state::throttle::Throttle;
use crate::state::warning::Warning;

/// What happens on the thread.
pub(super) struct Clerk {
    history: History,
    notify: Notify,
    unrecorded: Unrecorded,
    throttle: Throttle<(&'static str, Option<ErrorKind>)>,
}

pub(super) type Notify = Box<dyn FnMut(&Notice) + Send>;

impl Clerk {
    pub(super) fn new(history: History, notify: Notify, unrecorded: Unrecorded) -> Self {
        Self {
            history,
            notify,
            unrecorded,
            throttle: Throttle::new(PERIOD),
        }
    }

    /// Does jobs until nobody can submit one any more.
    pub(super) fn work(mut self, queue: &Receiver<Job>) {
        let mut next = queue.recv().ok();
        while let Some(job) = next.take() {
            match job {
                Job::Record(record) => next = self.record(record, queue),
                Job::Retire(name, now) => self.retire(name, now),
                Job::Sweep(now) => self.sweep(now),
            }
            next = next.or_else(|| queue.recv().ok());
        }
    }

    /// Records what is waiting in one go; gives back the first job that cannot be part of it.
    fn record(&mut self, first: Box<Record>, queue: &Receiver<Job>) -> Option<Job> {
        let mut batch = vec![first];
        let mut next = None;
        while next.is_none() && batch.len() < BATCH {
            match queue.try_recv() {
                Ok(Job::Record(record)) if !holds(&batch, &record.certificate) => {
                    batch.push(record);
                }
                Ok(other) => next = Some(other),
                Err(_) => break,
            }
        }
        self.record_batch(&batch);
        next
    }

    fn record_batch(&mut self, batch: &[Box<Record>]) {
        let records = batch.iter().map(AsRef::as_ref);
        let results = self.history.record_all(records);
        for (record, result) in batch.iter().zip(results) {
            match result {
                Ok(recorded) => self.warn_all(recorded.warnings),
                Err(error) => {
                    let certificate = record.certificate.clone();
                    self.unrecorded.lock().insert(certificate.clone());
                    self.warn(Warning::NotRecorded { certificate, error });
                }
            }
        }
    }

    fn retire(&mut self, certificate: Name, now: Timestamp) {
        if let Err(error) = self.history.retire(&certificate, now) {
            self.unrecorded.lock().insert(certificate.clone());
            self.warn(Warning::NotRetired { certificate, error });
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        match self.history.sweep(now) {
            Ok(swept) => self.warn_all(swept.warnings),
            Err(error) => self.warn(Warning::NotSwept(error)),
        }
    }

    fn warn_all(&mut self, warnings: Vec<Warning>) {
        for warning in warnings {
            self.warn(warning);
        }
    }

    fn warn(&mut self, warning: Warning) {
        let kind = (warning.code(), warning.error().map(io::Error::kind));
        if let Some(held_back) = self.throttle.pass(kind, Instant::now()) {
            (self.notify)(&Notice { warning, held_back });
        }
    }
}

fn holds(batch: &[Box<Record>], certificate: &Name) -> bool {
    let mut certificates = batch.iter().map(|record| &record.certificate);
    certificates.any(|known| known == certificate)
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk")
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

/// Each keeps a file open until it is published.
const BATCH: usize = 64;

/// Between two notices of one kind of failure.
const PERIOD: Duration = Duration::from_secs(60);
