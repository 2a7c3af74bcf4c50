use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Content;
use super::directory::Directory;
use super::stamp::Look;
use crate::certificate::Unreadable;

/// Reads a file. What is not known to be a regular one is looked at before it is opened, since
/// opening can have effects on a device.
pub(super) fn read(path: &Path, is_regular: bool, look: &mut Look) -> Content {
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(libc::O_NONBLOCK);
    read_opened(path, is_regular, look, || options.open(path))
}

/// Does the same with a file of a directory that is open; `path` is the whole one.
pub(super) fn read_in(
    directory: &Directory,
    path: &Path,
    is_regular: bool,
    look: &mut Look,
) -> Content {
    let name = path.file_name().unwrap_or_default();
    read_opened(path, is_regular, look, || directory.open(name))
}

fn read_opened(
    path: &Path,
    is_regular: bool,
    look: &mut Look,
    open: impl FnOnce() -> io::Result<File>,
) -> Content {
    match checked(path, is_regular, open) {
        Ok((file, metadata)) => {
            look.saw(path, &metadata);
            read_bounded(file, &metadata)
        }
        Err(unreadable) => {
            look.at(path);
            Err(unreadable)
        }
    }
}

fn checked(
    path: &Path,
    is_regular: bool,
    open: impl FnOnce() -> io::Result<File>,
) -> Result<(File, Metadata), Unreadable> {
    if !is_regular {
        check(&fs::metadata(path)?)?;
    }
    let file = open()?;
    // It may have been replaced since it was found.
    let metadata = file.metadata()?;
    check(&metadata)?;
    Ok((file, metadata))
}

/// Whether the system refused to read a file, which may pass by itself.
pub(super) fn read_failed(content: &Content) -> bool {
    content.as_ref().is_err_and(Unreadable::may_pass)
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

fn read_bounded(mut file: File, metadata: &Metadata) -> Content {
    // A file of the length that it said is read at one go.
    let length = usize::try_from(metadata.len()).unwrap_or(0);
    let mut content = vec![0; length];
    let count = file.read(&mut content)?;
    let is_whole = count == length;
    content.truncate(count);
    if !is_whole {
        file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    }
    if content.len() as u64 > MAX_FILE {
        return Err(Unreadable::TooLarge { limit: MAX_FILE });
    }
    Ok(content)
}

/// The most bytes of one file: far above any chain, far below what would hurt.
const MAX_FILE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn reads_only_small_regular_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let keys = RandomState::new();
        let read = |path: &Path| read(path, false, &mut Look::new(&keys));
        fs::write(path("small"), "x").unwrap();
        assert_eq!(read(&path("small")).unwrap(), b"x");
        fs::create_dir(path("directory")).unwrap();
        let large = File::create(path("large")).unwrap();
        large.set_len(MAX_FILE + 1).unwrap();
        let code = |name| read(&path(name)).unwrap_err().code();
        assert_eq!(code("directory"), "not_a_file");
        assert_eq!(code("large"), "too_large");
        assert_eq!(code("absent"), "unreadable");
    }
}
