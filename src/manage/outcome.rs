use crate::certificate::{self, Fingerprint, Timestamp};
use crate::domain::Pattern;
use crate::reload::Problem;
use crate::snapshot::Domain;

/// What came of an operation, or would.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The generation that has it. With a dry run, or where nothing was to be done, the one in place.
    pub generation: u64,
    /// The domains that were asked for, or that it concerns.
    pub domains: Vec<DomainChange>,
    /// The certificate.
    pub certificate: Option<CertificateChange>,
    /// Problems that began with it.
    pub problems: Vec<Problem>,
}

/// What became of a domain.
#[derive(Clone, Debug)]
pub struct DomainChange {
    /// Its name.
    pub name: Pattern,
    /// What was done, or why not.
    pub result: DomainResult,
    /// How it was served; none if it was not.
    pub before: Option<Served>,
    /// How it is served, or would be; none if it is not.
    pub after: Option<Served>,
    /// Viewers over TLS who have to leave, since HTTPS goes off.
    pub leaving: i64,
}

/// What was done to a domain, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainResult {
    /// It is as it was asked for, and was not before.
    Done(Done),
    /// It was so already.
    Unchanged,
    /// The certificate is not valid for it, but for these names.
    Mismatched(String),
    /// There is no such domain.
    Unknown,
    /// It cannot be edited.
    Refused(Reason),
}

/// What was done to a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is served, and was not.
    Added,
    /// Something about it is other than before.
    Changed,
    /// It is served no more.
    Removed,
    /// It has the certificate.
    Bound,
    /// It has no certificate.
    Unbound,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable word for it.
    pub code: &'static str,
    /// In a sentence.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// How a domain is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// What a TLS client gets: `serving`, `off`, `unbound`, `expired` or `unusable`.
    pub state: &'static str,
    /// The certificate it is bound to by name.
    pub certificate: Option<certificate::Name>,
    /// The HTTPS switch.
    pub https: bool,
}

/// What became of a certificate.
#[derive(Clone, Debug)]
pub struct CertificateChange {
    /// Its name.
    pub name: certificate::Name,
    /// The version that was in use.
    pub before: Option<Fingerprint>,
    /// The version in use, or that would be.
    pub after: Option<Fingerprint>,
    /// What that is valid for.
    pub names: Vec<Pattern>,
    /// Its last second.
    pub not_after: Option<Timestamp>,
}

impl DomainResult {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Done(Done::Added) => "added",
            Self::Done(Done::Changed) => "changed",
            Self::Done(Done::Removed) => "removed",
            Self::Done(Done::Bound) => "bound",
            Self::Done(Done::Unbound) => "unbound",
            Self::Unchanged => "unchanged",
            Self::Mismatched(_) => "mismatched",
            Self::Unknown => "unknown_domain",
            Self::Refused(_) => "refused",
        }
    }
}

impl Served {
    pub(super) fn of(domain: &Domain) -> Self {
        Self {
            state: domain.https.code(),
            certificate: domain.certificate_name().cloned(),
            https: domain.config.https,
        }
    }
}
