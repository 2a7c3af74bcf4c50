mod changes;
mod domains;
mod listing;
mod named;
mod parallel;
mod patrol;
mod read;
mod stamp;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::RandomState;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use changes::{Changes, Content, Duplicate, Look, Lost, Parse, Scope};
use listing::{Entry, Location, Locations};
use patrol::Patrol;
use read::read;
use stamp::glance;
use tokio::time::Instant;
use units::{Found, Units};

use crate::certificate::{Files, Name};

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
    patrol: Option<Patrol>,
    /// Whether the last look found a directory lost: then only a look at everything tells more.
    lost: bool,
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
            patrol: None,
            lost: false,
        }
    }

    /// The configuration directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of domain files.
    pub fn domains_directory(&self) -> PathBuf {
        self.root.join("domains")
    }

    /// Reads `lockgate.toml` if it changed, or if it is to be read `afresh`.
    pub fn scan_settings<P: Parse>(&mut self, afresh: bool, changes: &mut Changes<P>) {
        let path = self.root.join("lockgate.toml");
        let (now, directory) = (Instant::now(), Arc::from(&*self.root));
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
                    content,
                };
                let mut news = self.settings.note(vec![(path, Some(found))], &[], now);
                changes.settings = news.pop();
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.settings.is_empty() => {
                changes.settings = Some((path, Ok(Vec::new())));
            }
            Err(error) => changes.lost.push(Lost { path, error }),
        }
    }

    /// Reads what changed of the domain files and of the certificates in `directories`, which are
    /// relative to the configuration directory.
    pub fn scan<P: Parse>(
        &mut self,
        directories: &[PathBuf],
        look: &Look,
        parse: &P,
        changes: &mut Changes<P>,
    ) {
        let everything = look.scope.is_everything() || self.lost;
        if everything {
            self.patrol = None;
        }
        self.lost = false;
        self.scan_domains(look, everything, parse, changes);
        let directories = directories.iter();
        let directories = directories.map(|directory| Arc::from(self.root.join(directory)));
        let directories: Vec<_> = directories.collect();
        self.scan_certificates(&directories, look, everything, parse, changes);
    }

    /// When something is to be read once more, since its times may not tell of a change.
    pub fn next_look(&self) -> Option<Instant> {
        let looks = [
            self.settings.next_look(),
            self.domains.next_look(),
            self.certificates.next_look(),
        ];
        looks.into_iter().flatten().min()
    }

    /// The files of a certificate as they are now, if there are any.
    pub fn files_of(&self, directories: &[PathBuf], name: &Name) -> Option<Files> {
        let mut locations = Locations::new();
        for directory in directories {
            let directory = Arc::from(self.root.join(directory));
            listing::list_one(&directory, name, &mut locations);
        }
        let (entry, _) = choose(name, locations.remove(name)?);
        Some(entry?.read(&mut stamp::Look::new(&self.keys)))
    }

    /// Whether a certificate directory is one that nothing in it counts as deleted from: it cannot
    /// be listed, or holds no certificate.
    pub fn looks_lost(&self, directory: &Path) -> bool {
        listing::looks_lost(&self.root.join(directory))
    }

    /// Makes a certificate that another process saw in a directory one that was seen: it is missing
    /// where it is not found, and lost with the directory.
    pub fn expect(&mut self, name: Name, directory: &Path) {
        let directory = Arc::from(self.root.join(directory));
        self.certificates.expect(name, directory);
    }

    /// Stops telling that these are missing.
    pub fn drop_missing(&mut self, domains: &[PathBuf], certificates: &[Name]) {
        self.domains.drop_missing(domains);
        self.certificates.drop_missing(certificates);
    }

    fn scan_certificates<P: Parse>(
        &mut self,
        directories: &[Arc<Path>],
        look: &Look,
        everything: bool,
        parse: &P,
        changes: &mut Changes<P>,
    ) {
        let now = Instant::now();
        let again = self.certificates.take_due(now);
        let mut lost = Vec::new();
        let locations = match everything {
            true => self.list_everything(directories, &mut lost, changes),
            false => {
                let mut locations = match look.patrol {
                    true => self.patrol_certificates(),
                    false => Locations::new(),
                };
                locations.extend(self.list_some(directories, look, &again));
                locations
            }
        };
        let (keys, units) = (&self.keys, &self.certificates);
        let found = parallel::map(locations.into_iter().collect(), |(name, locations)| {
            let forced =
                look.scope == Scope::Afresh || again.contains(&name) || look.again.contains(&name);
            let (entry, duplicates) = choose(&name, locations);
            // Another location does not take over from one that is lost.
            let before = units.directory_of(&name);
            let entry = entry.filter(|_| before.is_none_or(|before| !lost.contains(before)));
            let found = entry.map(|entry| {
                let known = same(&name, &entry, keys, units).filter(|_| !forced);
                known.unwrap_or_else(|| read_certificate(&name, entry, keys, parse))
            });
            (name, found, duplicates)
        });
        let missing = self.certificates.missing().len();
        if !everything {
            self.expect_files(&found, &again, now);
        }
        let news = self.note_certificates(found, &lost, now);
        changes.certificates.extend(news);
        if everything {
            self.certificates.sweep(&lost);
        } else if self.certificates.missing().len() > missing
            && directories.iter().any(|it| listing::looks_lost(it))
        {
            return self.scan_certificates(directories, look, true, parse, changes);
        }
        changes.certificates_missing = self.certificates.missing().clone();
        changes.duplicates = self.duplicates.values().flatten().cloned().collect();
    }

    fn list_everything<P: Parse>(
        &mut self,
        directories: &[Arc<Path>],
        lost: &mut Vec<Arc<Path>>,
        changes: &mut Changes<P>,
    ) -> Locations {
        let mut locations = Locations::new();
        for directory in directories {
            let before = locations.len();
            let listed = listing::list_all(directory, &mut locations);
            let listed = listed.and_then(|()| match locations.len() > before {
                false if self.certificates.any_in(directory) && listing::looks_lost(directory) => {
                    Err(suddenly_empty())
                }
                _ => Ok(()),
            });
            if let Err(error) = listed {
                self.lost(directory, error, lost, changes);
            }
        }
        self.duplicates.clear();
        locations
    }

    fn list_some(
        &self,
        directories: &[Arc<Path>],
        look: &Look,
        again: &BTreeSet<Name>,
    ) -> Locations {
        let named = look.scope.paths().flat_map(|path| {
            let below = directories.iter();
            let below = below.filter_map(|directory| path.strip_prefix(directory).ok());
            let first = below.filter_map(|rest| rest.iter().next()?.to_str());
            first.flat_map(listing::names_of).collect::<Vec<_>>()
        });
        let others = self.certificates.missing().iter();
        let others = others.chain(again).chain(&look.again).cloned();
        let mut locations = Locations::new();
        for name in named.chain(others).collect::<BTreeSet<_>>() {
            locations.entry(name.clone()).or_default();
            for directory in directories {
                listing::list_one(directory, &name, &mut locations);
            }
        }
        locations
    }

    /// A directory that was made just now may be filled before its watch begins.
    fn expect_files<T>(&mut self, found: &[Looked<T>], again: &BTreeSet<Name>, now: Instant) {
        for (name, found, _) in found {
            let is_new = self.certificates.directory_of(name).is_none();
            if found.is_none() && is_new && !again.contains(name) {
                self.certificates.look_again(name.clone(), now);
            }
        }
    }

    /// Notes what a look at certificates gave, and returns what is new.
    fn note_certificates<T>(
        &mut self,
        found: Vec<Looked<T>>,
        lost: &[Arc<Path>],
        now: Instant,
    ) -> Vec<(Name, T)> {
        let mut units = Vec::with_capacity(found.len());
        for (name, found, duplicates) in found {
            self.duplicates.remove(&name);
            if !duplicates.is_empty() {
                self.duplicates.insert(name.clone(), duplicates);
            }
            units.push((name, found));
        }
        self.certificates.note(units, lost, now)
    }

    fn lost<P: Parse>(
        &mut self,
        directory: &Arc<Path>,
        error: io::Error,
        lost: &mut Vec<Arc<Path>>,
        changes: &mut Changes<P>,
    ) {
        self.lost = true;
        lost.push(Arc::clone(directory));
        let path = directory.to_path_buf();
        changes.lost.push(Lost { path, error });
    }
}

/// A certificate's name, what is there, and what does not count.
type Looked<T> = (Name, Option<Found<T>>, Vec<Duplicate>);

/// The files of a certificate, where they are as they were when they were read.
fn same<T>(
    name: &Name,
    entry: &Entry,
    keys: &RandomState,
    units: &Units<Name>,
) -> Option<Found<T>> {
    let directory = &entry.directory;
    // What is new is read at once: that looks at it as well.
    units.is_known(name, directory).then_some(())?;
    let glance = glance(keys, entry.paths());
    let same = units.is_same(name, directory, glance.signature);
    same.then(|| Found {
        directory: Arc::clone(directory),
        glance,
        content: None,
    })
}

fn read_certificate<P: Parse>(
    name: &Name,
    entry: Entry,
    keys: &RandomState,
    parse: &P,
) -> Found<P::Certificate> {
    let directory = Arc::clone(&entry.directory);
    let mut look = stamp::Look::new(keys);
    let content = Some(parse.certificate(name, entry.read(&mut look)));
    Found {
        directory,
        glance: look.end(),
        content,
    }
}

/// The location of a certificate that counts, and those that do not.
fn choose(name: &Name, locations: Vec<Location>) -> (Option<Entry>, Vec<Duplicate>) {
    let entries = locations.into_iter();
    let mut entries = entries.filter_map(|location| Entry::find(name, location));
    let Some(first) = entries.next() else {
        return (None, Vec::new());
    };
    let duplicates = entries.map(|entry| Duplicate {
        name: name.clone(),
        location: entry.location,
        taken_by: first.location.clone(),
    });
    let duplicates = duplicates.collect();
    (Some(first), duplicates)
}

fn suddenly_empty() -> io::Error {
    io::Error::other("it is suddenly empty (a lost mount?)")
}

#[cfg(test)]
mod tests;
