use std::fmt;

use x509_parser::prelude::{FromDer, X509Name};

use crate::certificate::outline::Outline;

/// Why the certificates of a chain are no path from the leaf.
///
/// Positions are counted from 1, the leaf, which need not stand first in a file.
#[derive(Debug, thiserror::Error)]
pub enum ChainFault {
    /// What stands there is no X.509 certificate.
    #[error("certificate {0} of the chain cannot be read")]
    Unreadable(usize),
    /// There are other certificates, but not the one that the leaf needs.
    #[error("the chain lacks the issuer of {0}")]
    IssuerMissing(Link),
    /// The right name, but not the key that signed the certificate at the position.
    #[error("{0} has the name of the issuer of certificate {1}, but another key")]
    OtherKey(Link, usize),
    /// The right name, but its basic constraints say `CA:FALSE`.
    #[error("{0} is not a CA, but stands as the issuer of certificate {1}")]
    NoAuthority(Link, usize),
    /// It leads to none of the certificates that belong to the leaf.
    #[error("{0} did not issue any of the others")]
    Foreign(Link),
    /// The order is wrong, and either of the two could come next.
    #[error("the order is wrong, and both {0} and {1} could come next")]
    Ambiguous(Link, Link),
}

impl ChainFault {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        "chain_broken"
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "copy the chain again",
            Self::IssuerMissing(_) => {
                "use the full chain that the CA delivers: leaf, intermediates"
            }
            Self::OtherKey(..) => "use the intermediates that were delivered with this leaf",
            Self::NoAuthority(..) => {
                "put the certificate of the CA there, or have it made anew with CA:TRUE"
            }
            Self::Foreign(_) => "leave it out, or add the certificates between it and the others",
            Self::Ambiguous(..) => "put each certificate before the one that issued it",
        }
    }
}

/// A certificate of a chain, as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    position: usize,
    subject: Box<str>,
    issuer: Box<str>,
}

impl Link {
    pub(super) fn new(position: usize, outline: &Outline<'_>) -> Self {
        Self {
            position,
            subject: name_for_humans(outline.subject),
            issuer: name_for_humans(outline.issuer),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            position,
            subject,
            issuer,
        } = self;
        write!(f, r#"certificate {position} ("{subject}" by "{issuer}")"#)
    }
}

/// The common name, or else the whole name. Whoever made the certificate chose the text, so it is
/// escaped and cut.
fn name_for_humans(der: &[u8]) -> Box<str> {
    let Ok((_, name)) = X509Name::from_der(der) else {
        return "unreadable name".into();
    };
    let mut common = name.iter_common_name();
    let text = match common.find_map(|name| name.as_str().ok()) {
        Some(text) => text.to_owned(),
        None => name.to_string(),
    };
    let shown = text.chars().take(MOST_CHARACTERS);
    shown.flat_map(char::escape_debug).collect()
}

/// The upper bound of a common name (RFC 5280 appendix A.1).
const MOST_CHARACTERS: usize = 64;
