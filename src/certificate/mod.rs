//! Certificates: from the bytes of files to a verified pair of chain and key, under a name.

mod fingerprint;
mod layout;
mod name;
mod pair;
mod refusal;
mod validity;

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;

pub use fingerprint::Fingerprint;
pub use layout::{Files, name_of_file, relevant};
pub use name::{InvalidName, Name};
pub use pair::Pair;
pub use refusal::{Refusal, Unreadable};
pub use validity::{Timestamp, Validity};

/// A certificate as it may be served: its name and one verified version of it.
#[derive(Debug)]
pub struct Certificate {
    /// The name that bindings use.
    pub name: Name,
    /// Chain, key and what the leaf says.
    pub pair: Pair,
}

impl Certificate {
    /// What serves a client that can verify signatures of these schemes.
    pub fn choose(&self, _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.pair.certified))
    }
}
