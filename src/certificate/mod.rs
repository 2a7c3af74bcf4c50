//! Certificates: from the bytes of files to a verified pair of chain and key, under a name.

#[cfg_attr(not(test), expect(dead_code, reason = "Pair does not use it yet"))]
mod chain;
mod der;
mod fingerprint;
#[cfg_attr(not(test), expect(dead_code, reason = "Pair does not use it yet"))]
mod key;
mod layout;
mod name;
mod outline;
mod pair;
mod refusal;
#[cfg_attr(not(test), expect(dead_code, reason = "Pair does not use it yet"))]
mod staple;
#[cfg_attr(not(test), expect(dead_code, reason = "Pair does not use it yet"))]
mod strength;
mod validity;

use std::sync::Arc;

pub use chain::{ChainFault, Link};
pub use fingerprint::Fingerprint;
pub use layout::{Files, name_of_file, relevant};
pub use name::{InvalidName, Name};
pub use pair::Pair;
pub use refusal::{Refusal, Unreadable};
pub use staple::{Staple, StapleFault};
pub use strength::{KeyKind, Weakness};
pub use validity::{Timestamp, Validity};

/// A certificate as it may be served: its name and one verified version of it.
#[derive(Debug)]
pub struct Certificate {
    /// The name that bindings use.
    pub name: Name,
    /// Chain, key and what the leaf says.
    pub pair: Pair,
    /// The TLS configuration that serves this pair.
    pub tls: Arc<rustls::ServerConfig>,
}
