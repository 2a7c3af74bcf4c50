//! The way of a change: scan, read, parse, build, publish, report.
//!
//! It runs on a thread of its own, where waiting for a disk hurts nobody. Nothing else publishes.

mod archive;
mod bindings;
mod candidate;
mod catalog;
mod certificates;
mod domains;
mod ends;
mod index;
mod judge;
mod latest;
mod library;
mod load;
mod named;
mod patrol;
mod policies;
mod problem;
mod problems;
mod report;
mod rollbacks;
#[cfg(test)]
mod tests;
mod tickets;
mod watcher;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

use rustix::process::setpriority_process;
use tokio::sync::watch;
use tokio::time::Instant;

use archive::Archive;
pub use candidate::{Candidate, Parser};
pub use catalog::Catalog;
use catalog::Step;
pub use latest::{Change, Latest};
pub use library::record_files;
pub use load::{LoadError, Loaded, check, load, open};
use patrol::Patrol;
pub use problem::{Effect, Kind, Problem};
pub use report::{NearEnd, Report, Status};
use watcher::Watcher;

use crate::certificate::{Name, Timestamp};
use crate::config::{Changes, Look, Scope, Source};
use crate::snapshot::Publisher;
use crate::state::Pins;
use crate::telemetry::{Counters, ReloadResult};

/// What makes a reload happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Files changed.
    Files,
    /// An operator asks for it: everything is read again.
    Signal,
}

/// The time as both clocks give it: deadlines of ours, and validity of certificates.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Never steps back.
    pub instant: Instant,
    /// The time of day.
    pub wall: Timestamp,
}

impl Now {
    /// Reads both clocks.
    pub fn read() -> Self {
        Self {
            instant: Instant::now(),
            wall: SystemTime::now().into(),
        }
    }
}

/// Loads a configuration directory and keeps the snapshot true to it.
#[derive(Debug)]
pub struct Reloader {
    source: Source,
    parser: Parser,
    catalog: Catalog,
    publisher: Publisher,
    status: watch::Sender<Arc<Status>>,
    counters: Arc<Counters>,
    archive: Option<Archive>,
    pins: Pins,
    /// Whether a reload broke off: what it had read may not have been taken over.
    broken: bool,
    after: Option<Hook>,
    latest: Latest,
}

/// What is called after each reload.
struct Hook(Box<dyn FnMut(&Report) + Send>);

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").finish_non_exhaustive()
    }
}

/// Makes the queue of triggers: several that come together cause one reload.
pub fn triggers() -> (SyncSender<Trigger>, Receiver<Trigger>) {
    sync_channel(16)
}

impl Reloader {
    /// Has `hook` called after each reload from now on, with what it changed: that is in place by
    /// then. It runs on the reload's own thread and must not wait for anything.
    pub fn after_reload(&mut self, hook: impl FnMut(&Report) + Send + 'static) {
        self.after = Some(Hook(Box::new(hook)));
    }

    /// Reloads whenever there is a reason to, for ever.
    pub fn run(mut self, sender: SyncSender<Trigger>, triggers: &Receiver<Trigger>) -> ! {
        // Viewers come first. On Linux, this is about the calling thread and those that it starts.
        if let Err(error) = setpriority_process(None, NICE) {
            tracing::debug!(%error, "the reload thread keeps its priority");
        }
        let mut watcher = Watcher::new(sender);
        let mut patrol = Patrol::new(self.scan_interval());
        loop {
            // A bug in a reload must not end the loop: what was published stays.
            let turn = AssertUnwindSafe(|| self.turn(&mut watcher, triggers, &mut patrol));
            self.broken = catch_unwind(turn).is_err();
            if self.broken {
                self.counters.reloaded(ReloadResult::Failed);
            }
        }
    }

    /// Waits for a reason to reload, and does.
    fn turn(&mut self, watcher: &mut Watcher, triggers: &Receiver<Trigger>, patrol: &mut Patrol) {
        let is_new = watcher.watch(self.directories());
        let trigger = match is_new {
            true => None,
            false => self.wait(triggers, patrol.next(self.source.is_on_patrol())),
        };
        self.latest.watched = watcher.is_complete();
        let now = Instant::now();
        let begins = is_new || (patrol.begins(now) && !self.source.is_on_patrol());
        let scope = match trigger {
            _ if self.broken => Scope::Afresh,
            Some(Trigger::Signal) => Scope::Afresh,
            _ if begins && self.begin_patrol() => Scope::Everything,
            _ => watcher.take_changed(),
        };
        if begins || !matches!(scope, Scope::Paths(_)) {
            // What changed before a watch stood made no event.
            patrol.began(now, self.scan_interval(), is_new);
        }
        let look = Look {
            scope,
            again: self.catalog.take_worth_a_look(now, begins),
            patrol: patrol.part_is_due(now),
        };
        let (report, generation) = patrol.measure(|| self.reload(true, look, &[]));
        if let Some(Hook(hook)) = &mut self.after {
            hook(&report);
        }
        report.log(generation);
    }

    /// Begins a look at everything; says whether that has to be taken at once.
    fn begin_patrol(&mut self) -> bool {
        let directories = &self.catalog.settings().certificates.directories;
        self.source.begin_patrol(directories).is_err()
    }

    /// The next trigger; none when time has come to look without one.
    fn wait(&self, triggers: &Receiver<Trigger>, patrol: Instant) -> Option<Trigger> {
        let now = Instant::now();
        let looks = [
            self.catalog.next_deadline(now),
            self.source.next_look(),
            self.archive.as_ref().map(Archive::next_deadline),
        ];
        let deadline = looks.into_iter().flatten().min();
        let deadline = deadline.map_or(patrol, |deadline| deadline.min(patrol));
        let wait = deadline.saturating_duration_since(now);
        let trigger = triggers.recv_timeout(wait.max(QUIET)).ok()?;
        Some(gather(triggers, trigger))
    }

    fn scan_interval(&self) -> Duration {
        self.catalog.settings().certificates.scan_interval
    }

    /// Writes what was adopted into history, and takes away the pins of rollbacks that are over.
    fn keep(&mut self, report: &mut Report, now: Instant) {
        let Some(archive) = &mut self.archive else {
            return;
        };
        archive.take(report, now);
        for certificate in &report.rollbacks_over {
            if let Err(error) = self.pins.release(certificate) {
                tracing::warn!(%certificate, %error, "cannot remove the pin of a rollback");
            }
        }
    }

    /// The directories to watch: everything below the configuration directory, and certificates
    /// kept elsewhere.
    fn directories(&self) -> Vec<PathBuf> {
        let root = self.source.root();
        let certificates = &self.catalog.settings().certificates.directories;
        let certificates = certificates.iter().map(|directory| root.join(directory));
        let mut directories = vec![root.to_owned(), self.source.domains_directory()];
        directories.extend(certificates);
        let tickets = self.catalog.settings().tickets.directory.as_ref();
        directories.extend(tickets.map(|directory| root.join(directory)));
        directories.push(self.pins.directory());
        directories
    }

    /// Scans, builds and publishes; returns what changed, and the generation if it is a new one.
    fn reload(
        &mut self,
        patient: bool,
        mut look: Look,
        expected: &[Name],
    ) -> (Report, Option<u64>) {
        let now = Now::read();
        if let Some(archive) = &mut self.archive {
            let status = self.catalog.status();
            look.again
                .extend(archive.take_unrecorded(&status, now.instant));
        }
        if self.archive.is_some() {
            let (changed, pinned) = self.catalog.take_pins(self.pins.read());
            look.again.extend(changed);
            self.parser.prepare(ROOM, pinned);
        }
        let mut changes = Changes::default();
        self.source
            .scan_settings(look.scope == Scope::Afresh, &mut changes);
        let directories = &self.catalog.settings().certificates.directories;
        self.source
            .scan(directories, &look, &self.parser, &mut changes);
        let scanned = Instant::now();
        let current = self.publisher.current();
        let library = library::Disk {
            source: &self.source,
            history: self.archive.as_ref().map(Archive::history),
            parser: &self.parser,
        };
        let step = Step {
            now,
            patient,
            library: &library,
            expected,
        };
        let (snapshot, mut report) = self.catalog.apply_step(changes, &current, &step);
        self.source
            .drop_missing(&report.files_removed, &report.certificates_removed);
        report.scan = scanned - now.instant;
        report.build = scanned.elapsed();
        let generation = snapshot.as_ref().map(|snapshot| snapshot.generation);
        // First, so that who has been served with something new finds it there.
        self.latest.note(&report, generation, now.wall);
        let latest = self.latest.clone();
        let status = self.catalog.status();
        self.status
            .send_replace(Arc::new(Status { latest, ..status }));
        let result = match snapshot {
            Some(snapshot) => {
                self.publisher.publish(snapshot);
                ReloadResult::Published
            }
            None => ReloadResult::Unchanged,
        };
        self.counters.reloaded(result);
        self.keep(&mut report, now.instant);
        (report, generation)
    }
}

/// Bytes of certificates that are kept from the reading until they are in history: more than the
/// queue there holds.
const ROOM: usize = 4 << 20;

/// Waits until a burst of events is over, but not for long: files that are written slowly are
/// looked at while they are. A signal among them counts for more.
fn gather(triggers: &Receiver<Trigger>, first: Trigger) -> Trigger {
    let end = Instant::now() + LONGEST_BURST;
    let mut trigger = first;
    while trigger == Trigger::Files {
        let left = end.saturating_duration_since(Instant::now());
        match triggers.recv_timeout(QUIET.min(left)) {
            Ok(next) => trigger = next,
            Err(_) => break,
        }
    }
    trigger
}

const QUIET: Duration = Duration::from_millis(20);
const LONGEST_BURST: Duration = Duration::from_millis(200);

/// Niceness of the reload thread: a tenth of a worker's share while both want the processor.
const NICE: i32 = 10;
