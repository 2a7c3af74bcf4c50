use std::fmt;
use std::io;

use crate::certificate::Name;
use crate::state::record::RecordError;
use crate::state::version::Version;

/// Why a version cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file holds no whole record.
    #[error("cannot be used: {0}")]
    Record(#[from] RecordError),
    /// The file holds another record than its name says.
    #[error("cannot be used: it is of another certificate or leaf than its name says")]
    Misplaced,
}

impl HistoryError {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "history_unreadable",
            Self::Record(error) => error.code(),
            Self::Misplaced => "record_misplaced",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "give the state directory and all in it to the user of this process",
            Self::Record(RecordError::UnknownFormat) => {
                "use the version of lockgate that wrote it, or a newer one"
            }
            Self::Record(_) | Self::Misplaced => {
                "nothing is left to do but to look at the disk; the record is of no use"
            }
        }
    }
}

/// A version that was passed over in the search for one that can be used.
#[derive(Debug)]
pub struct Skipped {
    /// The certificate.
    pub certificate: Name,
    /// Its version; none when the versions cannot even be listed.
    pub version: Option<Version>,
    /// Why.
    pub error: HistoryError,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (certificate, error) = (&self.certificate, &self.error);
        match self.version {
            Some(version) => write!(f, "version {version} of certificate {certificate}")?,
            None => write!(f, "the history of certificate {certificate}")?,
        }
        write!(f, " {error}; {}", error.hint())
    }
}
