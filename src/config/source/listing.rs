use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::read::read;
use super::{Changes, Duplicate};
use crate::certificate::{self, Files, Name};

/// The files of one certificate, found but not read.
pub(super) struct Entry {
    pub(super) directory: PathBuf,
    location: PathBuf,
    files: io::Result<Vec<PathBuf>>,
}

impl Entry {
    fn new(directory: &Path, location: &Path, files: io::Result<Vec<PathBuf>>) -> Self {
        Self {
            directory: directory.to_owned(),
            location: location.to_owned(),
            files,
        }
    }

    /// The files to look at for a change.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        match &self.files {
            Ok(files) => files.clone(),
            Err(_) => vec![self.location.clone()],
        }
    }

    pub(super) fn read(self) -> Files {
        let paths = match self.files {
            Ok(paths) => paths,
            Err(error) => return Files::unreadable(self.location, error.into()),
        };
        let mut files = Files::new(self.location);
        for path in paths {
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                files.insert(name.to_owned(), read(&path));
            }
        }
        files
    }
}

/// The certificates in a directory, each name once or more.
pub(super) fn list_certificates(directory: &Path) -> io::Result<Vec<(Name, Entry)>> {
    let mut entries = Vec::new();
    let mut flat: BTreeMap<Name, Vec<PathBuf>> = BTreeMap::new();
    for path in list(directory)? {
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        match (fs::metadata(&path), certificate::name_of_file(file_name)) {
            (Ok(metadata), _) if metadata.is_dir() => {
                let Ok(name) = file_name.parse() else {
                    continue;
                };
                match list_pair(&path) {
                    Ok(files) if files.is_empty() => {}
                    // It was removed while we looked.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    files => entries.push((name, Entry::new(directory, &path, files))),
                }
            }
            (_, Some(name)) => flat.entry(name).or_default().push(path),
            // A symlink that leads nowhere may have led to a directory: a lost mount, say.
            (Err(error), None) if path.is_symlink() => {
                if let Ok(name) = file_name.parse() {
                    entries.push((name, Entry::new(directory, &path, Err(error))));
                }
            }
            (_, None) => {}
        }
    }
    let flat = flat.into_iter();
    entries.extend(flat.map(|(name, files)| (name, Entry::new(directory, directory, Ok(files)))));
    Ok(entries)
}

/// The files of a certificate's directory.
fn list_pair(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let relevant = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(certificate::relevant)
    };
    let mut files = list(directory)?;
    files.retain(relevant);
    Ok(files)
}

/// Adds what is not there yet; names a second location for the same name.
pub(super) fn merge(
    listing: &mut BTreeMap<Name, Entry>,
    entries: Vec<(Name, Entry)>,
    changes: &mut Changes,
) {
    for (name, entry) in entries {
        match listing.get(&name) {
            Some(first) => changes.duplicates.push(Duplicate {
                name,
                location: entry.location,
                taken_by: first.location.clone(),
            }),
            None => {
                listing.insert(name, entry);
            }
        }
    }
}

/// The paths in a directory, sorted.
pub(super) fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
