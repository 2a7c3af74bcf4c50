use std::collections::BTreeSet;
use std::hash::RandomState;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::changes::{Changes, Duplicate, Parse};
use super::listing::{Entry, Location, Locations};
use super::look::{Look, Scope};
use super::stamp::{self, glance};
use super::units::{Found, Units};
use super::watch::{About, Watches};
use super::{Source, listing, parallel, suddenly_empty};
use crate::certificate::{Files, Name};

/// A certificate's name, what is there, and what does not count.
type Looked<T> = (Name, Option<Found<T>>, Vec<Duplicate>);

/// The certificates, wherever they are kept.
impl Source {
    /// The files of a certificate as they are now, if there are any.
    pub fn files_of(&self, directories: &[PathBuf], name: &Name) -> Option<Files> {
        let mut locations = Locations::new();
        for directory in directories {
            let directory = Arc::from(self.root.join(directory));
            listing::list_one(&directory, name, &mut locations);
        }
        let (entry, _) = choose(name, locations.remove(name)?, &self.watches);
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

    pub(super) fn scan_certificates<P: Parse>(
        &mut self,
        directories: &[Arc<Path>],
        look: &Look,
        everything: bool,
        parse: &P,
        changes: &mut Changes<P>,
    ) {
        let now = Instant::now();
        let again = self.certificates.take_due(now);
        let locations = match everything {
            true => self.list_everything(directories),
            false => {
                let mut locations = match look.patrol {
                    true => self.patrol_certificates(),
                    false => Locations::new(),
                };
                locations.extend(self.list_some(directories, look, &again));
                locations
            }
        };
        let lost: Vec<_> = self.lost.keys().cloned().collect();
        let (keys, units, watches) = (&self.keys, &self.certificates, &self.watches);
        let found = parallel::map(
            locations.into_iter().collect(),
            everything,
            |(name, locations)| {
                let forced = look.scope == Scope::Afresh
                    || again.contains(&name)
                    || look.again.contains(&name);
                let (entry, duplicates) = choose(&name, locations, watches);
                // Another location does not take over from one that is lost.
                let before = units.directory_of(&name);
                let entry = entry.filter(|_| before.is_none_or(|before| !lost.contains(before)));
                let found = entry.map(|entry| {
                    let known = same(&name, &entry, keys, units).filter(|_| !forced);
                    known.unwrap_or_else(|| read_certificate(&name, entry, keys, parse))
                });
                (name, found, duplicates)
            },
        );
        let missing = self.certificates.missing().clone();
        let news = self.note_certificates(found, &lost, now);
        changes.certificates.extend(news);
        if everything {
            self.certificates.sweep(&lost);
        } else if self
            .certificates
            .has_lost(&missing, &look.wanted.certificates)
            && directories.iter().any(|it| listing::looks_lost(it))
        {
            return self.scan_certificates(directories, look, true, parse, changes);
        }
        changes.certificates_missing = self.certificates.missing().clone();
        changes.duplicates = self.duplicates.values().flatten().cloned().collect();
    }

    fn list_everything(&mut self, directories: &[Arc<Path>]) -> Locations {
        let mut locations = Locations::new();
        for directory in directories {
            match self.list_certificates(directory, &mut locations) {
                Ok(()) => self.lost.remove(directory),
                Err(error) => self.lost.insert(Arc::clone(directory), Arc::new(error)),
            };
        }
        self.duplicates.clear();
        locations
    }

    /// Adds all locations in a certificate directory. It is watched from then on.
    pub(super) fn list_certificates(
        &self,
        directory: &Arc<Path>,
        locations: &mut Locations,
    ) -> io::Result<()> {
        self.watches.way(directory, &About::Everything);
        self.watches.directory(directory, &About::Certificates);
        let before = locations.len();
        listing::list_all(directory, locations)?;
        let is_empty = locations.len() == before;
        match is_empty && self.certificates.any_in(directory) && listing::looks_lost(directory) {
            true => Err(suddenly_empty()),
            false => Ok(()),
        }
    }

    fn list_some(
        &self,
        directories: &[Arc<Path>],
        look: &Look,
        again: &BTreeSet<Name>,
    ) -> Locations {
        let others = self.certificates.missing().iter();
        let others = others.chain(again).chain(&look.again);
        let names = look.scope.certificates().chain(others);
        let mut locations = Locations::new();
        for name in names.collect::<BTreeSet<_>>() {
            locations.entry(name.clone()).or_default();
            for directory in directories {
                if !self.lost.contains_key(directory) {
                    listing::list_one(directory, name, &mut locations);
                }
            }
        }
        locations
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
}

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
        failed: false,
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
    let files = entry.read(&mut look);
    let failed = files.failed();
    Found {
        directory,
        glance: look.end(),
        content: Some(parse.certificate(name, files)),
        failed,
    }
}

/// The location of a certificate that counts, and those that do not.
fn choose(
    name: &Name,
    locations: Vec<Location>,
    watches: &Watches,
) -> (Option<Entry>, Vec<Duplicate>) {
    let entries = locations.into_iter();
    let mut entries = entries.filter_map(|location| Entry::find(name, location, watches));
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
