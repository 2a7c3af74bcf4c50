//! The way of a change: scan, read, parse, build, publish, report.
//!
//! It runs on a thread of its own, where waiting for a disk hurts nobody. Nothing else publishes.

mod bindings;
mod candidate;
mod catalog;
mod certificates;
mod domains;
mod ends;
mod index;
mod judge;
mod latest;
mod named;
mod policies;
mod problem;
mod problems;
mod report;
#[cfg(test)]
mod tests;
mod tickets;
mod watcher;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use tokio::sync::watch;
use tokio::time::Instant;

pub use candidate::{Candidate, Parser};
pub use catalog::Catalog;
pub use latest::{Change, Latest};
pub use problem::{Effect, Kind, Problem};
pub use report::{NearEnd, Report, Status};
use watcher::Watcher;

use crate::certificate::Timestamp;
use crate::config::{Changes, Look, Scope, Settings, Source, parse_settings};
use crate::snapshot::{Current, Publisher, Snapshot, channel};
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

/// The configuration cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The configuration directory is not there or not readable.
    #[error("cannot read the configuration directory {}: {error}; create it, or name another with --config", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// `lockgate.toml` has problems.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<Problem>),
    /// The TLS library cannot start.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
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

/// What a first load gives: the loop to run, and the ends that others hold.
#[derive(Debug)]
pub struct Loaded {
    /// The loop.
    pub reloader: Reloader,
    /// The read end of the snapshot.
    pub current: Current,
    /// What is in use and what is wrong.
    pub status: watch::Receiver<Arc<Status>>,
    /// What the first load found.
    pub report: Report,
}

/// Reads a configuration directory for the first time.
///
/// # Errors
///
/// When there is no directory, or `lockgate.toml` has problems; a bad domain or certificate is in
/// the report instead.
pub fn load(
    directory: &Path,
    provider: Arc<CryptoProvider>,
    counters: Arc<Counters>,
) -> Result<Loaded, LoadError> {
    let mut source = open(directory)?;
    let settings = load_settings(&mut source).map_err(LoadError::Settings)?;
    Loaded::new(source, settings, provider, counters)
}

/// Does the same, but puts the problems of `lockgate.toml` into the report as well, and goes on
/// with the defaults.
///
/// # Errors
///
/// When there is no directory.
pub fn check(directory: &Path, provider: Arc<CryptoProvider>) -> Result<Loaded, LoadError> {
    let mut source = open(directory)?;
    let (settings, problems) = match load_settings(&mut source) {
        Ok(settings) => (settings, Vec::new()),
        Err(problems) => (Settings::default(), problems),
    };
    let mut loaded = Loaded::new(source, settings, provider, Arc::default())?;
    let found = &mut loaded.report.problems;
    // A file that was written just now is read twice.
    found.retain(|problem| !problems.contains(problem));
    found.splice(0..0, problems);
    Ok(loaded)
}

fn open(directory: &Path) -> Result<Source, LoadError> {
    match std::fs::read_dir(directory) {
        Ok(_) => Ok(Source::new(directory.to_owned())),
        Err(error) => Err(LoadError::Directory {
            path: directory.to_owned(),
            error,
        }),
    }
}

impl Loaded {
    fn new(
        source: Source,
        settings: Settings,
        provider: Arc<CryptoProvider>,
        counters: Arc<Counters>,
    ) -> Result<Self, LoadError> {
        let parser = Parser::new(Arc::clone(&provider));
        let catalog = Catalog::new(settings, provider)?;
        let (publisher, current) = channel(Snapshot::empty());
        let (status, receiver) = watch::channel(Arc::default());
        let mut reloader = Reloader {
            source,
            parser,
            catalog,
            publisher,
            status,
            counters,
            broken: false,
            after: None,
            latest: Latest::default(),
        };
        let (report, _) = reloader.reload(false, Scope::Everything);
        Ok(Self {
            reloader,
            current,
            status: receiver,
            report,
        })
    }
}

fn load_settings(source: &mut Source) -> Result<Settings, Vec<Problem>> {
    let mut changes = Changes::<Parser>::default();
    source.scan_settings(false, &mut changes);
    match changes.settings {
        Some((path, Ok(content))) => parse_settings(&path, &content).map_err(|problems| {
            let problems = problems.iter();
            let problems = problems.map(|problem| Problem::config(None, problem));
            problems.collect()
        }),
        Some((path, Err(unreadable))) => Err(vec![Problem::unreadable(&path, &unreadable)]),
        None => Err(changes.lost.iter().map(Problem::lost).collect()),
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
        let mut watcher = Watcher::new(sender);
        let mut next_scan = Instant::now() + self.scan_interval();
        loop {
            // A bug in a reload must not end the loop: what was published stays.
            let turn = AssertUnwindSafe(|| self.turn(&mut watcher, triggers, &mut next_scan));
            self.broken = catch_unwind(turn).is_err();
            if self.broken {
                self.counters.reloaded(ReloadResult::Failed);
            }
        }
    }

    /// Waits for a reason to reload, and does.
    fn turn(
        &mut self,
        watcher: &mut Watcher,
        triggers: &Receiver<Trigger>,
        next_scan: &mut Instant,
    ) {
        // What changed before the watch began made no event.
        let scope = match watcher.watch(self.directories()) {
            true => Scope::Everything,
            false => match self.wait(triggers, *next_scan) {
                Some(Trigger::Signal) => Scope::Afresh,
                _ => watcher.take_changed(),
            },
        };
        self.latest.watched = watcher.is_complete();
        let scope = match scope {
            _ if self.broken => Scope::Afresh,
            Scope::Paths(_) if *next_scan <= Instant::now() => Scope::Everything,
            scope => scope,
        };
        if !matches!(scope, Scope::Paths(_)) {
            *next_scan = Instant::now() + self.scan_interval();
        }
        let (report, generation) = self.reload(true, scope);
        if let Some(Hook(hook)) = &mut self.after {
            hook(&report);
        }
        report.log(generation);
    }

    /// The next trigger; none when time has come to look without one.
    fn wait(&self, triggers: &Receiver<Trigger>, next_scan: Instant) -> Option<Trigger> {
        let now = Instant::now();
        let looks = [self.catalog.next_deadline(now), self.source.next_look()];
        let deadline = looks.into_iter().flatten().min();
        let deadline = deadline.map_or(next_scan, |deadline| deadline.min(next_scan));
        let wait = deadline.saturating_duration_since(now);
        let trigger = triggers.recv_timeout(wait.max(QUIET)).ok()?;
        Some(gather(triggers, trigger))
    }

    fn scan_interval(&self) -> Duration {
        self.catalog.settings().certificates.scan_interval
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
        directories
    }

    /// Scans, builds and publishes; returns what changed, and the generation if it is a new one.
    fn reload(&mut self, patient: bool, scope: Scope) -> (Report, Option<u64>) {
        let now = Now::read();
        let all = !matches!(scope, Scope::Paths(_));
        let again = self.catalog.take_worth_a_look(now.instant, all);
        let mut changes = Changes::default();
        self.source
            .scan_settings(scope == Scope::Afresh, &mut changes);
        let look = Look { scope, again };
        let directories = &self.catalog.settings().certificates.directories;
        self.source
            .scan(directories, &look, &self.parser, &mut changes);
        let scanned = Instant::now();
        let current = self.publisher.current();
        let read = |named: &named::Named| named.read(&self.source);
        let applied = self
            .catalog
            .apply_reading(changes, &current, now, patient, read);
        let (snapshot, mut report) = applied;
        self.source
            .drop_missing(&report.files_removed, &report.certificates_removed);
        report.scan = scanned - now.instant;
        report.build = scanned.elapsed();
        let generation = snapshot.as_ref().map(|snapshot| snapshot.generation);
        let result = match snapshot {
            Some(snapshot) => {
                self.publisher.publish(snapshot);
                ReloadResult::Published
            }
            None => ReloadResult::Unchanged,
        };
        self.counters.reloaded(result);
        self.latest.note(&report, generation, Now::read().wall);
        let latest = self.latest.clone();
        let status = self.catalog.status();
        self.status
            .send_replace(Arc::new(Status { latest, ..status }));
        (report, generation)
    }
}

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
