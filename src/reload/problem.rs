use std::fmt;
use std::path::{Path, PathBuf};

use super::judge::Flaw;
use super::policies::PolicyFault;
use crate::certificate::{self, Refusal, Timestamp};
use crate::config::{self, ListenerName, Listeners, Lost, Place, Unwatched};
use crate::domain::{Name, Pattern};
use crate::state::{Pin, PinProblem};
use crate::ticket::InvalidKey;

/// What a problem is filed under: it is there until the item is read again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Directory(PathBuf),
    File(PathBuf),
    Certificate(certificate::Name),
    Options(certificate::Name),
    Staple(certificate::Name),
    Rollback(certificate::Name),
    Pin(PathBuf),
    Duplicate(certificate::Name, PathBuf),
    Domain(Pattern),
    DefaultDomain,
    Tickets,
    Watching,
}

/// Something that is wrong, with all that an operator needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it does.
    pub effect: Effect,
    /// What kind of thing it concerns.
    pub kind: Kind,
    /// Its name: a domain's, a certificate's, or a path.
    pub name: String,
    /// The reason as a stable word.
    pub reason: &'static str,
    /// Where the configuration says so.
    pub place: Option<Place>,
    /// The reason in a sentence.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// What a problem does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The newest version is refused or cannot be read: the last good one stays in use, if there was
    /// one.
    Quarantine,
    /// The newest version is in use all the same.
    Warning,
}

impl Effect {
    /// The word for it in the status.
    pub fn code(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Warning => "warning",
        }
    }
}

/// What kind of thing a problem concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A configured directory.
    Directory,
    /// A configuration file as a whole.
    File,
    /// A certificate.
    Certificate,
    /// A domain.
    Domain,
}

impl Kind {
    /// The word for it in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::File => "file",
            Self::Certificate => "certificate",
            Self::Domain => "domain",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: ")?,
            None => write!(f, "{} {}: ", self.kind.code(), self.name)?,
        }
        write!(f, "{}; {}", self.text, self.hint)
    }
}

impl Problem {
    /// A problem of a certificate whose files are in `location`.
    pub(super) fn certificate(
        name: &certificate::Name,
        location: &Path,
        refusal: &Refusal,
    ) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Certificate,
            name: name.to_string(),
            reason: refusal.code(),
            place: None,
            text: format!("in {}: {refusal}", location.display()),
            hint: refusal.hint().to_owned(),
        }
    }

    /// A certificate that is in use though something is wrong with it.
    pub(super) fn in_use(name: &certificate::Name, location: Option<&Path>, flaw: &Flaw) -> Self {
        let place = location.map(|location| format!("in {}: ", location.display()));
        let place = place.unwrap_or_default();
        Self {
            effect: Effect::Warning,
            kind: Kind::Certificate,
            name: name.to_string(),
            reason: flaw.reason,
            place: None,
            text: format!("{place}{}", flaw.text),
            hint: flaw.hint.to_owned(),
        }
    }

    /// A problem of a certificate's options.
    pub fn options(name: &certificate::Name, problem: &config::Problem) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Certificate,
            name: name.to_string(),
            reason: problem.reason.code(),
            place: Some(problem.place.clone()),
            text: problem.reason.to_string(),
            hint: problem.reason.hint(),
        }
    }

    /// A certificate that is rolled back.
    pub(super) fn rolled_back(name: &certificate::Name, pin: &Pin) -> Self {
        Self {
            effect: Effect::Warning,
            kind: Kind::Certificate,
            name: name.to_string(),
            reason: "rolled_back",
            place: None,
            text: format!(
                "{} is served in place of its files since {}",
                pin.version, pin.since
            ),
            hint: format!(
                "put new files in place, or end the rollback: in its history in the console, with \
                 DELETE of its rollback in the API, or by lockgate certificates rollback {name} \
                 --release"
            ),
        }
    }

    /// A rollback that cannot be carried out.
    pub(super) fn rollback_failed(name: &certificate::Name, pin: &Pin, error: &str) -> Self {
        Self {
            effect: Effect::Warning,
            kind: Kind::Certificate,
            name: name.to_string(),
            reason: "rollback_failed",
            place: None,
            text: format!("{} cannot be served: {error}", pin.version),
            hint: format!(
                "roll back to another version, or end the rollback; the console and the API have \
                 its history, and so has lockgate certificates history {name}"
            ),
        }
    }

    /// A pin that cannot be read.
    pub(super) fn pin(problem: &PinProblem) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::File,
            name: problem.path.display().to_string(),
            reason: problem.error.code(),
            place: None,
            text: problem.error.to_string(),
            hint: problem.error.hint().to_owned(),
        }
    }

    /// A problem of a configuration file, or of a domain in it.
    pub fn config(domain: Option<&Pattern>, problem: &config::Problem) -> Self {
        let (kind, name) = match domain {
            Some(domain) => (Kind::Domain, domain.to_string()),
            None => (Kind::File, problem.place.file.display().to_string()),
        };
        Self {
            effect: Effect::Quarantine,
            kind,
            name,
            reason: problem.reason.code(),
            place: Some(problem.place.clone()),
            text: problem.reason.to_string(),
            hint: problem.reason.hint(),
        }
    }

    pub(super) fn unreadable(path: &Path, unreadable: &certificate::Unreadable) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::File,
            name: path.display().to_string(),
            reason: unreadable.code(),
            place: None,
            text: format!("it {unreadable}"),
            hint: "put a regular file there that the user of this process may read".to_owned(),
        }
    }

    /// `tls.default_domain` names no domain.
    pub(super) fn default_domain(name: &Name) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Domain,
            name: name.to_string(),
            reason: "default_domain_unknown",
            place: None,
            text: "it is tls.default_domain in lockgate.toml, but no domain".to_owned(),
            hint: "define it in domains/, or mend the name".to_owned(),
        }
    }

    /// A directory of ticket keys that holds none.
    pub(super) fn no_ticket_keys(directory: &Path) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Directory,
            name: directory.display().to_string(),
            reason: "ticket_key_missing",
            place: None,
            text: "it holds no ticket key".to_owned(),
            hint: "make one with: openssl rand 48 > FILE.key; until then the keys stay".to_owned(),
        }
    }

    /// A file that is no ticket key.
    pub(super) fn ticket_key(path: &Path, invalid: InvalidKey) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::File,
            name: path.display().to_string(),
            reason: invalid.code(),
            place: None,
            text: format!("{invalid}; the keys of its directory stay as they were"),
            hint: invalid.hint().to_owned(),
        }
    }

    /// A domain's policy that cannot be used.
    pub(super) fn policy(domain: &config::Domain, fault: &PolicyFault) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Domain,
            name: domain.name.to_string(),
            reason: fault.code(),
            place: Some(domain.place.clone()),
            text: format!("{}: {fault}", domain.name),
            hint: fault.hint().to_owned(),
        }
    }

    /// A domain with origins for a tcp listener that there is none of.
    pub(super) fn tcp_listener(
        domain: &config::Domain,
        listener: &ListenerName,
        known: &Listeners,
    ) -> Self {
        let mut known: Vec<_> = known.tcp.iter().map(|it| it.name.as_str()).collect();
        known.dedup();
        Self {
            effect: Effect::Warning,
            kind: Kind::Domain,
            name: domain.name.to_string(),
            reason: "tcp_listener_unknown",
            place: Some(domain.place.clone()),
            text: format!(
                "{}: no tcp listener has the name \"{listener}\"",
                domain.name
            ),
            hint: match &known[..] {
                [] => "add it to [listeners.tcp] in lockgate.toml".to_owned(),
                known => format!("mend the name; there are: {}", known.join(", ")),
            },
        }
    }

    pub(super) fn lost(lost: &Lost) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Directory,
            name: lost.path.display().to_string(),
            reason: "lost",
            place: None,
            text: lost.error.to_string(),
            hint:
                "create it, or make it available again; until then all that was in it stays in use"
                    .to_owned(),
        }
    }

    /// Changes that make no event.
    pub(super) fn unwatched(unwatched: &Unwatched) -> Self {
        let (limit, text, hint) = match unwatched {
            Unwatched::All(error) => (
                "max_user_instances",
                format!("no file can be watched: {error}"),
                "raise it, and the limit on open files",
            ),
            Unwatched::Some => (
                "max_user_watches",
                "it is too low to watch all certificates".to_owned(),
                "raise it: one for each certificate's directory, two where its files are symlinks",
            ),
        };
        Self {
            effect: Effect::Warning,
            kind: Kind::File,
            name: format!("/proc/sys/fs/inotify/{limit}"),
            reason: "watch_limit",
            place: None,
            text,
            hint: format!("{hint}; until then some changes are found by the periodic scan only"),
        }
    }

    pub(super) fn binding(domain: &config::Domain, fault: &BindingFault) -> Self {
        Self {
            effect: Effect::Quarantine,
            kind: Kind::Domain,
            name: domain.name.to_string(),
            reason: fault.code(),
            place: Some(domain.place.clone()),
            text: format!("{}: {fault}", domain.name),
            hint: fault.hint().to_owned(),
        }
    }
}

/// Why a domain's newest binding does not hold.
#[derive(Debug, thiserror::Error)]
pub(super) enum BindingFault {
    #[error("certificate \"{certificate}\" does not cover the domain; it is valid for {names}")]
    NameNotCovered {
        certificate: certificate::Name,
        names: String,
    },
    #[error("there is no usable certificate \"{0}\"")]
    CertificateUnknown(certificate::Name),
    #[error("no certificate covers the domain")]
    NoMatch,
    #[error("HTTPS stays on: browsers were told to ask over HTTPS alone until {0} (HSTS)")]
    HstsRuns(Timestamp),
}

impl BindingFault {
    fn code(&self) -> &'static str {
        match self {
            Self::NameNotCovered { .. } => "name_not_covered",
            Self::CertificateUnknown(_) | Self::NoMatch => "certificate_unknown",
            Self::HstsRuns(_) => "hsts_runs",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NameNotCovered { .. } => {
                "bind a certificate that names it, or write allow_mismatch = true"
            }
            Self::CertificateUnknown(_) => {
                "put its files into the certificates directory, or mend the name"
            }
            Self::NoMatch => "put a certificate that names it into the certificates directory",
            Self::HstsRuns(_) => {
                "keep its certificate until then, or write force_https_off = true: those browsers \
                 cannot reach it then"
            }
        }
    }
}
