use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::certificate::{self, Files, Name, Unreadable};

/// A file's bytes, or why they were not read.
pub type Content = Result<Vec<u8>, Unreadable>;

/// The configuration directory: the only place where configuration is read.
///
/// It blocks, so it belongs on a thread that may wait. It remembers what it saw, reads only what
/// changed since, and opens nothing but regular files of at most 1 MiB.
#[derive(Debug)]
pub struct Source {
    root: PathBuf,
    settings: Option<Stamp>,
    domains: BTreeMap<PathBuf, Seen>,
    certificates: BTreeMap<Name, Seen>,
}

/// What a scan found different from the one before.
#[derive(Debug, Default)]
pub struct Changes {
    /// `lockgate.toml`; an absent file counts as an empty one.
    pub settings: Option<Content>,
    /// Files of `domains/`: new or changed with their content, gone with none.
    pub domains: BTreeMap<PathBuf, Option<Content>>,
    /// Certificates: new or changed with all of their files, gone with none.
    pub certificates: BTreeMap<Name, Option<Files>>,
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

/// The most bytes of one file: far above any chain, far below what would hurt.
const MAX_FILE: u64 = 1 << 20;

impl Source {
    /// A source that has seen nothing yet.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            settings: None,
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
            Ok(metadata) => {
                let stamp = Stamp::of(&metadata);
                if self.settings.replace(stamp) != Some(stamp) || stamp.is_fresh() {
                    changes.settings = Some(read(&path));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.settings.is_none() => {
                changes.settings = Some(Ok(Vec::new()));
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
            seen.files.clear();
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
        self.domains.retain(|path, _| {
            let stays = listing.contains_key(path);
            if !stays {
                changes.domains.insert(path.clone(), None);
            }
            stays
        });
        for (path, files) in listing {
            if see(&mut self.domains, &path, &directory, files) {
                let content = read(&path);
                changes.domains.insert(path, Some(content));
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
        self.certificates.retain(|name, seen| {
            let stays = listing.contains_key(name) || lost.contains(&seen.directory);
            if !stays {
                changes.certificates.insert(name.clone(), None);
            }
            stays
        });
        for (name, entry) in listing {
            let files = entry.files.clone();
            if see(&mut self.certificates, &name, &entry.directory, files) {
                changes.certificates.insert(name, Some(entry.read()));
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

/// What was seen of a unit that is read as a whole: where it was found, and its files.
#[derive(Debug)]
struct Seen {
    directory: PathBuf,
    files: Vec<(PathBuf, Option<Stamp>)>,
}

/// Notes the present state of a unit's files; says whether it must be read.
fn see<K: Ord + Clone>(
    units: &mut BTreeMap<K, Seen>,
    key: &K,
    directory: &Path,
    files: Vec<PathBuf>,
) -> bool {
    let stamp = |path: PathBuf| {
        let stamp = fs::metadata(&path).ok().map(|meta| Stamp::of(&meta));
        (path, stamp)
    };
    let files: Vec<_> = files.into_iter().map(stamp).collect();
    let fresh = |(_, stamp): &(_, Option<Stamp>)| stamp.is_none_or(|stamp| stamp.is_fresh());
    let unsure = files.iter().any(fresh);
    let before = units.get(key);
    let changed = before.is_none_or(|seen| seen.directory != directory || seen.files != files);
    if changed {
        let directory = directory.to_owned();
        units.insert(key.clone(), Seen { directory, files });
    }
    changed || unsure
}

/// Tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file may change again without its stamp changing: file systems count time in
    /// steps, of up to two seconds.
    fn is_fresh(&self) -> bool {
        let (seconds, nanos) = self.changed;
        let since_epoch = Duration::new(
            u64::try_from(seconds).unwrap_or(0),
            u32::try_from(nanos).unwrap_or(0),
        );
        let age = SystemTime::now().duration_since(UNIX_EPOCH + since_epoch);
        age.is_ok_and(|age| age < Duration::from_secs(2))
    }
}

/// The files of one certificate, found but not read.
struct Entry {
    directory: PathBuf,
    location: PathBuf,
    files: Vec<PathBuf>,
}

impl Entry {
    fn read(self) -> Files {
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
fn list_certificates(directory: &Path) -> io::Result<Vec<(Name, Entry)>> {
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
fn merge(listing: &mut BTreeMap<Name, Entry>, entries: Vec<(Name, Entry)>, changes: &mut Changes) {
    for (name, entry) in entries {
        match listing.get(&name) {
            Some(first) => changes.duplicates.push(Duplicate {
                name,
                taken_by: first.location.clone(),
            }),
            None => {
                listing.insert(name, entry);
            }
        }
    }
}

/// The paths in a directory, sorted.
fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Content {
    // Looked at before it is opened, since opening can have effects on a device; and again after,
    // since it may have been replaced. Without O_NONBLOCK, opening a FIFO waits for a writer.
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    check(&file.metadata()?)?;
    read_bounded(file)
}

fn check(metadata: &Metadata) -> Result<(), Unreadable> {
    if !metadata.is_file() {
        return Err(Unreadable::NotAFile);
    }
    if metadata.len() > MAX_FILE {
        return Err(Unreadable::TooLarge { limit: MAX_FILE });
    }
    Ok(())
}

fn read_bounded(file: File) -> Content {
    let mut content = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err(Unreadable::TooLarge { limit: MAX_FILE });
    }
    Ok(content)
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

        fn age(&self, source: &mut Source) {
            // What was just written counts as fresh; tests ask about what was not.
            let stamps = source
                .certificates
                .values_mut()
                .chain(source.domains.values_mut());
            for seen in stamps {
                seen.files.iter_mut().for_each(|(_, stamp)| *stamp = None);
            }
        }
    }

    fn scan(source: &mut Source) -> Changes {
        let mut changes = Changes::default();
        source.scan(&["certificates".into()], &mut changes);
        changes
    }

    fn certificates(changes: &Changes) -> Vec<(&str, bool)> {
        let certificates = changes.certificates.iter();
        certificates
            .map(|(name, files)| (name.as_str(), files.is_some()))
            .collect()
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
        assert_eq!(certificates(&changes), [("one", true), ("two", true)]);
        assert_eq!(
            changes.domains.keys().collect::<Vec<_>>(),
            [&directory.path("domains/a.toml")]
        );
        assert!(changes.lost.is_empty() && changes.duplicates.is_empty());
    }

    #[test]
    fn what_is_gone_is_told_once_and_a_lost_directory_never() {
        let directory = Directory::new(&[
            "domains/a.toml",
            "certificates/one/tls.crt",
            "certificates/two/tls.crt",
        ]);
        let mut source = Source::new(directory.0.path().into());
        scan(&mut source);
        directory.age(&mut source);
        fs::remove_dir_all(directory.path("certificates/two")).unwrap();
        assert!(certificates(&scan(&mut source)).contains(&("two", false)));
        assert!(!certificates(&scan(&mut source)).contains(&("two", false)));

        fs::remove_dir_all(directory.path("certificates/one")).unwrap();
        let changes = scan(&mut source);
        assert!(changes.certificates.is_empty());
        assert_eq!(changes.lost[0].path, directory.path("certificates"));

        fs::remove_dir_all(directory.path("certificates")).unwrap();
        let changes = scan(&mut source);
        assert!(changes.certificates.is_empty());
        assert_eq!(changes.lost[0].path, directory.path("certificates"));
    }

    #[test]
    fn the_same_name_twice_is_a_duplicate() {
        let directory = Directory::new(&[
            "domains/a.toml",
            "certificates/one/tls.crt",
            "certificates/one.pem",
        ]);
        let changes = scan(&mut Source::new(directory.0.path().into()));
        assert_eq!(certificates(&changes), [("one", true)]);
        assert_eq!(
            changes.duplicates[0].taken_by,
            directory.path("certificates/one")
        );
    }

    #[test]
    fn reads_only_small_regular_files() {
        let directory = Directory::new(&["small"]);
        assert_eq!(read(&directory.path("small")).unwrap(), b"x");
        fs::create_dir(directory.path("directory")).unwrap();
        let large = File::create(directory.path("large")).unwrap();
        large.set_len(MAX_FILE + 1).unwrap();
        let code = |name| read(&directory.path(name)).unwrap_err().code();
        assert_eq!(code("directory"), "not_a_file");
        assert_eq!(code("large"), "too_large");
        assert_eq!(code("absent"), "unreadable");
    }
}
