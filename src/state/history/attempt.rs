//! Recording, in steps: a crash between any two of them leaves the versions before, or all of them
//! and the new one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::listing::{Listing, RETIRED, file_name};
use super::{History, disk, existing};
use crate::certificate::Name;
use crate::disk::together;
use crate::state::disk::Draft;
use crate::state::record::Record;
use crate::state::version::Version;
use crate::state::warning::Warning;

/// What came of recording.
#[derive(Debug)]
pub struct Recorded {
    /// The version that is the newest now.
    pub version: Version,
    /// Whether it was written; else it was the newest already.
    pub is_new: bool,
    /// What went wrong beside that.
    pub warnings: Vec<Warning>,
}

impl History {
    /// Writes a version, and removes those beyond the number to keep. Nothing is written when the
    /// newest version serves the same. The certificate counts as deleted no longer.
    ///
    /// When it returns, a version that was written outlasts a crash.
    ///
    /// # Errors
    ///
    /// When the version cannot be written: the history is as before.
    pub fn record(&self, record: &Record) -> io::Result<Recorded> {
        let attempt = self.begin(record)?;
        attempt.sync()?;
        let attempt = attempt.publish()?;
        self.sync_root([&attempt])?;
        attempt.sync_directory()?;
        Ok(self.finish(attempt))
    }

    /// Writes versions of different certificates, step by step for all together: the disk has less
    /// to wait for than with one after the other.
    pub(in crate::state) fn record_all<'r>(
        &self,
        records: impl IntoIterator<Item = &'r Record>,
    ) -> Vec<io::Result<Recorded>> {
        let records = records.into_iter();
        let attempts = records.map(|record| self.begin(record)).collect();
        let attempts = synced(attempts, Attempt::sync).into_iter();
        let attempts = attempts.map(|attempt| attempt.and_then(Attempt::publish));
        let attempts: Vec<_> = attempts.collect();
        let root = self.sync_root(attempts.iter().flatten());
        let attempts = synced(attempts, |attempt| match &root {
            Err(error) if attempt.is_first => Err(error.kind().into()),
            _ => attempt.sync_directory(),
        });
        let attempts = attempts.into_iter();
        attempts
            .map(|attempt| attempt.map(|attempt| self.finish(attempt)))
            .collect()
    }

    /// Writes the draft, unless there is nothing new.
    pub(super) fn begin(&self, record: &Record) -> io::Result<Attempt> {
        let certificate = record.certificate.clone();
        let mut warnings = Vec::new();
        let directory = self.directory(&certificate);
        self.make(&directory, &mut warnings)?;
        let listing = Listing::read(&directory)?;
        let leftovers = listing.drafts.iter();
        warnings.extend(leftovers.filter_map(|draft| disk::remove_leftover(draft)));
        let newest = listing.versions.last().copied();
        let same = newest.filter(|newest| self.holds(*newest, record));
        let leaf = record.pair.fingerprint;
        Ok(Attempt {
            draft: match same {
                Some(_) => None,
                None => Some(Draft::write(&directory, &record.to_bytes())?),
            },
            version: same.unwrap_or_else(|| Version::after(newest, record.adopted, leaf)),
            is_new: same.is_none(),
            certificate,
            directory,
            is_first: listing.versions.is_empty(),
            older: listing.versions,
            was_retired: listing.retired,
            warnings,
        })
    }

    /// Makes the certificate's directory, and those above it.
    fn make(&self, directory: &Path, warnings: &mut Vec<Warning>) -> io::Result<()> {
        let root = self.root();
        let is_new = match existing(disk::private_directory(&root, warnings))? {
            Some(is_new) => is_new,
            None => {
                disk::state_directory(&self.state)?;
                disk::private_directory(&root, warnings)?
            }
        };
        if is_new {
            disk::sync_directory(&self.state)?;
        }
        disk::private_directory(directory, warnings).map(drop)
    }

    fn holds(&self, version: Version, record: &Record) -> bool {
        let known = self.load(&record.certificate, version);
        known.is_ok_and(|known| known.serves_the_same(record))
    }

    /// Brings directories of certificates to the disk: a new one, or one that a process made which
    /// was killed before it came to this.
    fn sync_root<'a>(&self, attempts: impl IntoIterator<Item = &'a Attempt>) -> io::Result<()> {
        match attempts.into_iter().any(|attempt| attempt.is_first) {
            true => disk::sync_directory(&self.root()),
            false => Ok(()),
        }
    }

    fn finish(&self, mut attempt: Attempt) -> Recorded {
        if attempt.is_new {
            self.prune(&mut attempt);
        }
        Recorded {
            version: attempt.version,
            is_new: attempt.is_new,
            warnings: attempt.warnings,
        }
    }

    fn prune(&self, attempt: &mut Attempt) {
        let surplus = (attempt.older.len() + 1).saturating_sub(self.keep);
        if surplus == 0 {
            return;
        }
        // A pin that cannot be read may be for any of them.
        let Ok(pin) = self.pins().get(&attempt.certificate) else {
            return;
        };
        let pinned = pin.map(|pin| pin.version);
        let surplus = attempt.older.iter().take(surplus);
        let surplus = surplus.filter(|version| Some(**version) != pinned);
        let paths = surplus.map(|version| attempt.directory.join(file_name(*version)));
        attempt
            .warnings
            .extend(paths.filter_map(|path| disk::remove(&path)));
    }
}

fn synced(
    attempts: Vec<io::Result<Attempt>>,
    sync: impl Fn(&Attempt) -> io::Result<()> + Sync,
) -> Vec<io::Result<Attempt>> {
    if attempts.iter().flatten().all(|attempt| !attempt.changes()) {
        return attempts;
    }
    let synced = together(&attempts, |attempt| attempt.as_ref().map_or(Ok(()), &sync));
    let attempts = attempts.into_iter().zip(synced);
    attempts
        .map(|(attempt, synced)| synced.and(attempt))
        .collect()
}

/// A version on its way into history.
#[derive(Debug)]
pub(super) struct Attempt {
    certificate: Name,
    directory: PathBuf,
    /// Whether there is no version before it.
    is_first: bool,
    older: Vec<Version>,
    was_retired: bool,
    version: Version,
    is_new: bool,
    pub(super) draft: Option<Draft>,
    warnings: Vec<Warning>,
}

impl Attempt {
    pub(super) fn sync(&self) -> io::Result<()> {
        self.draft.as_ref().map_or(Ok(()), Draft::sync)
    }

    /// From here on readers find the version.
    pub(super) fn publish(mut self) -> io::Result<Self> {
        if self.was_retired {
            // First: its files are there again, even if the version does not come this far.
            existing(fs::remove_file(self.directory.join(RETIRED)))?;
        }
        if let Some(draft) = self.draft.take() {
            draft.publish(&file_name(self.version))?;
        }
        Ok(self)
    }

    pub(super) fn sync_directory(&self) -> io::Result<()> {
        match self.changes() {
            true => disk::sync_directory(&self.directory),
            false => Ok(()),
        }
    }

    fn changes(&self) -> bool {
        self.is_new || self.was_retired
    }
}
