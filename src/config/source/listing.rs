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
    pub(super) files: Vec<PathBuf>,
}

impl Entry {
    pub(super) fn read(self) -> Files {
        let mut files = Files::new(self.location);
        for path in self.files {
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                files.insert(name.to_owned(), read(&path));
            }
        }
        files
    }
}

/// The certificates in a directory, each name once or more.
pub(super) fn list_certificates(directory: &Path) -> io::Result<Vec<(Name, Entry)>> {
    let mut directories = Vec::new();
    let mut flat: BTreeMap<Name, Entry> = BTreeMap::new();
    let entry = |location: &Path| Entry {
        directory: directory.to_owned(),
        location: location.to_owned(),
        files: Vec::new(),
    };
    for path in list(directory)? {
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            let Ok(name) = file_name.parse() else {
                continue;
            };
            let mut entry = entry(&path);
            entry.files = list_pair(&path);
            if !entry.files.is_empty() {
                directories.push((name, entry));
            }
        } else if let Some(name) = certificate::name_of_file(file_name) {
            let entry = flat.entry(name).or_insert_with(|| entry(directory));
            entry.files.push(path);
        }
    }
    directories.extend(flat);
    Ok(directories)
}

/// The files of a certificate's directory; none while the directory itself is being replaced.
fn list_pair(directory: &Path) -> Vec<PathBuf> {
    let relevant = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(certificate::relevant)
    };
    let mut files = list(directory).unwrap_or_default();
    files.retain(relevant);
    files
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
    let entries = fs::read_dir(directory)?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
