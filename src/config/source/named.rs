use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::read::read;
use super::stamp::Look;
use super::{Content, Source};

/// Files that the configuration names: few and small, so they are read anew each time.
impl Source {
    /// The content of these files. Paths are relative to the configuration directory.
    pub fn read_named(&self, paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Content> {
        let paths = paths.iter();
        paths
            .map(|path| {
                (
                    path.clone(),
                    read(&self.root().join(path), false, &mut Look::new(&self.keys)),
                )
            })
            .collect()
    }

    /// The content of the files in a directory whose names end in `.key`; the directory itself, as
    /// unreadable, when it cannot be listed. Paths are relative to the configuration directory.
    pub fn read_keys(&self, directory: &Path) -> BTreeMap<PathBuf, Content> {
        match key_files(&self.root().join(directory)) {
            Ok(names) => {
                let paths = names.iter().map(|name| directory.join(name)).collect();
                self.read_named(&paths)
            }
            Err(error) => BTreeMap::from([(directory.to_owned(), Err(error.into()))]),
        }
    }
}

fn key_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = PathBuf::from(entry?.file_name());
        let hidden = name.as_os_str().as_encoded_bytes().starts_with(b".");
        if !hidden && name.extension().is_some_and(|ending| ending == "key") {
            names.push(name);
        }
    }
    Ok(names)
}
