//! Certificates: from the bytes of files to a verified pair of chain and key, under a name.

mod chain;
mod der;
mod expiry;
mod fingerprint;
pub(crate) mod hex;
mod issuers;
mod key;
mod layout;
mod leaf;
mod name;
mod note;
mod outline;
mod pair;
mod pairs;
mod pem_fault;
mod refusal;
mod staple;
mod strength;
mod text;
mod validity;

pub use chain::{ChainFault, Link};
pub use expiry::{Crossing, ExpiryIndex, ExpiryWatch, Threshold};
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use issuers::Issuers;
pub use layout::{
    Content, FLAT_ENDINGS, Files, is_essential, is_options, is_relevant, is_staple, name_of_file,
};
pub use name::{InvalidName, Name};
pub use note::Note;
pub use pair::Pair;
pub use pairs::{Pairs, Parsed};
pub use pem_fault::PemFault;
pub use refusal::{Refusal, Unreadable, list as list_names};
pub use staple::StapleFault;
pub use strength::Weakness;
pub use text::PairText;
pub use validity::{InvalidTimestamp, Timestamp, Validity};

/// A certificate as it may be served: its name and one verified version of it.
#[derive(Debug)]
pub struct Certificate {
    /// The name that bindings use.
    pub name: Name,
    /// Chains, keys and what the leaves say.
    pub pairs: Pairs,
}
