//! How the state directory is written and read: after a crash there is what was before, or all of
//! what is new, and beside them at most a draft.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::warning::Warning;
pub(super) use crate::disk::sync_directory;
use crate::disk::{claim, inherit_owner, open_directory, random_name};

/// A file that is being written. It gets its name when it is published; dropped before, it goes.
#[derive(Debug)]
pub(super) struct Draft {
    directory: PathBuf,
    path: PathBuf,
    file: File,
    published: bool,
}

impl Draft {
    pub(super) fn write(directory: &Path, content: &[u8]) -> io::Result<Self> {
        let path = directory.join(format!(".{}{DRAFT_ENDING}", random_name()?));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut draft = Self {
            file: options.open(&path)?,
            path,
            directory: directory.to_owned(),
            published: false,
        };
        // Nobody knows of it yet, so nobody else can have claimed it for long.
        claim(&draft.file);
        inherit_owner(&draft.file, directory)?;
        draft.file.write_all(content)?;
        Ok(draft)
    }

    /// Waits until the content is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives it its name, in place of what had it. Lasts once the directory is synced.
    pub(super) fn publish(mut self, name: &str) -> io::Result<()> {
        fs::rename(&self.path, self.directory.join(name))?;
        self.published = true;
        Ok(())
    }

    /// The same, but leaves alone what has the name already, and says nothing of that.
    pub(super) fn publish_new(self, name: &str) -> io::Result<()> {
        let target = self.directory.join(name);
        match fs::hard_link(&self.path, &target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            // A file system without links: what came in between is a matter of microseconds.
            Err(_) if !target.exists() => self.publish(name),
            Err(error) => Err(error),
        }
    }

    /// What a process leaves behind that is killed.
    #[cfg(test)]
    pub(super) fn leave(mut self) {
        self.published = true;
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a whole file; returns when it would outlast a crash.
pub(super) fn write(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = Draft::write(directory, content)?;
    draft.sync()?;
    draft.publish(name)?;
    sync_directory(directory)
}

/// Reads a regular file. Its bytes may hold a private key, and are wiped when they are dropped.
pub(super) fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    read_up_to(MAX_FILE, path)
}

/// Does the same with a file of which this many bytes are not too many.
pub(super) fn read_up_to(most: u64, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut options = OpenOptions::new();
    // Opening a FIFO would wait for a writer.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > most {
        return Err(ErrorKind::FileTooLarge.into());
    }
    // One byte more, or reading to the end would make room, and leave a copy behind.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(metadata.len()).read_to_end(&mut content)?;
    Ok(content)
}

/// Makes a directory for nobody but its owner, or narrows one that others may enter. Says whether
/// it is new.
pub(super) fn private_directory(path: &Path, warnings: &mut Vec<Warning>) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let parent = path.parent().unwrap_or(path);
            inherit_owner(&open_directory(path)?, parent)?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            warnings.extend(narrow(path));
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn narrow(path: &Path) -> Option<Warning> {
    let mode = fs::metadata(path).ok()?.mode() & 0o7777;
    if mode & 0o077 == 0 {
        return None;
    }
    let path = path.to_owned();
    let narrowed = Permissions::from_mode(mode & !0o077);
    match open_directory(&path).and_then(|directory| directory.set_permissions(narrowed)) {
        Ok(()) => Some(Warning::Narrowed { path, mode }),
        Err(error) => Some(Warning::NotNarrowed { path, mode, error }),
    }
}

/// Makes the state directory. One that is there keeps its mode: it may hold more than ours.
pub(super) fn state_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path)?;
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    inherit_owner(&open_directory(path)?, &parent.join("."))?;
    sync_directory(parent)
}

/// Whether a file name is a draft's.
pub(super) fn is_draft(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(DRAFT_ENDING)
}

/// Removes the drafts in a directory whose writers were killed.
pub(super) fn remove_leftovers(directory: &Path) -> io::Result<Vec<Warning>> {
    let mut warnings = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_draft) {
            warnings.extend(remove_leftover(&entry.path()));
        }
    }
    Ok(warnings)
}

/// Removes a draft if its writer was killed.
pub(super) fn remove_leftover(path: &Path) -> Option<Warning> {
    let file = OpenOptions::new().write(true).open(path).ok()?;
    match claim(&file) {
        true => remove(path),
        false => None,
    }
}

pub(super) fn remove(path: &Path) -> Option<Warning> {
    match fs::remove_file(path) {
        Ok(()) => None,
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Warning::NotRemoved {
            path: path.to_owned(),
            error,
        }),
    }
}

const DRAFT_ENDING: &str = ".draft";

/// Two pairs, each file of at most 1 MiB, and a staple in PEM.
const MAX_FILE: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_draft_is_private_from_the_beginning_and_goes_when_it_fails() {
        let directory = tempfile::tempdir().unwrap();
        let draft = Draft::write(directory.path(), b"x").unwrap();
        assert_eq!(mode(&draft.path), 0o600);
        drop(draft);
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn who_comes_second_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        for content in [b"first", b"later"] {
            let draft = Draft::write(directory.path(), content).unwrap();
            draft.publish_new("name").unwrap();
        }
        assert_eq!(names(directory.path()), ["name"]);
        let content = read(&directory.path().join("name")).unwrap();
        assert_eq!(content.as_slice(), b"first");
    }

    #[test]
    fn only_a_leftover_of_a_killed_process_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let draft = Draft::write(directory.path(), b"x").unwrap();
        let path = draft.path.clone();
        assert!(is_draft(path.file_name().unwrap().to_str().unwrap()));
        assert!(remove_leftover(&path).is_none() && path.exists());
        draft.leave();
        assert!(remove_leftover(&path).is_none() && !path.exists());
    }

    #[test]
    fn directories_are_private_and_narrowed() {
        let directory = tempfile::tempdir().unwrap();
        let (new, wide) = (directory.path().join("new"), directory.path().join("wide"));
        let mut warnings = Vec::new();
        assert!(private_directory(&new, &mut warnings).unwrap());
        assert_eq!((mode(&new), warnings.len()), (0o700, 0));
        fs::create_dir(&wide).unwrap();
        fs::set_permissions(&wide, Permissions::from_mode(0o2755)).unwrap();
        assert!(!private_directory(&wide, &mut warnings).unwrap());
        assert_eq!(mode(&wide), 0o2700);
        assert_eq!(warnings[0].code(), "state_mode_narrowed");
    }

    #[test]
    fn a_link_is_not_narrowed() {
        let directory = tempfile::tempdir().unwrap();
        let (wide, link) = (directory.path().join("wide"), directory.path().join("link"));
        fs::create_dir(&wide).unwrap();
        fs::set_permissions(&wide, Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&wide, &link).unwrap();
        let mut warnings = Vec::new();
        private_directory(&link, &mut warnings).unwrap();
        assert_eq!(warnings[0].code(), "state_mode_wide");
        assert_eq!(mode(&wide), 0o755);
    }

    #[test]
    fn what_root_writes_belongs_to_the_owner_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        if chown(directory.path(), Some(12_345), Some(12_345)).is_err() {
            return; // Only root can set this up.
        }
        let state = directory.path().join("state");
        state_directory(&state).unwrap();
        let made = state.join("made");
        private_directory(&made, &mut Vec::new()).unwrap();
        write(&made, "file", b"x").unwrap();
        for path in [&state, &made, &made.join("file")] {
            let metadata = fs::metadata(path).unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), (12_345, 12_345));
        }
    }

    #[test]
    fn only_small_regular_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "small", b"x").unwrap();
        let path = directory.path().join("small");
        assert_eq!(read(&path).unwrap().as_slice(), b"x");
        assert_eq!(mode(&path), 0o600);
        assert!(read(directory.path()).is_err());
        let large = File::create(&path).unwrap();
        large.set_len(MAX_FILE + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }
}
