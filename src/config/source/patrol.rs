use std::collections::{BTreeMap, BTreeSet, btree_map, btree_set};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Source;
use super::listing::{Location, Locations};
use crate::certificate::Name;

/// A look at everything that is taken a little at a time, so that nothing waits for it.
#[derive(Debug)]
pub(super) struct Patrol {
    domains: btree_set::IntoIter<PathBuf>,
    certificates: btree_map::IntoIter<Name, Vec<Location>>,
}

impl Source {
    /// Begins a look at everything, in place of one that may be under way: each scan of some items
    /// from now on takes the next part of it, until it [is over](Self::is_on_patrol). What is new
    /// or gone comes first.
    ///
    /// It does not begin where a look at everything at once is better: a directory has just been
    /// lost, or much is new or gone. Says whether it does.
    pub fn begin_patrol(&mut self, directories: &[PathBuf]) -> bool {
        self.patrol = None;
        self.begin_pass(directories);
        let Some((domains, certificates)) = self.list_what_is_not_lost(directories) else {
            return false;
        };
        let new_domains = self.domains.news(domains.iter());
        let new_certificates = self.certificates.news(certificates.keys());
        if new_domains.len() + new_certificates.len() > PART {
            return false;
        }
        self.domains.look_at(new_domains);
        self.certificates.look_at(new_certificates);
        self.patrol = Some(Patrol {
            domains: domains.into_iter(),
            certificates: certificates.into_iter(),
        });
        true
    }

    /// What is in the directories that were there at the last look; none if one of these is not.
    fn list_what_is_not_lost(
        &self,
        directories: &[PathBuf],
    ) -> Option<(BTreeSet<PathBuf>, Locations)> {
        let is_there = |directory: &Arc<Path>| !self.lost.contains_key(directory);
        let directory: Arc<Path> = self.domains_directory().into();
        let domains = match is_there(&directory) {
            true => self.list_domains(&directory).ok()?,
            false => BTreeSet::new(),
        };
        let mut certificates = Locations::new();
        let directories = directories.iter();
        let directories = directories.map(|directory| Arc::from(self.root.join(directory)));
        for directory in directories.filter(is_there) {
            self.list_certificates(&directory, &mut certificates).ok()?;
        }
        Some((domains, certificates))
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

    /// The certificates that come next.
    pub(super) fn patrol_certificates(&mut self) -> BTreeMap<Name, Vec<Location>> {
        let patrol = self.patrol.as_mut();
        let next = patrol.map(|patrol| patrol.certificates.by_ref().take(PART));
        next.into_iter().flatten().collect()
    }

    /// Ends the patrol when all of it was looked at.
    pub(super) fn end_patrol(&mut self) {
        let is_over = |it: &mut Patrol| it.domains.len() == 0 && it.certificates.len() == 0;
        if self.patrol.take_if(is_over).is_some() {
            self.watches.end_pass();
        }
    }
}

/// Two or three milliseconds of work.
const PART: usize = 256;
