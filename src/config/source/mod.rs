mod certificates;
mod changes;
mod directory;
mod domains;
mod listing;
mod look;
mod named;
mod parallel;
mod patrol;
mod read;
mod stamp;
mod units;
mod watch;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::hash::RandomState;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use changes::{Changes, Content, Duplicate, Lost, Parse};
pub use look::{Items, Look, Scope};
use patrol::Patrol;
use read::{read, read_failed};
use stamp::{TIME_STEP, glance};
use tokio::time::Instant;
use units::{Found, Units};
pub use watch::Unwatched;
use watch::{About, Watches};

use crate::certificate::Name;

/// The configuration directory: the only place where configuration is read.
///
/// It blocks, so it belongs on a thread that may wait. It remembers what it saw, looks only at what
/// may have changed, reads only what did, and opens nothing but regular files of at most 1 MiB.
#[derive(Debug)]
pub struct Source {
    root: PathBuf,
    keys: RandomState,
    settings: Units<PathBuf>,
    domains: Units<PathBuf>,
    certificates: Units<Name>,
    duplicates: BTreeMap<Name, Vec<Duplicate>>,
    /// The certificate directories of the last look at everything.
    directories: Vec<PathBuf>,
    /// Directories that the last look found lost.
    lost: BTreeMap<Arc<Path>, Arc<io::Error>>,
    /// When to try again what is lost, or what is named and could not be read.
    next_try: Cell<Option<Instant>>,
    watches: Watches,
    patrol: Option<Patrol>,
}

impl Source {
    /// A source that has seen nothing yet.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            keys: RandomState::new(),
            settings: Units::default(),
            domains: Units::default(),
            certificates: Units::default(),
            duplicates: BTreeMap::new(),
            directories: Vec::new(),
            lost: BTreeMap::new(),
            next_try: Cell::default(),
            watches: Watches::default(),
            patrol: None,
        }
    }

    /// The configuration directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// From now on, whatever is looked at is watched: `told` is called when something changed since
    /// that look. What changed before is for a look at everything to find.
    pub fn watch(&mut self, told: impl Fn() + Send + Sync + 'static) {
        self.watches.start(told);
    }

    /// Watches a directory that others read, before they do.
    pub fn watch_for_others(&self, directory: &Path) {
        self.watches.way(directory, &About::Named);
        self.watches.directory(directory, &About::Named);
    }

    /// Takes what changed since the last call, as far as it is watched.
    pub fn take_changed(&self) -> Option<Scope> {
        self.watches.take_changed()
    }

    /// Whether all changes make events.
    pub fn is_watched(&self) -> bool {
        self.watches.is_complete()
    }

    /// Why changes are found by scanning only, if they are.
    pub fn unwatched(&self) -> Option<Unwatched> {
        self.watches.unwatched()
    }

    /// Reads what changed of `lockgate.toml`, of the domain files, and of the certificates in
    /// `directories`, which are relative to the configuration directory.
    pub fn scan<P: Parse>(
        &mut self,
        directories: &[PathBuf],
        look: &Look,
        parse: &P,
        changes: &mut Changes<P>,
    ) {
        let everything =
            look.scope.is_everything() || self.is_behind(directories) || self.is_back();
        if everything {
            self.patrol = None;
            self.begin_pass(directories);
            self.lost.clear();
        }
        self.next_try.take();
        self.scan_settings(look.scope == Scope::Afresh, changes);
        self.scan_domains(look, everything, parse, changes);
        let directories = directories.iter();
        let directories = directories.map(|directory| Arc::from(self.root.join(directory)));
        let directories: Vec<_> = directories.collect();
        self.scan_certificates(&directories, look, everything, parse, changes);
        match everything {
            true => self.watches.end_pass(),
            false => self.end_patrol(),
        }
        self.tell_lost(changes);
        changes.unwatched = self.watches.unwatched();
    }

    /// Reads `lockgate.toml` if it changed, or if it is to be read `afresh`.
    pub fn scan_settings<P: Parse>(&mut self, afresh: bool, changes: &mut Changes<P>) {
        let path = self.root.join("lockgate.toml");
        let (now, directory) = (Instant::now(), Arc::from(&*self.root));
        self.watches.entry(&path, &About::Named);
        let again = self.settings.take_due(now);
        match fs::metadata(&path) {
            Ok(_) => {
                let glance = glance(&self.keys, [&*path].into_iter());
                let same = self.settings.is_same(&path, &directory, glance.signature);
                let read = || read(&path, false, &mut stamp::Look::new(&self.keys));
                let content = (!same || afresh || !again.is_empty()).then(read);
                let found = Found {
                    directory,
                    glance,
                    failed: content.as_ref().is_some_and(read_failed),
                    content,
                };
                let mut news = self.settings.note(vec![(path, Some(found))], &[], now);
                changes.settings = news.pop();
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.settings.is_empty() => {
                changes.settings = Some((path, Ok(Vec::new())));
            }
            Err(error) => {
                let error = Arc::new(error);
                changes.lost.push(Lost { path, error });
                self.try_again(now);
            }
        }
    }

    /// Begins to look at everything, be that at once or a little at a time.
    fn begin_pass(&mut self, directories: &[PathBuf]) {
        self.watches.begin_pass();
        self.watches.way(&self.root, &About::Everything);
        self.directories = directories.to_vec();
    }

    /// When there is a reason to look at `directories` without an event.
    pub fn next_look(&self, directories: &[PathBuf]) -> Option<Instant> {
        let looks = [
            self.settings.next_look(),
            self.domains.next_look(),
            self.certificates.next_look(),
            self.next_try.get(),
            self.is_behind(directories).then(Instant::now),
        ];
        looks.into_iter().flatten().min()
    }

    /// Stops telling that these are missing.
    pub fn drop_missing(&mut self, domains: &[PathBuf], certificates: &[Name]) {
        self.domains.drop_missing(domains);
        self.certificates.drop_missing(certificates);
    }

    /// Whether it takes a look at everything to know what is there.
    fn is_behind(&self, directories: &[PathBuf]) -> bool {
        self.directories != directories || self.watches.is_new()
    }

    /// Whether a directory that was lost is there again.
    fn is_back(&self) -> bool {
        self.lost.keys().any(|directory| {
            let is_lost = match **directory == *self.domains_directory() {
                true => domains::looks_lost(directory),
                false => listing::looks_lost(directory),
            };
            !is_lost
        })
    }

    fn tell_lost<P: Parse>(&self, changes: &mut Changes<P>) {
        let lost = self.lost.iter().map(|(path, error)| Lost {
            path: path.to_path_buf(),
            error: Arc::clone(error),
        });
        changes.lost.extend(lost);
        if !self.lost.is_empty() {
            self.try_again(Instant::now());
        }
    }

    fn try_again(&self, now: Instant) {
        self.next_try.set(Some(now + TIME_STEP));
    }
}

fn suddenly_empty() -> io::Error {
    io::Error::other("it is suddenly empty (a lost mount?)")
}

#[cfg(test)]
mod tests;
