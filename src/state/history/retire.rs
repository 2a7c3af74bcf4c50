//! Deleted means deleted: history does not bring a certificate back whose files an operator removed.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::listing::{Listing, RETIRED};
use super::{History, disk, existing};
use crate::certificate::{Name, Timestamp};
use crate::state::warning::Warning;

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Certificates of which nothing is left in history.
    pub removed: Vec<Name>,
    /// What went wrong.
    pub warnings: Vec<Warning>,
}

impl History {
    /// How long the versions of a deleted certificate are kept: 90 days.
    pub const RETIRED_FOR: Duration = Duration::from_secs(90 * 86_400);

    /// Notes that the operator deleted a certificate. Says whether history knows it at all: what
    /// it does not know, it cannot bring back.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    pub fn retire(&self, certificate: &Name, now: Timestamp) -> io::Result<bool> {
        let directory = self.directory(certificate);
        let known = directory.try_exists()?;
        if known && !self.is_retired(certificate)? {
            disk::write(&directory, RETIRED, format!("{now}\n").as_bytes())?;
        }
        Ok(known)
    }

    /// Whether the operator deleted the certificate and did not put it back.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn is_retired(&self, certificate: &Name) -> io::Result<bool> {
        self.directory(certificate).join(RETIRED).try_exists()
    }

    /// Removes all of certificates that were deleted more than 90 days before `now`, and drafts of
    /// processes that were killed.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read; one that is not there is empty.
    pub fn sweep(&self, now: Timestamp) -> io::Result<Swept> {
        let mut swept = Swept::default();
        // What an earlier sweep left when it was interrupted.
        self.bury(&mut swept);
        for name in self.names()? {
            if let Err(error) = self.sweep_one(name, now, &mut swept) {
                swept.warnings.push(Warning::NotSwept(error));
            }
        }
        Ok(swept)
    }

    fn sweep_one(&self, name: Name, now: Timestamp, swept: &mut Swept) -> io::Result<()> {
        let directory = self.directory(&name);
        let listing = Listing::read(&directory)?;
        let drafts = listing.drafts.iter();
        let warnings = drafts.filter_map(|draft| disk::remove_leftover(draft));
        swept.warnings.extend(warnings);
        if !listing.retired || now < end(&directory)? {
            return Ok(());
        }
        // Under another name first: removing file by file could leave versions without the mark.
        fs::rename(&directory, self.root().join(BURIED))?;
        self.bury(swept);
        swept.removed.push(name);
        Ok(())
    }

    fn bury(&self, swept: &mut Swept) {
        let path = self.root().join(BURIED);
        if let Err(error) = existing(fs::remove_dir_all(&path)) {
            swept.warnings.push(Warning::NotRemoved { path, error });
        }
    }
}

/// When the versions of a retired certificate are to go.
fn end(directory: &Path) -> io::Result<Timestamp> {
    let path = directory.join(RETIRED);
    let content = disk::read(&path)?;
    let since = str::from_utf8(&content).ok();
    let since = since.and_then(|since| since.trim_end().parse().ok());
    let since: Timestamp = match since {
        Some(since) => since,
        // Somebody else wrote it: then it counts from when.
        None => fs::metadata(&path)?.modified()?.into(),
    };
    let period = History::RETIRED_FOR.as_secs().cast_signed();
    Ok(Timestamp(since.0.saturating_add(period)))
}

/// No certificate's name begins with a dot.
const BURIED: &str = ".buried";
