use std::collections::{BTreeMap, BTreeSet, btree_map, btree_set};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Source;
use super::listing::{self, Location, Locations};
use crate::certificate::Name;

/// A look at everything that is taken a little at a time, so that nothing waits for it.
#[derive(Debug)]
pub(super) struct Patrol {
    domains: btree_set::IntoIter<PathBuf>,
    certificates: btree_map::IntoIter<Name, Vec<Location>>,
}

impl Source {
    /// Begins a look at everything, in place of one that may be under way: each scan of some paths
    /// from now on takes the next part of it, until it [is over](Self::is_on_patrol).
    ///
    /// # Errors
    ///
    /// When a directory looks lost. Then only a look at everything at once tells what that means.
    pub fn begin_patrol(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.patrol = None;
        let domains = listing::list_toml(&self.domains_directory())?;
        let mut certificates = Locations::new();
        for directory in directories {
            let directory: Arc<Path> = self.root.join(directory).into();
            listing::list_all(&directory, &mut certificates)?;
        }
        if domains.is_empty() || certificates.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        // What is not there any more is looked at first.
        self.domains.look_for_all_but(|path| domains.contains(path));
        self.certificates
            .look_for_all_but(|name| certificates.contains_key(name));
        self.patrol = Some(Patrol {
            domains: domains.into_iter(),
            certificates: certificates.into_iter(),
        });
        Ok(())
    }

    /// Whether a look at everything is under way.
    pub fn is_on_patrol(&self) -> bool {
        self.patrol.is_some()
    }

    /// The files of domains that come next.
    pub(super) fn patrol_domains(&mut self) -> BTreeSet<PathBuf> {
        let patrol = self.patrol.as_mut();
        let next = patrol.map(|patrol| patrol.domains.by_ref().take(PART));
        next.into_iter().flatten().collect()
    }

    /// The certificates that come next; with the last of them, the patrol is over.
    pub(super) fn patrol_certificates(&mut self) -> BTreeMap<Name, Vec<Location>> {
        let Some(patrol) = &mut self.patrol else {
            return BTreeMap::new();
        };
        let next = patrol.certificates.by_ref().take(PART).collect();
        if patrol.certificates.len() == 0 && patrol.domains.len() == 0 {
            self.patrol = None;
        }
        next
    }
}

/// Two or three milliseconds of work.
const PART: usize = 256;
