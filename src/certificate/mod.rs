//! Certificates: from the bytes of files to a verified pair of chain and key, under a name.

mod expiry;
mod fingerprint;
mod layout;
mod name;
mod pair;
mod refusal;
mod validity;

use std::sync::Arc;

pub use expiry::{Crossing, ExpiryIndex, ExpiryWatch, Threshold};
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
    /// The TLS configuration that serves this pair.
    pub tls: Arc<rustls::ServerConfig>,
}
