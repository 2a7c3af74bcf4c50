use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::watch::Unwatched;
pub use crate::certificate::Content;
use crate::certificate::{Files, Name};

/// What makes of bytes what they mean: pure functions, called on several threads at once.
pub trait Parse: Sync {
    /// What a file of `domains/` means.
    type Domains: Send;
    /// What the files of a certificate mean.
    type Certificate: Send;

    /// Parses a file of `domains/`.
    fn domains(&self, path: &Path, content: Content) -> Self::Domains;

    /// Parses the files of a certificate.
    fn certificate(&self, name: &Name, files: Files) -> Self::Certificate;
}

/// What a scan found different from the one before.
pub struct Changes<P: Parse> {
    /// `lockgate.toml` and its path; an absent file counts as an empty one.
    pub settings: Option<(PathBuf, Content)>,
    /// Files of `domains/` that are new or changed, sorted.
    pub domains: Vec<(PathBuf, P::Domains)>,
    /// Files of `domains/` that are not there any more, until they are dropped.
    pub domains_missing: BTreeSet<PathBuf>,
    /// Certificates that are new or changed, sorted.
    pub certificates: Vec<(Name, P::Certificate)>,
    /// Certificates that are not there any more, until they are dropped.
    pub certificates_missing: BTreeSet<Name>,
    /// Certificates whose name another location holds too: that one counts, this one does not.
    pub duplicates: Vec<Duplicate>,
    /// Directories that are missing, unreadable or suddenly empty: nothing in them counts as gone.
    pub lost: Vec<Lost>,
    /// Why changes are found by scanning only, if they are.
    pub unwatched: Option<Unwatched>,
}

/// A second location for a certificate's name.
#[derive(Clone, Debug)]
pub struct Duplicate {
    /// The name.
    pub name: Name,
    /// The location that is not used.
    pub location: PathBuf,
    /// The location that is used.
    pub taken_by: PathBuf,
}

/// A directory that cannot be listed.
#[derive(Clone, Debug)]
pub struct Lost {
    /// The directory, or `lockgate.toml`.
    pub path: PathBuf,
    /// Why.
    pub error: Arc<io::Error>,
}

impl<P: Parse> Default for Changes<P> {
    fn default() -> Self {
        Self {
            settings: None,
            domains: Vec::new(),
            domains_missing: BTreeSet::new(),
            certificates: Vec::new(),
            certificates_missing: BTreeSet::new(),
            duplicates: Vec::new(),
            lost: Vec::new(),
            unwatched: None,
        }
    }
}

/// How much, not what: the content may hold private keys.
impl<P: Parse> fmt::Debug for Changes<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("domains", &self.domains.len())
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}
