use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::directory::Directory;
use super::read::{read, read_in};
use super::stamp::Look;
use super::watch::{About, Watches};
use crate::certificate::{self, FLAT_ENDINGS, Files, Name};

/// A place where files of a certificate's name are.
#[derive(Clone, Debug)]
pub(super) struct Location {
    pub(super) directory: Arc<Path>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A directory of its own.
    Own,
    /// Files in a directory that it shares: their endings.
    Shared(Vec<&'static str>),
    /// A symlink that leads nowhere. It may have led to a directory: a lost mount, say.
    Broken,
}

/// Locations by name, the one that counts first.
pub(super) type Locations = BTreeMap<Name, Vec<Location>>;

/// Adds all locations in a certificate directory.
pub(super) fn list_all(directory: &Arc<Path>, locations: &mut Locations) -> io::Result<()> {
    let mut shared: BTreeMap<Name, Vec<&'static str>> = BTreeMap::new();
    let mut own = Vec::new();
    for entry in fs::read_dir(directory)? {
        match Listed::of(&entry?) {
            Some(Listed::Directory(name, kind)) => own.push((name, kind)),
            Some(Listed::File(name, ending)) => shared.entry(name).or_default().push(ending),
            None => {}
        }
    }
    if locations.is_empty() {
        // A map that is made at once costs a third of one that is filled in no order.
        let own = own.drain(..).map(|(name, kind)| {
            let directory = Arc::clone(directory);
            (name, vec![Location { directory, kind }])
        });
        *locations = own.collect();
    }
    for (name, kind) in own {
        add(locations, name, directory, kind);
    }
    for (name, mut endings) in shared {
        endings.sort_unstable();
        add(locations, name, directory, Kind::Shared(endings));
    }
    Ok(())
}

/// Adds the locations of one name in a certificate directory.
pub(super) fn list_one(directory: &Arc<Path>, name: &Name, locations: &mut Locations) {
    let path = directory.join(name.as_str());
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => add(locations, name.clone(), directory, Kind::Own),
        Err(_) if is_broken(&path, name.as_str()) => {
            add(locations, name.clone(), directory, Kind::Broken);
        }
        _ => {}
    }
    let is_there = |ending: &&str| {
        let path = directory.join(format!("{name}.{ending}"));
        // A directory of this name is another certificate's own.
        fs::symlink_metadata(&path).is_ok() && !path.is_dir()
    };
    let endings: Vec<_> = FLAT_ENDINGS.into_iter().filter(is_there).collect();
    if !endings.is_empty() {
        add(locations, name.clone(), directory, Kind::Shared(endings));
    }
}

fn add(locations: &mut Locations, name: Name, directory: &Arc<Path>, kind: Kind) {
    let directory = Arc::clone(directory);
    let of_name = locations.entry(name).or_default();
    of_name.push(Location { directory, kind });
    // Within a directory, its own directory counts before files, in whatever order they are found.
    let last = of_name.len() - 1;
    if last > 0
        && of_name[last - 1].directory == of_name[last].directory
        && matches!(of_name[last].kind, Kind::Own)
    {
        of_name.swap(last - 1, last);
    }
}

/// An entry of a certificate directory that belongs to a certificate.
enum Listed {
    /// Its own directory.
    Directory(Name, Kind),
    /// One of its files, by the ending.
    File(Name, &'static str),
}

impl Listed {
    fn of(entry: &fs::DirEntry) -> Option<Self> {
        let file_name = entry.file_name();
        let file_name = file_name.to_str()?;
        match kind_of(entry) {
            // An empty file system has it: a directory with nothing else in it is empty.
            Some(_) if file_name == "lost+found" => None,
            Some(kind) => Some(Self::Directory(file_name.parse().ok()?, kind)),
            None => {
                let (name, ending) = certificate::name_of_file(file_name)?;
                Some(Self::File(name, ending))
            }
        }
    }
}

/// What an entry is, unless it is a file.
fn kind_of(entry: &fs::DirEntry) -> Option<Kind> {
    let kind = entry.file_type().ok()?;
    if kind.is_dir() {
        return Some(Kind::Own);
    }
    if !kind.is_symlink() {
        return None;
    }
    let path = entry.path();
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Some(Kind::Own),
        Err(_) if is_broken(&path, entry.file_name().to_str()?) => Some(Kind::Broken),
        _ => None,
    }
}

/// Whether a symlink leads nowhere and has no name of a flat file.
fn is_broken(path: &Path, file_name: &str) -> bool {
    path.is_symlink() && certificate::name_of_file(file_name).is_none()
}

/// Whether a certificate directory holds nothing that could be a certificate, or cannot be listed.
pub(super) fn looks_lost(directory: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(directory) else {
        return true;
    };
    !entries.any(|entry| entry.is_ok_and(|entry| Listed::of(&entry).is_some()))
}

/// The files of one certificate, found but not read.
pub(super) struct Entry {
    pub(super) directory: Arc<Path>,
    pub(super) location: PathBuf,
    files: io::Result<Vec<File>>,
    /// Its own directory, from which its files are opened.
    own: Option<Directory>,
}

/// A file that was found, and whether it is known to be a regular one.
struct File {
    path: PathBuf,
    is_regular: bool,
}

impl Entry {
    /// The files at a location, if there are any. They are watched from then on.
    pub(super) fn find(name: &Name, location: Location, watches: &Watches) -> Option<Self> {
        let Location { directory, kind } = location;
        let own = directory.join(name.as_str());
        let about = About::Certificate(name.clone());
        let mut open = None;
        let (location, files) = match kind {
            Kind::Own => match list_own(&own, watches, &about) {
                // It was removed while we looked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
                listed => {
                    let files = listed.map(|(directory, files)| {
                        open = Some(directory);
                        files
                    });
                    (own, files)
                }
            },
            Kind::Shared(endings) => {
                let files = endings.into_iter();
                let files = files.map(|ending| File {
                    path: directory.join(format!("{name}.{ending}")),
                    is_regular: false,
                });
                let files: Vec<_> = files.collect();
                files
                    .iter()
                    .for_each(|file| watches.link(&file.path, &about));
                (directory.to_path_buf(), Ok(files))
            }
            Kind::Broken => {
                watches.link(&own, &about);
                let error = io::Error::from(io::ErrorKind::NotFound);
                (own, Err(error))
            }
        };
        if let Ok(files) = &files
            && !files.iter().any(|file| is_essential(&file.path))
        {
            return None;
        }
        Some(Self {
            directory,
            location,
            files,
            own: open,
        })
    }

    /// The paths to look at for a change.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let (files, location) = match &self.files {
            Ok(files) => (&files[..], None),
            Err(_) => (&[][..], Some(&*self.location)),
        };
        files.iter().map(|file| &*file.path).chain(location)
    }

    /// Reads the files, and notes what is seen of them on the way.
    pub(super) fn read(self, look: &mut Look) -> Files {
        let found = match self.files {
            Ok(found) => found,
            Err(error) => {
                look.at(&self.location);
                return Files::unreadable(self.location, error.into());
            }
        };
        let mut files = Files::new(self.location);
        for file in found {
            if let Some(name) = file.path.file_name().and_then(|name| name.to_str()) {
                let content = match &self.own {
                    Some(own) => read_in(own, &file.path, file.is_regular, look),
                    None => read(&file.path, file.is_regular, look),
                };
                files.insert(name.to_owned(), content);
            }
        }
        files
    }
}

/// The files of a certificate's own directory, sorted, and the directory. They are watched from
/// then on.
fn list_own(path: &Path, watches: &Watches, about: &About) -> io::Result<(Directory, Vec<File>)> {
    watches.link(path, about);
    watches.directory(path, about);
    let mut files = Vec::new();
    let directory = Directory::list(path, |name, is_regular| {
        if certificate::is_relevant(name) {
            let path = path.join(name);
            if !is_regular {
                watches.link(&path, about);
            }
            files.push(File { path, is_regular });
        }
    })?;
    files.sort_unstable_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
    Ok((directory, files))
}

fn is_essential(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(certificate::is_essential)
}

/// The `*.toml` files of a directory that are not hidden, sorted.
pub(super) fn list_toml(directory: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_toml(&path) {
            paths.insert(path);
        }
    }
    Ok(paths)
}

/// Whether a path is a file of domains by its name. Editors keep hidden files beside theirs.
pub(super) fn is_toml(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let hidden = name.as_encoded_bytes().starts_with(b".");
    !hidden && path.extension().is_some_and(|ending| ending == "toml")
}
