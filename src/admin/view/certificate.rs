use serde::{Deserialize, Serialize};

use super::list::Excerpt;
use super::problem::Problem;

/// A certificate in use.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Certificate {
    /// Its name.
    pub name: String,
    /// Its pairs, the preferred one first: one, or two with keys of different kinds.
    pub pairs: Vec<Pair>,
    /// The DNS names that it is valid for: all when one certificate is asked for, else the first 20.
    pub names: Excerpt<String>,
    /// The domains that have it or name it: the first 20.
    pub domains: Excerpt<String>,
    /// The operator's own words about it, of its `certificate.toml`.
    pub remarks: String,
    /// What is wrong with it, or with its newest files.
    pub problems: Vec<Problem>,
}

/// A chain and its key.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Pair {
    /// The kind of the key: `ecdsa`, `rsa` or `ed25519`.
    pub key: String,
    /// The leaf's fingerprint.
    pub fingerprint: String,
    /// The leaf's first second.
    pub not_before: String,
    /// The leaf's last second.
    pub not_after: String,
    /// Whole days until then, rounded down; negative when that is over.
    pub days_left: i64,
    /// How many certificates the chain holds.
    pub chain_length: usize,
    /// Until when its OCSP staple holds, if it has one.
    pub ocsp_until: Option<String>,
}
