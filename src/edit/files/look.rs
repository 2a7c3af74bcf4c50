use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::fault::WriteFault;
use super::seen::Seen;

/// The file at a path, if there is one.
pub(super) fn file(path: &Path) -> Result<Option<Metadata>, WriteFault> {
    match entry(path)? {
        Some(metadata) if !metadata.is_file() => {
            let error = io::Error::other("it is not a regular file");
            Err(WriteFault::io(path, error))
        }
        found => Ok(found),
    }
}

/// The directory at a path, if there is one.
pub(super) fn directory(path: &Path) -> Result<Option<(Metadata, Seen)>, WriteFault> {
    let Some(metadata) = entry(path)? else {
        return Ok(None);
    };
    let seen = Seen::of(path).map_err(|error| WriteFault::io(path, error))?;
    match seen.managed(path) {
        Some(link) => Err(WriteFault::ManagedElsewhere(link)),
        None => Ok(Some((metadata, seen))),
    }
}

fn entry(path: &Path) -> Result<Option<Metadata>, WriteFault> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(WriteFault::ManagedElsewhere(path.to_owned())),
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WriteFault::io(path, error)),
    }
}
