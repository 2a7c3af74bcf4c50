use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why files were not written. Nothing was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// The disk is full, or the quota is used up.
    #[error("there is no space for {}: {error}", .path.display())]
    NoSpace {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The file system is read-only, or the process may not write there.
    #[error("{} cannot be written: {error}", .path.display())]
    NotWritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Something is not as it was when the edit was planned: somebody else changed it.
    #[error("{} was changed meanwhile", .0.display())]
    ChangedMeanwhile(PathBuf),
    /// A symlink: another tool keeps what it leads to, and would undo the change.
    #[error("{} is a symlink, so another tool keeps it", .0.display())]
    ManagedElsewhere(PathBuf),
    /// Something else went wrong.
    #[error("{} cannot be written: {error}", .path.display())]
    Failed {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Something went wrong, and then something could not be put back.
    #[error(
        "{cause}; and {} could not be put back as it was: {error}; its old version is in {}",
        .path.display(),
        .kept.display()
    )]
    NotPutBack {
        /// The file or directory.
        path: PathBuf,
        /// The directory that holds its old version, until somebody removes it.
        kept: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
        /// What went wrong before.
        cause: Box<Self>,
    },
}

impl WriteFault {
    /// What the system said about a path.
    pub fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoSpace { path, error },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, error }
            }
            _ => Self::Failed { path, error },
        }
    }

    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSpace { .. } => "no_space",
            Self::NotWritable { .. } => "not_writable",
            Self::ChangedMeanwhile(_) => "changed_meanwhile",
            Self::ManagedElsewhere(_) => "managed_elsewhere",
            Self::Failed { .. } => "write_failed",
            Self::NotPutBack { .. } => "not_put_back",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSpace { .. } => "make room on the file system, and do it again",
            Self::NotWritable { .. } => {
                "let the user of this process write there; mount it for writing"
            }
            Self::ChangedMeanwhile(_) => "look at what is there now, and do it again",
            Self::ManagedElsewhere(_) => "change it where the symlink leads, with that tool",
            Self::Failed { error, .. } if error.kind() == ErrorKind::NotFound => {
                "make the directory, or bring it back; it is not made here, or what was in it would count as deleted"
            }
            Self::Failed { .. } => "look at the path, and at the disk it is on",
            Self::NotPutBack { .. } => "put the old version back by hand, and remove what is left",
        }
    }

    /// The file or directory it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::ChangedMeanwhile(path) | Self::ManagedElsewhere(path) => path,
            Self::NoSpace { path, .. }
            | Self::NotWritable { path, .. }
            | Self::Failed { path, .. }
            | Self::NotPutBack { path, .. } => path,
        }
    }
}
