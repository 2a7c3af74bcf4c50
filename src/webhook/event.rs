use crate::certificate::{Fingerprint, Name, Timestamp};
use crate::domain::Pattern;

/// Something that an operator wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A certificate in use has come below one of its thresholds.
    CertificateExpiring(Expiry),
    /// A certificate in use has expired.
    CertificateExpired(Expiry),
    /// A domain is served in another way than it should be.
    ServedDiffers(Difference),
    /// That is over: served is what is wanted.
    ServedAgrees(Difference),
}

/// A certificate near its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Its name.
    pub certificate: Name,
    /// The leaf's fingerprint.
    pub fingerprint: Fingerprint,
    /// Its last second.
    pub not_after: Timestamp,
    /// Whole days until then, rounded down; negative when that is over.
    pub days_left: i64,
    /// Domains that are served with it: the first few.
    pub domains: Vec<Pattern>,
    /// How many there are in all.
    pub domain_count: usize,
}

/// What a domain's viewers get, and what they should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The domain.
    pub domain: Pattern,
    /// What they should get: a fingerprint, or `refused`.
    pub wanted: String,
    /// What they get.
    pub served: String,
    /// Since when it is so.
    pub since: Timestamp,
}

impl Event {
    /// The stable word for it in logs and in what is posted.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateExpiring(_) => "certificate_expiring",
            Self::CertificateExpired(_) => "certificate_expired",
            Self::ServedDiffers(_) => "served_differs",
            Self::ServedAgrees(_) => "served_agrees",
        }
    }
}
