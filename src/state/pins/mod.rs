//! Rollback pins: which version is served in place of a certificate's present files.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::str::FromStr;

use super::digest::FilesDigest;
use super::disk;
use super::version::Version;
use super::warning::Warning;
use crate::certificate::{Files, Name, Timestamp};

/// The pins in `rollback/` of the state directory, one file for each certificate that has one.
#[derive(Clone, Debug)]
pub struct Pins {
    state: PathBuf,
}

/// Serve a version of history as long as the certificate's files stay as they are: new files count
/// for more than a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The version to serve.
    pub version: Version,
    /// The files that it is served in place of.
    pub files: FilesDigest,
    /// When it was set.
    pub since: Timestamp,
}

impl Pins {
    /// The pins in a state directory, which need not be there yet.
    pub fn new(state_directory: PathBuf) -> Self {
        Self {
            state: state_directory,
        }
    }

    /// Reads all pins, and tells of those that cannot be read. A directory that is not there holds
    /// none.
    pub fn read(&self) -> (BTreeMap<Name, Pin>, Vec<PinProblem>) {
        let (mut pins, mut problems) = (BTreeMap::new(), Vec::new());
        let names = self.names().unwrap_or_else(|error| {
            problems.push(PinProblem {
                path: self.directory(),
                error: error.into(),
            });
            Vec::new()
        });
        for name in names {
            match self.get(&name) {
                Ok(pin) => pins.extend(pin.map(|pin| (name, pin))),
                Err(error) => problems.push(PinProblem {
                    path: self.path(&name),
                    error,
                }),
            }
        }
        (pins, problems)
    }

    /// Reads a certificate's pin; none when it has none.
    ///
    /// # Errors
    ///
    /// When its file cannot be read, or holds something else.
    pub fn get(&self, certificate: &Name) -> Result<Option<Pin>, PinError> {
        match disk::read(&self.path(certificate)) {
            Ok(content) => Pin::parse(&content).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets a certificate's pin in place of one that it may have.
    ///
    /// # Errors
    ///
    /// When it cannot be written: the one before stays. A name of more than 250 bytes leaves no
    /// room for the ending of the file.
    pub fn set(&self, certificate: &Name, pin: &Pin) -> io::Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        let directory = self.directory();
        disk::state_directory(&self.state)?;
        if disk::private_directory(&directory, &mut warnings)? {
            disk::sync_directory(&self.state)?;
        }
        warnings.extend(disk::remove_leftovers(&directory)?);
        disk::write(
            &directory,
            &file_name(certificate),
            pin.to_string().as_bytes(),
        )?;
        Ok(warnings)
    }

    /// Removes a certificate's pin; says whether there was one.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn release(&self, certificate: &Name) -> io::Result<bool> {
        match fs::remove_file(self.path(certificate)) {
            Ok(()) => disk::sync_directory(&self.directory()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<Name>> {
        let entries = match fs::read_dir(self.directory()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(ENDING));
            names.extend(name.and_then(|name| name.parse::<Name>().ok()));
        }
        Ok(names)
    }

    fn path(&self, certificate: &Name) -> PathBuf {
        self.directory().join(file_name(certificate))
    }

    /// The directory of the pins.
    pub fn directory(&self) -> PathBuf {
        self.state.join("rollback")
    }
}

fn file_name(certificate: &Name) -> String {
    format!("{certificate}{ENDING}")
}

impl Pin {
    /// Serves a version in place of these files from now on.
    pub fn in_place_of(files: &Files, version: Version, now: Timestamp) -> Self {
        Self {
            version,
            files: FilesDigest::of(files.readable()),
            since: now,
        }
    }

    /// Reads what `Display` writes.
    ///
    /// # Errors
    ///
    /// When it is no pin, or says more than one.
    pub fn parse(content: &[u8]) -> Result<Self, PinError> {
        let text = str::from_utf8(content).map_err(|_| PinError::Encoding)?;
        let mut table: toml::Table = text
            .parse()
            .map_err(|error| PinError::Syntax(Box::new(error)))?;
        let pin = Self {
            version: take(&mut table, VERSION)?,
            files: take(&mut table, FILES)?,
            since: take(&mut table, SINCE)?,
        };
        // A misspelt key, or one that a newer lockgate knows: then the pin may mean something else.
        match table.into_iter().next() {
            Some((key, _)) => Err(PinError::UnknownKey(key)),
            None => Ok(pin),
        }
    }
}

fn take<T: FromStr>(table: &mut toml::Table, key: &'static str) -> Result<T, PinError> {
    let value = table.remove(key).ok_or(PinError::MissingKey(key))?;
    let value = value.as_str().and_then(|text| text.parse().ok());
    value.ok_or(PinError::InvalidValue(key))
}

/// As it stands in its file.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Served in place of the certificate's files, for as long as those are the same."
        )?;
        writeln!(f, "{VERSION} = \"{}\"", self.version)?;
        writeln!(f, "{FILES} = \"{}\"", self.files)?;
        writeln!(f, "{SINCE} = \"{}\"", self.since)
    }
}

/// A pin that cannot be read, and where it is.
#[derive(Debug)]
pub struct PinProblem {
    /// Its file; the directory when not even that can be listed.
    pub path: PathBuf,
    /// Why.
    pub error: PinError,
}

impl fmt::Display for PinProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, error) = (self.path.display(), &self.error);
        write!(f, "{path}: {error}; {}", error.hint())
    }
}

/// Why a pin cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is no UTF-8 text.
    #[error("not UTF-8 text")]
    Encoding,
    /// The file is no TOML.
    #[error("not valid TOML: {}", .0.message())]
    Syntax(#[source] Box<toml::de::Error>),
    /// A key without which a pin says nothing.
    #[error("`{0}` is missing")]
    MissingKey(&'static str),
    /// A value that cannot stand there.
    #[error("`{0}` has a value that is none")]
    InvalidValue(&'static str),
    /// A key that means nothing here.
    #[error("unknown key `{}`", .0.escape_debug())]
    UnknownKey(String),
}

impl PinError {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "pin_unreadable",
            _ => "pin_invalid",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "give the state directory and all in it to the user of this process",
            _ => "roll the certificate back again, or remove the file",
        }
    }
}

const ENDING: &str = ".toml";
const VERSION: &str = "version";
const FILES: &str = "files";
const SINCE: &str = "since";

#[cfg(test)]
mod tests;
