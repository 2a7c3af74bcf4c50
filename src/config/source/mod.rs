mod listing;
mod named;
mod read;
mod stamp;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use listing::{Entry, list, list_certificates, merge};
use read::read;
use stamp::{Seen, see};

use crate::certificate::{Files, Name, Unreadable};

/// A file's bytes, or why they were not read.
pub type Content = Result<Vec<u8>, Unreadable>;

/// The configuration directory: the only place where configuration is read.
///
/// It blocks, so it belongs on a thread that may wait. It remembers what it saw, reads only what
/// changed since, and opens nothing but regular files of at most 1 MiB.
#[derive(Debug)]
pub struct Source {
    root: PathBuf,
    settings: BTreeMap<PathBuf, Seen>,
    domains: BTreeMap<PathBuf, Seen>,
    certificates: BTreeMap<Name, Seen>,
}

/// What a scan found different from the one before.
#[derive(Debug, Default)]
pub struct Changes {
    /// `lockgate.toml` and its path; an absent file counts as an empty one.
    pub settings: Option<(PathBuf, Content)>,
    /// Files of `domains/` that are new or changed.
    pub domains: BTreeMap<PathBuf, Content>,
    /// Files of `domains/` that are not there any more, until they are dropped.
    pub domains_missing: BTreeSet<PathBuf>,
    /// Certificates that are new or changed, each with all of its files.
    pub certificates: BTreeMap<Name, Files>,
    /// Certificates that are not there any more, until they are dropped.
    pub certificates_missing: BTreeSet<Name>,
    /// Certificates whose name another location holds too: that one counts, this one does not.
    pub duplicates: Vec<Duplicate>,
    /// Directories that are missing, unreadable or suddenly empty: nothing in them counts as gone.
    pub lost: Vec<Lost>,
}

/// A second location for a certificate's name.
#[derive(Debug)]
pub struct Duplicate {
    /// The name.
    pub name: Name,
    /// The location that is not used.
    pub location: PathBuf,
    /// The location that is used.
    pub taken_by: PathBuf,
}

/// A directory that cannot be listed.
#[derive(Debug)]
pub struct Lost {
    /// The directory, or `lockgate.toml`.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl Source {
    /// A source that has seen nothing yet.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            settings: BTreeMap::new(),
            domains: BTreeMap::new(),
            certificates: BTreeMap::new(),
        }
    }

    /// The configuration directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of domain files.
    pub fn domains_directory(&self) -> PathBuf {
        self.root.join("domains")
    }

    /// Reads `lockgate.toml` if it changed.
    pub fn scan_settings(&mut self, changes: &mut Changes) {
        let path = self.root.join("lockgate.toml");
        match fs::metadata(&path) {
            Ok(_) => {
                if see(&mut self.settings, &path, &self.root, vec![path.clone()]) {
                    let content = read(&path);
                    changes.settings = Some((path, content));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.settings.is_empty() => {
                changes.settings = Some((path, Ok(Vec::new())));
            }
            Err(error) => changes.lost.push(Lost { path, error }),
        }
    }

    /// Reads what changed of the domain files and of the certificates in `directories`, which are
    /// relative to the configuration directory.
    pub fn scan(&mut self, directories: &[PathBuf], changes: &mut Changes) {
        self.scan_domains(changes);
        self.scan_certificates(directories, changes);
    }

    /// Makes the next scan read a certificate again, changed or not.
    pub fn forget_certificate(&mut self, name: &Name) {
        if let Some(seen) = self.certificates.get_mut(name) {
            seen.forget();
        }
    }

    /// Makes the next scan read everything again.
    pub fn forget_all(&mut self) {
        let files = self.settings.values_mut().chain(self.domains.values_mut());
        files
            .chain(self.certificates.values_mut())
            .for_each(Seen::forget);
    }

    /// Stops telling that these are missing.
    pub fn drop_missing(&mut self, domains: &[PathBuf], certificates: &[Name]) {
        for path in domains {
            self.domains.remove(path);
        }
        for name in certificates {
            self.certificates.remove(name);
        }
    }

    fn scan_domains(&mut self, changes: &mut Changes) {
        let directory = self.domains_directory();
        let mut listing = BTreeMap::new();
        let is_config = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            !hidden && path.extension().is_some_and(|ending| ending == "toml")
        };
        match list(&directory) {
            Ok(paths) => {
                for path in paths.into_iter().filter(|path| is_config(path)) {
                    listing.insert(path.clone(), vec![path]);
                }
            }
            Err(error) => {
                changes.lost.push(Lost {
                    path: directory,
                    error,
                });
                return;
            }
        }
        if listing.is_empty() && !self.domains.is_empty() {
            changes.lost.push(Lost::empty(directory));
            return;
        }
        for (path, seen) in &mut self.domains {
            if !listing.contains_key(path) {
                seen.missing = true;
                changes.domains_missing.insert(path.clone());
            }
        }
        for (path, files) in listing {
            if see(&mut self.domains, &path, &directory, files) {
                let content = read(&path);
                changes.domains.insert(path, content);
            }
        }
    }

    fn scan_certificates(&mut self, directories: &[PathBuf], changes: &mut Changes) {
        let mut listing: BTreeMap<Name, Entry> = BTreeMap::new();
        let mut lost = Vec::new();
        for directory in directories {
            let directory = self.root.join(directory);
            match list_certificates(&directory) {
                Ok(entries) if entries.is_empty() && self.has_entries_in(&directory) => {
                    changes.lost.push(Lost::empty(directory.clone()));
                    lost.push(directory);
                }
                Ok(entries) => merge(&mut listing, entries, changes),
                Err(error) => {
                    changes.lost.push(Lost {
                        path: directory.clone(),
                        error,
                    });
                    lost.push(directory);
                }
            }
        }
        for (name, seen) in &mut self.certificates {
            if !listing.contains_key(name) && !lost.contains(&seen.directory) {
                seen.missing = true;
                changes.certificates_missing.insert(name.clone());
            }
        }
        for (name, entry) in listing {
            // Another location does not take over from one that is lost.
            let seen = self.certificates.get(&name);
            if seen.is_some_and(|seen| lost.contains(&seen.directory)) {
                continue;
            }
            let files = entry.paths();
            if see(&mut self.certificates, &name, &entry.directory, files) {
                changes.certificates.insert(name, entry.read());
            }
        }
    }

    fn has_entries_in(&self, directory: &Path) -> bool {
        let mut seen = self.certificates.values();
        seen.any(|seen| seen.directory == directory)
    }
}

impl Lost {
    fn empty(path: PathBuf) -> Self {
        let error = io::Error::other("it is suddenly empty (a lost mount?)");
        Self { path, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Directory(tempfile::TempDir);

    impl Directory {
        fn new(files: &[&str]) -> Self {
            let directory = Self(tempfile::tempdir().unwrap());
            for file in files {
                directory.write(file, "x");
            }
            directory
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, content: &str) {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    fn scan(source: &mut Source) -> Changes {
        let mut changes = Changes::default();
        source.scan(&["certificates".into()], &mut changes);
        changes
    }

    fn certificates(changes: &Changes) -> Vec<&str> {
        changes.certificates.keys().map(Name::as_str).collect()
    }

    fn missing(changes: &Changes) -> Vec<&str> {
        let missing = changes.certificates_missing.iter();
        missing.map(Name::as_str).collect()
    }

    #[test]
    fn finds_directories_and_flat_files() {
        let directory = Directory::new(&[
            "domains/a.toml",
            "domains/.b.toml.swp",
            "certificates/README",
            "certificates/one/fullchain.pem",
            "certificates/one/notes.txt",
            "certificates/two.crt",
            "certificates/two.key",
            "certificates/two.issuer.crt",
            "certificates/empty/notes.txt",
        ]);
        let mut source = Source::new(directory.0.path().into());
        let changes = scan(&mut source);
        assert_eq!(certificates(&changes), ["one", "two"]);
        assert_eq!(
            changes.domains.keys().collect::<Vec<_>>(),
            [&directory.path("domains/a.toml")]
        );
        assert!(changes.lost.is_empty() && changes.duplicates.is_empty());
    }

    #[test]
    fn what_is_gone_is_told_until_it_is_dropped_but_not_while_its_directory_is_lost() {
        let directory = Directory::new(&[
            "domains/a.toml",
            "certificates/one/tls.crt",
            "certificates/two/tls.crt",
        ]);
        let mut source = Source::new(directory.0.path().into());
        scan(&mut source);
        fs::remove_dir_all(directory.path("certificates/two")).unwrap();
        assert_eq!(missing(&scan(&mut source)), ["two"]);
        assert_eq!(missing(&scan(&mut source)), ["two"]);

        fs::remove_dir_all(directory.path("certificates/one")).unwrap();
        let changes = scan(&mut source);
        assert!(missing(&changes).is_empty());
        assert_eq!(changes.lost[0].path, directory.path("certificates"));

        fs::remove_dir_all(directory.path("certificates")).unwrap();
        let changes = scan(&mut source);
        assert!(missing(&changes).is_empty());
        assert_eq!(changes.lost[0].path, directory.path("certificates"));

        directory.write("certificates/one/tls.crt", "x");
        let changes = scan(&mut source);
        assert_eq!(certificates(&changes), ["one"]);
        assert_eq!(missing(&changes), ["two"]);
        source.drop_missing(&[], &["two".parse().unwrap()]);
        assert!(missing(&scan(&mut source)).is_empty());
    }

    #[test]
    fn an_entry_that_cannot_be_followed_is_there_and_unreadable() {
        let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
        let mut source = Source::new(directory.0.path().into());
        scan(&mut source);
        fs::rename(
            directory.path("certificates/one"),
            directory.path("elsewhere"),
        )
        .unwrap();
        std::os::unix::fs::symlink("/nowhere", directory.path("certificates/one")).unwrap();
        let changes = scan(&mut source);
        assert!(missing(&changes).is_empty());
        assert_eq!(certificates(&changes), ["one"]);
    }

    #[test]
    fn what_was_fresh_when_it_was_read_is_read_once_more() {
        let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
        let mut source = Source::new(directory.0.path().into());
        scan(&mut source);
        assert_eq!(certificates(&scan(&mut source)), ["one"]);
    }

    #[test]
    fn the_same_name_twice_is_a_duplicate() {
        let directory = Directory::new(&[
            "domains/a.toml",
            "certificates/one/tls.crt",
            "certificates/one.pem",
        ]);
        let changes = scan(&mut Source::new(directory.0.path().into()));
        assert_eq!(certificates(&changes), ["one"]);
        assert_eq!(
            changes.duplicates[0].taken_by,
            directory.path("certificates/one")
        );
    }
}
