use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::changes::{Changes, Look, Parse, Scope};
use super::read::read;
use super::stamp::{self, glance};
use super::units::Found;
use super::{Source, listing, parallel, suddenly_empty};

/// The files of `domains/`.
impl Source {
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
        let mut lost = Vec::new();
        let paths = match everything {
            true => listing::list_toml(&directory),
            false => {
                let mut paths = match look.patrol {
                    true => self.patrol_domains(),
                    false => BTreeSet::new(),
                };
                paths.extend(self.domain_paths(&directory, look, &again));
                Ok(paths)
            }
        };
        let paths = paths.and_then(|paths| match paths.is_empty() && everything {
            true if !self.domains.is_empty() => Err(suddenly_empty()),
            _ => Ok(paths),
        });
        let paths = paths.unwrap_or_else(|error| {
            self.lost(&directory, error, &mut lost, changes);
            BTreeSet::new()
        });
        let (keys, units) = (&self.keys, &self.domains);
        let found = parallel::map(paths.into_iter().collect(), |path| {
            let forced = look.scope == Scope::Afresh || again.contains(&path);
            let found = fs::symlink_metadata(&path).ok().map(|_| {
                let glance = glance(keys, [&*path].into_iter());
                let same = units.is_same(&path, &directory, glance.signature);
                let read = || read(&path, false, &mut stamp::Look::new(keys));
                let content = (!same || forced).then(|| parse.domains(&path, read()));
                Found {
                    directory: Arc::clone(&directory),
                    glance,
                    content,
                }
            });
            (path, found)
        });
        let missing = self.domains.missing().len();
        changes.domains.extend(self.domains.note(found, &lost, now));
        if everything {
            self.domains.sweep(&lost);
        } else if self.domains.missing().len() > missing && is_without_toml(&directory) {
            return self.scan_domains(look, true, parse, changes);
        }
        changes.domains_missing = self.domains.missing().clone();
    }

    /// The files of domains that a look at some paths is about.
    fn domain_paths(
        &self,
        directory: &Path,
        look: &Look,
        again: &BTreeSet<PathBuf>,
    ) -> BTreeSet<PathBuf> {
        let named = look.scope.paths().filter(|path| {
            let inside = path.parent() == Some(directory);
            inside && listing::is_toml(path)
        });
        let others = self.domains.missing().iter().chain(again);
        named.chain(others).cloned().collect()
    }
}

fn is_without_toml(directory: &Path) -> bool {
    listing::list_toml(directory).map_or(true, |paths| paths.is_empty())
}
