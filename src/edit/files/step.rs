use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Bytes;
use super::fault::WriteFault;
use super::renames::Renames;
use super::seen::Seen;

/// One thing that gets its place, or loses it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) path: PathBuf,
    /// The directory it is in.
    pub(super) directory: PathBuf,
    /// Where its draft stands, and later what was at the path.
    pub(super) aside: PathBuf,
    /// Whether there is a draft.
    pub(super) has_draft: bool,
    pub(super) was: Was,
}

/// What has to be at the path before.
pub(super) enum Was {
    Nothing,
    File(Bytes),
    Directory(Seen),
}

/// Not the content: it may be a private key.
impl fmt::Debug for Was {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::File(_) => "File",
            Self::Directory(_) => "Directory",
        })
    }
}

impl Step {
    pub(super) fn take(&self, renames: &mut dyn Renames) -> Result<(), WriteFault> {
        let taken = match (&self.was, self.has_draft) {
            (Was::Nothing, _) => renames.place(&self.aside, &self.path),
            (_, true) => renames.exchange(&self.aside, &self.path),
            (_, false) => renames.place(&self.path, &self.aside),
        };
        taken.map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::AlreadyExists => self.changed(),
            _ => WriteFault::io(&self.path, error),
        })
    }

    pub(super) fn put_back(&self, renames: &mut dyn Renames) -> io::Result<()> {
        match (&self.was, self.has_draft) {
            (Was::Nothing, _) => renames.place(&self.path, &self.aside),
            (_, true) => renames.exchange(&self.aside, &self.path),
            (_, false) => renames.place(&self.aside, &self.path),
        }
    }

    /// Whether what came out is what was expected there.
    pub(super) fn check(&self) -> Result<(), WriteFault> {
        let is_same = match &self.was {
            Was::Nothing => Ok(true),
            Was::File(before) => holds(&self.aside, before),
            // A symlink to a directory is none.
            Was::Directory(_) if self.aside.is_symlink() => Ok(false),
            Was::Directory(seen) => Seen::of(&self.aside).map(|now| now == *seen),
        };
        match is_same {
            Ok(true) => Ok(()),
            // Or something else is there that cannot be read as one.
            Ok(false) | Err(_) => Err(self.changed()),
        }
    }

    fn changed(&self) -> WriteFault {
        WriteFault::ChangedMeanwhile(self.path.clone())
    }
}

/// Whether a regular file holds exactly this.
fn holds(path: &Path, content: &[u8]) -> io::Result<bool> {
    let mut options = OpenOptions::new();
    // A FIFO would wait for a writer; what a link leads to is not what was there.
    options
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
    let mut file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != content.len() as u64 {
        return Ok(false);
    }
    let mut there = Zeroizing::new(vec![0; content.len()]);
    file.read_exact(&mut there)?;
    Ok(*there == content)
}
