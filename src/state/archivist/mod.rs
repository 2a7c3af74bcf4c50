//! Writes history on a thread of its own: nothing that serves waits for the disk, or fails with it.

mod clerk;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::setpriority_process;

use super::history::History;
use super::record::Record;
use super::warning::Warning;
use crate::certificate::{Name, Timestamp};
use clerk::Clerk;

/// Something to write into history.
#[derive(Debug)]
pub enum Job {
    /// A version was adopted.
    Record(Box<Record>),
    /// The operator deleted a certificate.
    Retire(Name, Timestamp),
    /// Clear history of what was deleted long before this time.
    Sweep(Timestamp),
}

/// Something that went wrong, for the log.
#[derive(Debug)]
pub struct Notice {
    /// What.
    pub warning: Warning,
    /// How many of the same kind went wrong since the last notice of it, and made none.
    pub held_back: u64,
}

impl Notice {
    /// Writes it to the log.
    pub fn log(&self) {
        let (warning, held_back) = (&self.warning, self.held_back);
        let (reason, hint) = (warning.code(), warning.hint());
        tracing::warn!(reason, error = %warning, hint, held_back, "trouble with the state directory");
    }
}

/// The thread that writes history, and the queue to it.
///
/// Jobs are done in the order in which they came. One that fails is not tried again; its
/// certificate is [among those to be recorded](Self::take_unrecorded). Dropping it is
/// [ending](Self::end) it.
#[derive(Debug)]
pub struct Archivist {
    jobs: Option<SyncSender<Job>>,
    /// Ends when the thread does.
    ended: Receiver<Infallible>,
    unrecorded: Unrecorded,
}

impl Archivist {
    /// Starts the thread. It calls `notify` at most once a minute for each kind of failure
    /// ([`Notice::log`] is one to give).
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(
        history: History,
        notify: impl FnMut(&Notice) + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let (end, ended) = sync_channel(1);
        let unrecorded = Unrecorded::default();
        let clerk = Clerk::new(history, Box::new(notify), unrecorded.clone());
        let thread = thread::Builder::new().name("history".to_owned());
        thread.spawn(move || {
            // Viewers come first. On Linux, this is about this thread and those that it starts;
            // without it, history is written all the same.
            let _ = setpriority_process(None, NICE);
            clerk.work(&queue);
            drop::<SyncSender<Infallible>>(end);
        })?;
        Ok(Self {
            jobs: Some(jobs),
            ended,
            unrecorded,
        })
    }

    /// Puts a job into the queue, which holds 256.
    ///
    /// # Errors
    ///
    /// When the queue is full: the job comes back, to be tried again later.
    pub fn try_submit(&self, job: Job) -> Result<(), Job> {
        let Some(jobs) = &self.jobs else {
            return Err(job);
        };
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }

    /// The certificates of which history is not up to date since a job failed. They are told once:
    /// whoever asks submits a new job for each when he thinks that the disk may be well again.
    pub fn take_unrecorded(&self) -> BTreeSet<Name> {
        std::mem::take(&mut *self.unrecorded.lock())
    }

    /// Waits until all jobs in the queue are done, at most 5 s; says whether they are.
    pub fn end(mut self) -> bool {
        self.wait(LONGEST_END)
    }

    fn wait(&mut self, longest: Duration) -> bool {
        self.jobs = None;
        self.ended.recv_timeout(longest) == Err(RecvTimeoutError::Disconnected)
    }
}

impl Drop for Archivist {
    fn drop(&mut self) {
        self.wait(LONGEST_END);
    }
}

#[derive(Clone, Debug, Default)]
struct Unrecorded(Arc<Mutex<BTreeSet<Name>>>);

impl Unrecorded {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Name>> {
        // A set of names is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Niceness of the thread: a tenth of a worker's share while both want the processor.
const NICE: i32 = 10;

/// Some megabytes of records; a disk at its ordinary pace needs a moment for them.
const QUEUE: usize = 256;

/// A disk that hangs must not keep the process from ending.
const LONGEST_END: Duration = Duration::from_secs(5);
