use serde::{Deserialize, Serialize};

use super::certificate::Pair;
use super::outcome::Reason;

/// What is kept of a certificate: `GET /api/v1/certificates/NAME/history`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct History {
    /// Its name.
    pub certificate: String,
    /// Whether it was deleted; its versions stay for 90 days.
    pub deleted: bool,
    /// Its versions, the newest first.
    pub versions: Vec<Version>,
}

/// A version of a certificate.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Version {
    /// What it is called.
    pub version: String,
    /// When it was put in use.
    pub adopted: String,
    /// The leaf's fingerprint.
    pub fingerprint: Option<String>,
    /// The leaf's last second.
    pub not_after: Option<String>,
    /// The DNS names that it is valid for.
    pub names: Vec<String>,
    /// Whether it is the one that is served.
    pub in_use: bool,
    /// Whether it is to be served in place of the certificate's files.
    pub rolled_back_to: bool,
    /// Why it cannot be served. Then nothing else is known of it.
    pub reason: Option<Reason>,
}

/// What a certificate is that was handed in, and not kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Inspection {
    /// Its pairs, the preferred one first.
    pub pairs: Vec<Pair>,
    /// The DNS names that all of it is valid for.
    pub names: Vec<String>,
    /// What does not keep it from being served, or only for now.
    pub notes: Vec<Reason>,
}
