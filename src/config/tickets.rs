use std::path::PathBuf;
use std::time::Duration;

use super::raw::Table;

/// Where the keys of session tickets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tickets {
    /// A directory of key files, relative to the configuration directory. None by default: the
    /// keys are the process's own, and go with it.
    pub directory: Option<PathBuf>,
    /// How often keys of the process's own are replaced. 6 h by default.
    pub rotation: Duration,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            directory: None,
            // A key opens tickets for two rotations, and tickets are good for 12 hours.
            rotation: Duration::from_secs(6 * 60 * 60),
        }
    }
}

impl Tickets {
    /// Takes the keys out of `[tickets]`.
    pub(super) fn read(mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let directory = table.string("directory").and_then(|text| {
            table.parse("directory", "the path of a directory", &text, |text| {
                Some(PathBuf::from(text)).filter(|_| !text.is_empty())
            })
        });
        let rotation = table.duration("rotation").unwrap_or(default.rotation);
        table.finish();
        Self {
            directory,
            rotation: rotation.max(MIN_ROTATION),
        }
    }
}

/// Each rotation publishes a snapshot; more of them would make tickets useless anyway.
const MIN_ROTATION: Duration = Duration::from_millis(100);
