use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// A domain.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// The file and the line of its table.
    pub place: String,
    /// `serving` (over TLS), `off`, `unbound`, `expired` or `unusable`.
    pub state: String,
    /// What its table says of the certificate: `named`, `auto` or `unbound`.
    pub binding: String,
    /// The certificate that it has or names.
    pub certificate: Option<String>,
    /// Where the certificate comes from: `self-owned`.
    pub source: Option<String>,
    /// The certificate's last second, if it is in use.
    pub not_after: Option<String>,
    /// Whole days until then, rounded down; negative when that is over.
    pub days_left: Option<i64>,
    /// What a TLS client should get: the leaf's fingerprint, or `refused`.
    pub wanted: String,
    /// What it got at the latest look, if there was one; something else may be wanted since.
    pub proof: Option<Proof>,
    /// The HTTPS switch.
    pub https: bool,
    /// What browsers are told over TLS (HSTS).
    pub hsts: Option<Hsts>,
    /// Up to when browsers may ask over HTTPS alone, told by the domain or by one above it; none if
    /// that is over.
    pub hsts_until: Option<String>,
    /// What becomes of HTTPS when the certificate expires: `serve` or `http`.
    pub on_expiry: String,
    /// What plain HTTP gets while HTTPS is on: `serve` or `redirect`.
    pub http: String,
    /// The status of the redirects.
    pub redirect_status: Option<u16>,
    /// Where requests go.
    pub origins: Vec<String>,
    /// How they are spread over them: `round_robin`, `least_connections` or `path_hash`.
    pub balance: String,
    /// What TLS clients are offered and asked for. None when that was never usable.
    pub policy: Option<Policy>,
    /// Responses and WebSockets running now.
    pub viewers: i64,
    /// The operator's own words.
    pub remarks: String,
    /// What is wrong with it, or with its newest table.
    pub problems: Vec<Problem>,
}

/// What browsers are told over TLS (RFC 6797).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Hsts {
    /// For how many seconds to ask over HTTPS alone.
    pub max_age: u32,
    /// Whether that holds for all names below the domain's.
    pub include_subdomains: bool,
}

/// What a handshake with ourselves has shown.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Proof {
    /// What was wanted by then: a fingerprint, or `refused`.
    pub wanted: String,
    /// What came: a fingerprint, `refused`, or the code of a fault.
    pub served: String,
    /// `ok`, `mismatch`, or `failed` when no handshake came about.
    pub result: String,
    /// Since when both are so.
    pub since: String,
    /// When it was looked at last.
    pub checked: String,
}

/// What TLS clients are offered and asked for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Policy {
    /// The lowest TLS version: `1.2` or `1.3`.
    pub min_version: String,
    /// The protocols inside TLS, the preferred one first.
    pub alpn: Vec<String>,
    /// Whether clients show a certificate: `none`, `optional` or `required`.
    pub client_auth: String,
    /// The file with the roots that verify it.
    pub client_ca: Option<String>,
}
