use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::state::disk;
use crate::state::version::Version;

/// What lies in a certificate's directory.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) drafts: Vec<PathBuf>,
    pub(super) retired: bool,
}

impl Listing {
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let mut listing = Self::default();
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            if let Some(name) = name.to_str() {
                listing.add(directory, name);
            }
        }
        listing.versions.sort_unstable();
        Ok(listing)
    }

    fn add(&mut self, directory: &Path, name: &str) {
        if let Some(version) = name.strip_suffix(ENDING) {
            // What is no version is none of ours.
            self.versions.extend(version.parse::<Version>());
        } else if disk::is_draft(name) {
            self.drafts.push(directory.join(name));
        } else if name == RETIRED {
            self.retired = true;
        }
    }
}

/// The file that holds a version.
pub(super) fn file_name(version: Version) -> String {
    format!("{version}{ENDING}")
}

const ENDING: &str = ".pem";

/// The file that says since when a certificate is deleted.
pub(super) const RETIRED: &str = "deleted";
