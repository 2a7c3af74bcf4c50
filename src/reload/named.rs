use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::config::{Content, Source};

/// Files that settings and domains name, besides those that are found by looking. Paths are relative
/// to the configuration directory.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The roots of client certificates.
    pub(super) client_cas: BTreeSet<PathBuf>,
    /// The directory of ticket keys.
    pub(super) tickets: Option<PathBuf>,
}

/// What such files hold.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) client_cas: BTreeMap<PathBuf, Content>,
    /// The files in the directory.
    pub(super) tickets: BTreeMap<PathBuf, Content>,
}

impl Named {
    pub(super) fn read(&self, source: &Source) -> Contents {
        let tickets = self.tickets.as_deref();
        let tickets = tickets.map(|directory| source.read_keys(directory));
        Contents {
            client_cas: source.read_named(&self.client_cas),
            tickets: tickets.unwrap_or_default(),
        }
    }
}
