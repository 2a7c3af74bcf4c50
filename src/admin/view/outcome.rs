use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// What came of a change, or would come of it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Outcome {
    /// The generation that has it; where nothing changed, the one in place.
    pub generation: u64,
    /// Whether nothing was done, and this is what would come of it.
    pub dry_run: bool,
    /// The domains that were asked for, and those that are served with the certificate.
    pub domains: Vec<DomainChange>,
    /// The certificate that was put in place or removed.
    pub certificate: Option<CertificateChange>,
    /// Problems that began with it.
    pub problems: Vec<Problem>,
}

/// What became of a domain.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct DomainChange {
    /// Its name.
    pub name: String,
    /// `added`, `changed`, `removed`, `bound`, `unbound` or `unchanged`; or, where nothing was done,
    /// `mismatched`, `unknown_domain` or `refused`.
    pub result: String,
    /// Why nothing was done.
    pub reason: Option<Reason>,
    /// How it was served. None if it was not there.
    pub before: Option<Served>,
    /// How it is served. None if it is not there.
    pub after: Option<Served>,
    /// Viewers over TLS who have to leave within `timeouts.https_off_grace`, since HTTPS goes off.
    pub leaving: i64,
}

/// Why nothing was done to a domain.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Reason {
    /// The stable word for it.
    pub code: String,
    /// In a sentence.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// How a domain is served.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Served {
    /// `serving` (over TLS), `off`, `unbound`, `expired` or `unusable`.
    pub state: String,
    /// The certificate that it has or names.
    pub certificate: Option<String>,
    /// The HTTPS switch.
    pub https: bool,
}

/// What became of a certificate.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct CertificateChange {
    /// Its name.
    pub name: String,
    /// The fingerprint of the version that was in use. None if there was none.
    pub before: Option<String>,
    /// The fingerprint of the version in use. None if there is none.
    pub after: Option<String>,
    /// The DNS names that this version is valid for.
    pub names: Vec<String>,
    /// Its last second.
    pub not_after: Option<String>,
}
