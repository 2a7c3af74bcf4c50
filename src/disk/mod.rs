//! What those have in common that write what has to last a crash: drafts that no other process
//! takes for leftovers, and names that are on the disk.

mod together;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use aws_lc_rs::rand;

pub use together::together;

/// Marks a draft, or a directory of drafts, as one that is being worked at, for as long as it is
/// open here: others do not take it for a leftover. Says no if somebody else is at it; then it is
/// none of ours, and no leftover either.
///
/// Where the file system has no locks, all may claim all, and writing fails at worst.
pub fn claim(draft: &File) -> bool {
    !matches!(draft.try_lock(), Err(TryLockError::WouldBlock))
}

/// Sixteen characters that no other draft has.
///
/// # Errors
///
/// When there is no chance to be had.
pub fn random_name() -> io::Result<String> {
    let mut random = [0; 8];
    rand::fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
    Ok(format!("{:016x}", u64::from_ne_bytes(random)))
}

/// Waits until the names in a directory are on the disk.
///
/// # Errors
///
/// When the system cannot say so.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    match File::open(path)?.sync_all() {
        // Some network file systems cannot, and need not.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Gives what root makes to the owner of the directory it is in: a command may run as root, and
/// the process that has to read it as somebody else. For others it stays theirs.
///
/// # Errors
///
/// When one of the two cannot be looked at.
pub fn inherit_owner(file: &File, directory: &Path) -> io::Result<()> {
    let (own, directory) = (file.metadata()?, fs::metadata(directory)?);
    if own.uid() != directory.uid() {
        let _ = fchown(file, Some(directory.uid()), Some(directory.gid()));
    }
    Ok(())
}

/// Opens the directory itself: a link in its place must not lead root elsewhere.
///
/// # Errors
///
/// When it is no directory, or cannot be opened.
pub fn open_directory(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW);
    options.open(path)
}
