use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

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

/// Where to look for changes.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// How far.
    pub scope: Scope,
    /// Certificates to read again, changed or not.
    pub again: BTreeSet<Name>,
    /// Whether the next part of a look at everything is taken as well, where one is under way.
    pub patrol: bool,
}

impl Look {
    /// A look without anything that is read again.
    pub fn at(scope: Scope) -> Self {
        Self {
            scope,
            again: BTreeSet::new(),
            patrol: true,
        }
    }
}

/// How far a look goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At these paths, and at what was seen missing or is due to be read once more.
    Paths(BTreeSet<PathBuf>),
    /// At everything; what did not change is not read.
    Everything,
    /// At everything; all of it is read again.
    Afresh,
}

impl Default for Scope {
    fn default() -> Self {
        Self::Paths(BTreeSet::new())
    }
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
#[derive(Debug)]
pub struct Lost {
    /// The directory, or `lockgate.toml`.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

impl Scope {
    pub(super) fn is_everything(&self) -> bool {
        !matches!(self, Self::Paths(_))
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let paths = match self {
            Self::Paths(paths) => Some(paths),
            Self::Everything | Self::Afresh => None,
        };
        paths.into_iter().flatten()
    }
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
