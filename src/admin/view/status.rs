use serde::{Deserialize, Serialize};

use super::list::Excerpt;
use super::problem::Problem;

/// How the process is: `GET /api/v1/status`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// When it started.
    pub started: String,
    /// Whether new connections are welcome: not while it drains.
    pub ready: bool,
    /// The generation of the snapshot in place.
    pub generation: u64,
    /// Since when it is in place.
    pub since: Option<String>,
    /// Whether file events are waited for everywhere; if not, some changes are found only by the
    /// scan each `certificates.scan_interval`.
    pub watched: bool,
    /// The domains by their state.
    pub domains: Domains,
    /// How many certificates are in use.
    pub certificates: usize,
    /// The last reload that changed something.
    pub last_change: Option<Change>,
    /// What is wrong: the first 1,000.
    pub problems: Problems,
    /// The certificates that expire first: 20 of them.
    pub nearest_ends: Vec<End>,
    /// The domains that are served otherwise than wanted: the first 1,000.
    pub differing: Excerpt<Differing>,
    /// The keys of session tickets.
    pub tickets: Tickets,
}

/// How many domains are in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Domains {
    /// All of them.
    pub total: u64,
    /// Served over TLS.
    pub serving: u64,
    /// On plain HTTP: `https = false`.
    pub off: u64,
    /// On plain HTTP: no certificate is bound.
    pub unbound: u64,
    /// On plain HTTP: the certificate has expired, and `on_expiry = "http"`.
    pub expired: u64,
    /// Not over TLS: the certificate, or `client_ca`, was never usable.
    pub unusable: u64,
}

/// What the last reload did that changed something.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Change {
    /// When it was done.
    pub time: String,
    /// Domains that are served since.
    pub domains_added: usize,
    /// Domains that are served in another way since.
    pub domains_changed: usize,
    /// Domains that are no longer served.
    pub domains_removed: usize,
    /// Certificates with a new version in use.
    pub certificates_adopted: usize,
    /// Certificates that are no longer in use.
    pub certificates_removed: usize,
    /// Whether session tickets got other keys.
    pub ticket_keys_changed: bool,
    /// Problems that began.
    pub problems: usize,
    /// Problems that ended.
    pub recovered: usize,
    /// How long scanning and reading took, in milliseconds.
    pub scan_ms: f64,
    /// How long parsing and building took, in milliseconds.
    pub build_ms: f64,
}

/// All problems, counted, and the first of them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Problems {
    /// How many there are in all.
    pub total: usize,
    /// How many there are of each effect and reason.
    pub counts: Vec<ReasonCount>,
    /// The first of them.
    pub first: Vec<Problem>,
}

/// How many problems have the same effect and reason.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ReasonCount {
    /// `quarantine` or `warning`.
    pub effect: String,
    /// The reason as a stable word.
    pub reason: String,
    /// How many.
    pub count: usize,
}

/// When a certificate expires.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct End {
    /// The certificate.
    pub certificate: String,
    /// Its last second.
    pub not_after: String,
    /// Whole days until then, rounded down; negative when that is over.
    pub days_left: i64,
    /// The tightest of 30, 15, 7, 3, 1 and 0 days that it is below, of those that are no more than
    /// half of its lifetime: it should have been renewed. None while there is time.
    pub threshold: Option<i64>,
}

/// A domain that is served otherwise than wanted.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Differing {
    /// The domain.
    pub domain: String,
    /// The fingerprint that is wanted, or `refused`.
    pub wanted: String,
    /// The fingerprint that is served, or `refused`.
    pub served: String,
    /// Since when it is so.
    pub since: String,
    /// When it was looked at last.
    pub checked: String,
}

/// The keys of session tickets; nothing of what they are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Tickets {
    /// How many open tickets; the newest seals.
    pub keys: usize,
    /// Since when it is these.
    pub since: Option<String>,
}
