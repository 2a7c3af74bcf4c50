use std::io::{self, ErrorKind};
use std::path::PathBuf;

use crate::certificate::Name;

/// What an operator should know of the state directory. Serving goes on in each case.
#[derive(Debug, thiserror::Error)]
pub enum Warning {
    /// Others could enter a directory with private keys.
    #[error("{} had the mode {mode:04o}; others may no longer enter it", .path.display())]
    Narrowed {
        /// The directory.
        path: PathBuf,
        /// Its mode before.
        mode: u32,
    },
    /// Others can enter a directory with private keys.
    #[error("{} has the mode {mode:04o}, and it cannot be narrowed: {error}", .path.display())]
    NotNarrowed {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Something that is no longer needed stays.
    #[error("{} cannot be removed: {error}", .path.display())]
    NotRemoved {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A version is missing in history.
    #[error("a version of certificate {certificate} is not in history: {error}")]
    NotRecorded {
        /// The certificate.
        certificate: Name,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// History does not know that a certificate was deleted.
    #[error("history does not know that certificate {certificate} was deleted: {error}")]
    NotRetired {
        /// The certificate.
        certificate: Name,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// History is not cleared of certificates that were deleted long ago.
    #[error("history is not cleared of what was deleted long ago: {0}")]
    NotSwept(#[source] io::Error),
    /// Nobody knows what browsers were told of HTTPS before the process began.
    #[error("{} cannot be read: {error}; HTTPS may be switched off though browsers hold to it", .path.display())]
    HstsUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said, or which line makes no sense.
        #[source]
        error: io::Error,
    },
    /// What browsers were told of HTTPS is forgotten when the process ends.
    #[error("what browsers were told of HTTPS (HSTS) is not kept over a restart: {0}")]
    HstsNotWritten(#[source] io::Error),
}

impl Warning {
    /// The stable word for it in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Narrowed { .. } => "state_mode_narrowed",
            Self::NotNarrowed { .. } => "state_mode_wide",
            Self::NotRemoved { .. } => "state_not_removed",
            Self::NotRecorded { .. } => "history_not_recorded",
            Self::NotRetired { .. } => "history_not_retired",
            Self::NotSwept(_) => "history_not_swept",
            Self::HstsUnreadable { .. } => "hsts_unreadable",
            Self::HstsNotWritten(_) => "hsts_not_written",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self.error().map(io::Error::kind) {
            None => "nothing is left to do; find out who widened it",
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                "make room where state.directory is"
            }
            Some(ErrorKind::PermissionDenied) => {
                "give state.directory and all in it to the user of this process"
            }
            Some(ErrorKind::ReadOnlyFilesystem) => {
                "let state.directory name a place that can be written"
            }
            Some(_) => "look at state.directory in lockgate.toml, and at the disk it is on",
        }
    }

    /// What the system said, where it refused something.
    pub fn error(&self) -> Option<&io::Error> {
        match self {
            Self::Narrowed { .. } => None,
            Self::NotNarrowed { error, .. }
            | Self::NotRemoved { error, .. }
            | Self::NotRecorded { error, .. }
            | Self::NotRetired { error, .. }
            | Self::HstsUnreadable { error, .. }
            | Self::NotSwept(error)
            | Self::HstsNotWritten(error) => Some(error),
        }
    }
}
