use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::stage::is_stage;
use crate::certificate;

/// What was seen of a directory: whether something in it changed since.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<OsString, Stamp>);

#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds. Not the time of the last change of the inode: a hard link to it is
    /// one.
    modified: (i64, i64),
    is_link: bool,
}

impl Seen {
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(is_stage) {
                continue;
            }
            let metadata = entry.metadata()?;
            let stamp = Stamp {
                inode: metadata.ino(),
                length: metadata.len(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                is_link: metadata.is_symlink(),
            };
            entries.insert(name, stamp);
        }
        Ok(Self(entries))
    }

    /// A symlink that stands where a certificate's file could.
    pub(super) fn managed(&self, directory: &Path) -> Option<PathBuf> {
        let mut links = self.0.iter().filter(|(_, stamp)| stamp.is_link);
        let link = links.find(|(name, _)| is_relevant(name));
        link.map(|(name, _)| directory.join(name))
    }

    /// What is no part of a certificate.
    pub(super) fn others(&self) -> impl Iterator<Item = &OsString> {
        self.0.keys().filter(|name| !is_relevant(name))
    }
}

fn is_relevant(name: &OsString) -> bool {
    name.to_str().is_some_and(certificate::is_relevant)
}
