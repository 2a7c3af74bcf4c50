use std::fmt;

use crate::certificate::Fingerprint;
use crate::domain::{Name, Pattern};
use crate::snapshot::Snapshot;

/// What a ClientHello with a domain's name is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A handshake with this leaf.
    Leaf(Fingerprint),
    /// The alert unrecognized_name (112): the domain has no HTTPS.
    Refused,
}

/// A fingerprint, or `refused`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(fingerprint) => fingerprint.fmt(f),
            Self::Refused => f.write_str("refused"),
        }
    }
}

impl Answer {
    /// What a snapshot wants for a domain. None when it is none of its domains.
    pub(super) fn wanted(snapshot: &Snapshot, domain: &Pattern) -> Option<Self> {
        let domain = snapshot.domains.get(domain)?;
        let certificate = domain.certificate();
        // With two pairs, the prover is a client that is shown the preferred one.
        let leaf = certificate.map(|certificate| Self::Leaf(certificate.pairs.fingerprint()));
        Some(leaf.unwrap_or(Self::Refused))
    }
}

/// The name that asks for a domain: its own, or for a wildcard one that only the wildcard answers
/// to. None when there is no such name.
pub(super) fn sni(snapshot: &Snapshot, domain: &Pattern) -> Option<Name> {
    let parent = match domain {
        Pattern::Exact(name) => return Some(name.clone()),
        Pattern::Wildcard(parent) => parent,
    };
    let names = LABELS.iter().filter_map(|label| {
        // Too long a parent leaves no room for it.
        format!("{label}.{parent}").parse::<Name>().ok()
    });
    let mut names = names.map(Pattern::Exact);
    match names.find(|name| snapshot.domains.get(name).is_none())? {
        Pattern::Exact(name) => Some(name),
        Pattern::Wildcard(_) => None,
    }
}

/// Made-up names; somebody may have one of them, for whatever reason.
const LABELS: [&str; 3] = ["lockgate-proof", "lockgate-proof-2", "lockgate-proof-3"];
