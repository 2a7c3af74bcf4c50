//! The way of a change: scan, read, parse, build, publish, report.
//!
//! It runs on a thread of its own, where waiting for a disk hurts nobody. Nothing else publishes.

mod archive;
mod bell;
mod bind;
mod bindings;
mod candidate;
mod catalog;
mod certificates;
mod cycle;
mod domains;
mod ends;
mod hold;
mod index;
mod judge;
mod latest;
mod library;
mod load;
mod named;
mod order;
mod patrol;
mod policies;
mod problem;
mod problems;
mod remarks;
mod report;
mod rollbacks;
#[cfg(test)]
mod tests;
mod tickets;
mod touched;

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::time::Instant;

use archive::Archive;
pub use bell::{Trigger, triggers};
pub use candidate::{Candidate, Parser};
pub use catalog::Catalog;
use catalog::Step;
pub use hold::hold;
pub use judge::assess;
pub use latest::{Change, Latest};
pub use library::record_files;
pub use load::{LoadError, Loaded, check, load, load_offline, open};
pub use order::{Done, Order, OrderFault, Orders, Wanted};
pub use problem::{Effect, Kind, Problem};
pub use report::{Actor, By, NearEnd, Replaced, Report, Status, Way};
pub use touched::Touched;

use crate::certificate::{Name, Timestamp};
use crate::config::{Changes, Look, Source};
use crate::snapshot::Publisher;
use crate::state::Pins;
use crate::telemetry::{Counters, ReloadResult};

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

/// How a reload takes what it finds.
enum Manner<'m> {
    /// The first one waits for nothing: all is taken as it is. These certificates were in use before
    /// the process began, in a directory that is lost.
    First(&'m [Name]),
    /// Files may be in the middle of being written or replaced, but for those that somebody wants.
    Running(&'m Wanted),
}

impl Manner<'_> {
    fn expected(&self) -> &[Name] {
        match self {
            Self::First(expected) => expected,
            Self::Running(_) => &[],
        }
    }

    fn wanted(&self) -> Option<&Wanted> {
        match self {
            Self::First(_) => None,
            Self::Running(wanted) => Some(wanted),
        }
    }

    fn by(&self) -> By {
        match self {
            Self::First(_) => By::Start,
            Self::Running(wanted) => wanted.by.clone(),
        }
    }

    /// Whether the files of a certificate get time if they may be half written.
    fn is_patient_with(&self, name: &Name) -> bool {
        let wanted = self.wanted();
        wanted.is_some_and(|wanted| !wanted.items.certificates.contains(name))
    }
}

/// What is called after each reload.
struct Hook(Box<dyn FnMut(&Report) + Send>);

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").finish_non_exhaustive()
    }
}

impl Reloader {
    /// Has `hook` called after each reload from now on, with what it changed: that is in place by
    /// then. It runs on the reload's own thread and must not wait for anything.
    pub fn after_reload(&mut self, hook: impl FnMut(&Report) + Send + 'static) {
        self.after = Some(Hook(Box::new(hook)));
    }

    /// Writes what was adopted into history, and takes away the pins of rollbacks that are over.
    fn keep(&mut self, report: &mut Report, now: Instant) {
        let archive = self.archive.as_mut();
        let Some(archive) = archive.filter(|archive| archive.is_writing()) else {
            return;
        };
        archive.take(report, now);
        for certificate in &report.rollbacks_over {
            if let Err(error) = self.pins.release(certificate) {
                tracing::warn!(%certificate, %error, "cannot remove the pin of a rollback");
            }
        }
    }

    /// Scans, builds and publishes; returns what changed.
    fn reload(&mut self, mut look: Look, manner: &Manner<'_>) -> Report {
        let now = Now::read();
        if let Some(archive) = &mut self.archive {
            let status = self.catalog.status();
            look.again
                .extend(archive.take_unrecorded(&status, now.instant));
        }
        if self.archive.is_some() {
            self.source.watch_for_others(&self.pins.directory());
            let (changed, pinned) = self.catalog.take_pins(self.pins.read());
            look.again.extend(changed);
            self.parser.prepare(ROOM, pinned);
        }
        let mut changes = Changes::default();
        let directories = &self.catalog.settings().certificates.directories;
        self.source
            .scan(directories, &look, &self.parser, &mut changes);
        self.latest.watched = self.source.is_watched();
        let scanned = Instant::now();
        let touched = Touched::of(&changes, &look, manner);
        let current = self.publisher.current();
        let library = library::Disk {
            source: &self.source,
            history: self.archive.as_ref().map(Archive::history),
            parser: &self.parser,
        };
        let step = Step {
            now,
            manner,
            library: &library,
        };
        let (snapshot, mut report) = self.catalog.apply_step(changes, &current, &step);
        self.source
            .drop_missing(&report.files_removed, &report.certificates_removed);
        report.scan = scanned - now.instant;
        report.build = scanned.elapsed();
        report.generation = snapshot.as_ref().map(|snapshot| snapshot.generation);
        report.by = manner.by();
        report.touched = touched.with(&report);
        // First, so that who has been served with something new finds it there.
        self.latest.note(&report, now.wall);
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
        report
    }
}

/// Bytes of certificates that are kept from the reading until they are in history: more than the
/// queue there holds.
const ROOM: usize = 4 << 20;
