use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use super::read::{read, read_failed};
use super::stamp::Look;
use super::watch::About;
use super::{Content, Source};

/// Files that the configuration names: few and small, so they are read anew each time.
impl Source {
    /// The content of these files. Paths are relative to the configuration directory.
    pub fn read_named(&self, paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Content> {
        let contents = paths.iter().map(|path| (path.clone(), self.named(path)));
        let contents: BTreeMap<_, _> = contents.collect();
        if contents.values().any(read_failed) {
            self.try_again(Instant::now());
        }
        contents
    }

    fn named(&self, path: &Path) -> Content {
        let path = self.root().join(path);
        self.watches.entry(&path, &About::Named);
        read(&path, false, &mut Look::new(&self.keys))
    }

    /// The content of the files in a directory whose names end in `.key`; the directory itself, as
    /// unreadable, when it cannot be listed. Paths are relative to the configuration directory.
    pub fn read_keys(&self, directory: &Path) -> BTreeMap<PathBuf, Content> {
        let path = self.root().join(directory);
        self.watch_for_others(&path);
        match key_files(&path) {
            Ok(names) => {
                let paths = names.iter().map(|name| directory.join(name)).collect();
                self.read_named(&paths)
            }
            Err(error) => {
                self.try_again(Instant::now());
                BTreeMap::from([(directory.to_owned(), Err(error.into()))])
            }
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
