//! Earlier versions of certificates: for a rollback, and for a restart while the files are bad.

mod attempt;
mod error;
mod listing;
mod retire;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::disk;
use super::pins::Pins;
use super::record::Record;
use super::version::Version;
use crate::certificate::Name;
pub use attempt::Recorded;
pub use error::{HistoryError, Skipped};
use listing::{Listing, file_name};
pub use retire::Swept;

/// The versions of all certificates, in `history/` of the state directory.
///
/// Only the one who records changes anything; reading is safe beside it, from any process.
#[derive(Clone, Debug)]
pub struct History {
    state: PathBuf,
    keep: usize,
}

impl History {
    /// How many versions of a certificate are kept by default.
    pub const KEEP: usize = 5;

    /// The history in a state directory, which need not be there yet. Of each certificate the
    /// newest `keep` versions are kept, at least one, and one more that is pinned.
    pub fn new(state_directory: PathBuf, keep: usize) -> Self {
        Self {
            state: state_directory,
            keep: keep.max(1),
        }
    }

    /// Makes the state directory, where there is none yet.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn make_state_directory(&self) -> io::Result<()> {
        disk::state_directory(&self.state)
    }

    /// All certificates of which there is something in history, retired ones too.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read; one that is not there is empty.
    pub fn names(&self) -> io::Result<Vec<Name>> {
        let mut names = Vec::new();
        for entry in existing(fs::read_dir(self.root()))?.into_iter().flatten() {
            let entry = entry?;
            let name = entry.file_name();
            // Leftovers begin with a dot, which no name does.
            let name = name.to_str().and_then(|name| name.parse::<Name>().ok());
            names.extend(name.filter(|_| entry.path().is_dir()));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The versions of a certificate, the newest first. Only file names are read: some may turn
    /// out to be torn.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read; one that is not there is empty.
    pub fn versions(&self, certificate: &Name) -> io::Result<Vec<Version>> {
        let listing = existing(Listing::read(&self.directory(certificate)))?;
        let mut versions = listing.unwrap_or_default().versions;
        versions.reverse();
        Ok(versions)
    }

    /// Reads a version.
    ///
    /// # Errors
    ///
    /// When there is none, or it is not whole.
    pub fn load(&self, certificate: &Name, version: Version) -> Result<Record, HistoryError> {
        let path = self.directory(certificate).join(file_name(version));
        let record = Record::parse(&disk::read(&path)?)?;
        let is_it = record.certificate == *certificate;
        if is_it && version.is_of(&record.pair.fingerprint) {
            Ok(record)
        } else {
            Err(HistoryError::Misplaced)
        }
    }

    /// Reads the newest version that is whole; `skipped` is told of each that is not. Whether the
    /// certificate [was deleted](Self::is_retired) is another question.
    pub fn newest_sound(
        &self,
        certificate: &Name,
        skipped: &mut dyn FnMut(&Skipped),
    ) -> Option<(Version, Record)> {
        let mut skip = |version, error| {
            skipped(&Skipped {
                certificate: certificate.clone(),
                version,
                error,
            });
        };
        let versions = self.versions(certificate);
        let versions = versions.unwrap_or_else(|error| {
            skip(None, error.into());
            Vec::new()
        });
        versions.into_iter().find_map(|version| {
            let record = self.load(certificate, version);
            let record = record.map_err(|error| skip(Some(version), error));
            Some((version, record.ok()?))
        })
    }

    fn pins(&self) -> Pins {
        Pins::new(self.state.clone())
    }

    fn root(&self) -> PathBuf {
        self.state.join("history")
    }

    fn directory(&self, certificate: &Name) -> PathBuf {
        self.root().join(Path::new(certificate.as_str()))
    }
}

/// What is not there is none.
fn existing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
