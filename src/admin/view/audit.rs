use serde::{Deserialize, Serialize};

use super::list::Excerpt;

/// A change, as the audit log has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Audit {
    /// Grows from change to change.
    pub id: u64,
    /// When it was made.
    pub time: String,
    /// Who made it.
    pub by: By,
    /// `published`; `noted` when nothing is served otherwise; `refused` when nothing was done.
    pub result: String,
    /// Why it was refused, as a stable word.
    pub code: Option<String>,
    /// The generation that it made.
    pub generation: Option<u64>,
    /// The files and certificates that were found changed: the first 20. None where all is read, at
    /// the start and when somebody asks for it; nor in entries of earlier versions.
    #[serde(default)]
    pub touched: Excerpt<Touched>,
    /// Certificates of which another version is in use: the first 20.
    pub certificates: Excerpt<Replaced>,
    /// Certificates of which the operator says something else: the first 20.
    // Not in lines of earlier versions.
    #[serde(default)]
    pub remarks: Excerpt<String>,
    /// Domains that are served since: the first 20.
    pub domains_added: Excerpt<String>,
    /// Domains that are served in another way since: the first 20.
    pub domains_changed: Excerpt<String>,
    /// Domains that are no longer served: the first 20.
    pub domains_removed: Excerpt<String>,
    /// Problems that began: the first 20.
    pub problems: Excerpt<Trouble>,
    /// Problems that ended: the first 20.
    pub recovered: Excerpt<Trouble>,
}

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct By {
    /// `start`, `files` (somebody changed them, or their time came), `signal`, `api`, or `offline`: a
    /// command while no process listened.
    pub way: String,
    /// With `api`: the role of the token, or `none`; so with `offline`, which takes none.
    pub role: Option<String>,
    /// With `api`: the address, or `unix`; with `offline`: `uid` and the user's number.
    pub peer: Option<String>,
    /// With both: what was asked for.
    pub operation: Option<String>,
    /// With both: the domain or the certificate that it was about; of bindings, the certificate or
    /// the first domain.
    pub subject: Option<String>,
}

/// Something that was found changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Touched {
    /// `file`: `lockgate.toml`, or a file of domains; or `certificate`.
    pub kind: String,
    /// A path, or the certificate's name.
    pub name: String,
}

/// A version of a certificate in the place of another.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Replaced {
    /// The certificate.
    pub name: String,
    /// The fingerprint that was in use; none if there was none.
    pub before: Option<String>,
    /// The fingerprint in use; none if there is none.
    pub after: Option<String>,
}

/// A problem in three words.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Trouble {
    /// What it concerns.
    pub kind: String,
    /// Its name, or a path.
    pub name: String,
    /// The reason as a stable word.
    pub reason: String,
}

/// A part of the audit log.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Audits {
    /// The changes, the newest first.
    pub items: Vec<Audit>,
    /// What to give as `after` to get those that follow. None where none do.
    pub next: Option<String>,
}
