use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::changes::{Changes, Parse};
use super::look::{Look, Scope};
use super::read::{read, read_failed};
use super::stamp::{self, glance};
use super::units::Found;
use super::watch::About;
use super::{Source, listing, parallel, suddenly_empty};

/// The files of `domains/`.
impl Source {
    /// The directory of domain files.
    pub fn domains_directory(&self) -> PathBuf {
        self.root.join("domains")
    }

    pub(super) fn scan_domains<P: Parse>(
        &mut self,
        look: &Look,
        everything: bool,
        parse: &P,
        changes: &mut Changes<P>,
    ) {
        let now = Instant::now();
        let directory: Arc<Path> = self.domains_directory().into();
        let again = self.domains.take_due(now);
        let paths = match everything {
            true => self.all_domain_paths(&directory),
            false => {
                let mut paths = match look.patrol {
                    true => self.patrol_domains(),
                    false => BTreeSet::new(),
                };
                paths.extend(self.domain_paths(&directory, look, &again));
                paths
            }
        };
        let lost: Vec<_> = self.lost.keys().cloned().collect();
        let (keys, units, watches) = (&self.keys, &self.domains, &self.watches);
        let found = parallel::map(paths.into_iter().collect(), everything, |path| {
            let forced = look.scope == Scope::Afresh || again.contains(&path);
            let found = fs::symlink_metadata(&path).ok().map(|metadata| {
                if metadata.is_symlink() {
                    watches.link(&path, &About::Domain(path.as_path().into()));
                }
                let glance = glance(keys, [&*path].into_iter());
                let same = units.is_same(&path, &directory, glance.signature);
                let read = || read(&path, false, &mut stamp::Look::new(keys));
                let content = (!same || forced).then(read);
                Found {
                    directory: Arc::clone(&directory),
                    glance,
                    failed: content.as_ref().is_some_and(read_failed),
                    content: content.map(|content| parse.domains(&path, content)),
                }
            });
            (path, found)
        });
        let missing = self.domains.missing().clone();
        changes.domains.extend(self.domains.note(found, &lost, now));
        if everything {
            self.domains.sweep(&lost);
        } else if self.domains.has_lost(&missing, &look.wanted.domains) && looks_lost(&directory) {
            return self.scan_domains(look, true, parse, changes);
        }
        changes.domains_missing = self.domains.missing().clone();
    }

    fn all_domain_paths(&mut self, directory: &Arc<Path>) -> BTreeSet<PathBuf> {
        self.list_domains(directory).unwrap_or_else(|error| {
            self.lost.insert(Arc::clone(directory), Arc::new(error));
            BTreeSet::new()
        })
    }

    /// All files of domains. The directory is watched from then on.
    pub(super) fn list_domains(&self, directory: &Arc<Path>) -> io::Result<BTreeSet<PathBuf>> {
        self.watches.way(directory, &About::Everything);
        let about = About::Domains(Arc::clone(directory));
        self.watches.directory(directory, &about);
        let paths = listing::list_toml(directory)?;
        match paths.is_empty() && !self.domains.is_empty() {
            true => Err(suddenly_empty()),
            false => Ok(paths),
        }
    }

    /// The files of domains that a look at some items is about.
    fn domain_paths(
        &self,
        directory: &Arc<Path>,
        look: &Look,
        again: &BTreeSet<PathBuf>,
    ) -> BTreeSet<PathBuf> {
        if self.lost.contains_key(directory) {
            return BTreeSet::new();
        }
        let others = self.domains.missing().iter().chain(again);
        look.scope.domains().chain(others).cloned().collect()
    }
}

/// Whether the directory holds no file of domains, or cannot be listed.
pub(super) fn looks_lost(directory: &Path) -> bool {
    listing::list_toml(directory).map_or(true, |paths| paths.is_empty())
}
