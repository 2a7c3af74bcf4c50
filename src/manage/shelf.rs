use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::certificate::{Files, Name, Pairs, Refusal};
use crate::edit::files::WriteFault;
use crate::reload::record_files;
use crate::state::{History, HistoryError, Pin, Pins, Version, Warning};

/// The versions of certificates that are kept, and those of them that are served in place of files.
#[derive(Clone, Debug)]
pub struct Shelf {
    history: History,
    pins: Pins,
    provider: Arc<CryptoProvider>,
}

/// A version that is kept.
#[derive(Debug)]
pub struct Kept {
    /// Which one.
    pub version: Version,
    /// What it holds, or why it cannot be served.
    pub pairs: Result<Pairs, Unusable>,
    /// Whether it is to be served in place of the files.
    pub is_pinned: bool,
}

/// Why a version that is kept cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Its record.
    #[error(transparent)]
    Record(#[from] HistoryError),
    /// What the record holds.
    #[error("cannot be used: {0}")]
    Certificate(Refusal),
}

/// Why nothing comes of history.
#[derive(Debug, thiserror::Error)]
pub enum ShelfFault {
    /// There is none.
    #[error("history is switched off: state.history = 0 in lockgate.toml")]
    Off,
    /// Nothing before the version in use is sound.
    #[error("history has no earlier version of \"{0}\"")]
    NoEarlier(Name),
    /// There is no such version.
    #[error("history has no version {1} of \"{0}\"")]
    NoVersion(Name, Version),
    /// The version cannot be served.
    #[error("{0} {1}")]
    Unusable(Version, #[source] Unusable),
    /// The system does not let it be read.
    #[error("history cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl Shelf {
    /// The history in a state directory, which need not be there yet.
    ///
    /// # Errors
    ///
    /// When it keeps nothing.
    pub fn open(
        state: &Path,
        keep: usize,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, ShelfFault> {
        if keep == 0 {
            return Err(ShelfFault::Off);
        }
        Ok(Self {
            history: History::new(state.to_owned(), keep),
            pins: Pins::new(state.to_owned()),
            provider,
        })
    }

    /// The versions of a certificate, the newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be listed.
    pub fn list(&self, name: &Name) -> Result<Vec<Kept>, ShelfFault> {
        let pinned = self.pinned(name).map(|pin| pin.version);
        let versions = self.history.versions(name)?.into_iter();
        let kept = versions.map(|version| Kept {
            version,
            pairs: self.load(name, version),
            is_pinned: pinned == Some(version),
        });
        Ok(kept.collect())
    }

    /// Whether the certificate was deleted.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn is_deleted(&self, name: &Name) -> Result<bool, ShelfFault> {
        Ok(self.history.is_retired(name)?)
    }

    /// The version to go back to: the one that is asked for, or the one before that in use.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be served.
    pub fn choose(
        &self,
        name: &Name,
        files: &Files,
        version: Option<Version>,
    ) -> Result<(Version, Pairs), ShelfFault> {
        let Some(version) = version else {
            return self.version_before(name, files);
        };
        if !self.history.versions(name)?.contains(&version) {
            return Err(ShelfFault::NoVersion(name.clone(), version));
        }
        let pairs = self.load(name, version);
        let pairs = pairs.map_err(|error| ShelfFault::Unusable(version, error))?;
        Ok((version, pairs))
    }

    /// The newest version that is sound and neither the files' nor the one rolled back to.
    fn version_before(&self, name: &Name, files: &Files) -> Result<(Version, Pairs), ShelfFault> {
        let pin = self.pinned(name);
        let present = self.parse(files).ok().map(|pairs| pairs.fingerprint());
        let versions = self.history.versions(name)?.into_iter();
        let mut earlier = versions.filter(|version| match pin {
            Some(pin) => *version < pin.version,
            None => present.is_none_or(|leaf| !version.is_of(&leaf)),
        });
        let found = earlier.find_map(|version| Some((version, self.load(name, version).ok()?)));
        found.ok_or_else(|| ShelfFault::NoEarlier(name.clone()))
    }

    /// The rollback of a certificate, if there is one that can be read.
    pub fn pinned(&self, name: &Name) -> Option<Pin> {
        self.pins.get(name).unwrap_or_default()
    }

    /// Has a version served in place of files, for as long as those are the same.
    ///
    /// # Errors
    ///
    /// When that cannot be written, or the version is gone: then nothing has changed.
    pub fn pin(&self, name: &Name, pin: &Pin) -> Result<Vec<Warning>, WriteFault> {
        let directory = self.pins.directory();
        let warnings = self.pins.set(name, pin);
        let warnings = warnings.map_err(|error| WriteFault::io(&directory, error))?;
        // It may have been cleared away before it was pinned.
        if self.history.load(name, pin.version).is_err() {
            self.release(name)?;
            return Err(WriteFault::ChangedMeanwhile(self.record_of(name)));
        }
        Ok(warnings)
    }

    /// Has the files served again; says whether something else was.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    pub fn release(&self, name: &Name) -> Result<bool, WriteFault> {
        let released = self.pins.release(name);
        released.map_err(|error| WriteFault::io(&self.pins.directory(), error))
    }

    /// What files hold.
    ///
    /// # Errors
    ///
    /// When that is no certificate.
    pub fn parse(&self, files: &Files) -> Result<Pairs, Refusal> {
        Ok(Pairs::parse(files, &self.provider)?.pairs)
    }

    fn load(&self, name: &Name, version: Version) -> Result<Pairs, Unusable> {
        let record = self.history.load(name, version)?;
        let pairs = self.parse(&record_files(&record));
        pairs.map_err(Unusable::Certificate)
    }

    fn record_of(&self, name: &Name) -> PathBuf {
        self.pins
            .directory()
            .with_file_name("history")
            .join(name.as_str())
    }
}

impl Unusable {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Record(error) => error.code(),
            Self::Certificate(refusal) => refusal.code(),
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Record(error) => error.hint(),
            Self::Certificate(refusal) => refusal.hint(),
        }
    }
}

impl ShelfFault {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Off => "history_off",
            Self::NoEarlier(_) | Self::NoVersion(..) => "no_version",
            Self::Unusable(..) => "version_unusable",
            Self::Unreadable(_) => "history_unreadable",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Off => "set it to the number of versions to keep, and start anew",
            Self::NoEarlier(_) => "put other files in place",
            Self::NoVersion(..) => "list the versions, and choose one of them",
            Self::Unusable(_, error) => error.hint(),
            Self::Unreadable(_) => "give the state directory to the user of this process",
        }
    }
}
