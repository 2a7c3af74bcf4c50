use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, RawDir, openat};
use rustix::io::retry_on_intr;
use rustix::path::Arg;

/// A directory that is open: its files are found from there, not from the root each time.
///
/// The standard library lists with a buffer of 32 KiB from the heap, and looks at the directory
/// besides. For a directory of two files that takes longer than the listing.
#[derive(Debug)]
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// Opens a directory and calls `each` for what is in it, in no order: with the name, where that
    /// is text, and whether it is known to be a regular file.
    pub(super) fn list(path: &Path, mut each: impl FnMut(&str, bool)) -> io::Result<Self> {
        let directory = open(CWD, path, OFlags::DIRECTORY)?;
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut entries = RawDir::new(&directory, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str() {
                each(name, entry.file_type() == FileType::RegularFile);
            }
        }
        Ok(Self(directory))
    }

    /// Opens a file in it. Without `O_NONBLOCK`, opening a FIFO waits for a writer.
    pub(super) fn open(&self, name: &OsStr) -> io::Result<File> {
        open(&self.0, name, OFlags::NONBLOCK).map(File::from)
    }
}

fn open(directory: impl AsFd, path: impl Arg + Copy, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| openat(directory.as_fd(), path, flags, Mode::empty()));
    opened.map_err(io::Error::from)
}

/// Room for some forty names; more are read in several turns.
const BUFFER: usize = 2048;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn lists_more_than_the_buffer_holds() {
        let made = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..200).map(|number| format!("{number:0100}")).collect();
        for name in &names {
            fs::write(made.path().join(name), name).unwrap();
        }
        let mut listed = Vec::new();
        let directory = Directory::list(made.path(), |name, is_regular| {
            let dots = [".", ".."].contains(&name);
            assert_ne!(dots, is_regular);
            listed.extend((!dots).then(|| name.to_owned()));
        });
        listed.sort();
        assert_eq!(listed, names);
        let mut content = String::new();
        let mut file = directory.unwrap().open(names[7].as_ref()).unwrap();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, names[7]);
    }

    #[test]
    fn a_symlink_is_not_known_to_be_a_regular_file() {
        let made = tempfile::tempdir().unwrap();
        fs::write(made.path().join("file"), "").unwrap();
        symlink("file", made.path().join("link")).unwrap();
        let mut links = 0;
        let directory = Directory::list(made.path(), |name, is_regular| {
            links += usize::from(name == "link" && !is_regular);
        });
        assert_eq!(links, 1);
        assert!(directory.unwrap().open("link".as_ref()).is_ok());
        assert!(Directory::list(&made.path().join("file"), |_, _| {}).is_err());
    }
}
