use std::io;
use std::path::PathBuf;

use super::chain::ChainFault;
use super::pem_fault::PemFault;
use super::strength::Weakness;
use super::validity::Timestamp;
use crate::domain::Pattern;

/// Why a certificate's newest files are not adopted.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No file of the entry holds a certificate.
    #[error("no certificate chain beside the private key")]
    CertificateMissing,
    /// No file of the entry holds a private key.
    #[error("no private key beside the certificate chain")]
    KeyMissing,
    /// The key's public half is not the leaf's.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// A file of no bytes.
    #[error("{} is empty", .0.display())]
    EmptyFile(PathBuf),
    /// What stands between the PEM markers, or the markers themselves, cannot be read.
    #[error("{} is not valid PEM: {error}", .0.display(), error = .1)]
    InvalidPem(PathBuf, #[source] PemFault),
    /// The leaf is no X.509 certificate.
    #[error("the leaf is not a valid X.509 certificate")]
    InvalidCertificate,
    /// The key is of no kind that can sign a handshake.
    #[error("the private key cannot be used: {0}")]
    InvalidKey(#[source] rustls::Error),
    /// A file that is not read.
    #[error("{} {why}", .0.display(), why = .1)]
    Unreadable(PathBuf, #[source] Unreadable),
    /// The certificates of the chain are no path from the leaf.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// Clients would not take it.
    #[error(transparent)]
    Weak(#[from] Weakness),
    /// Nobody is there to give the pass phrase.
    #[error("the private key in {} is encrypted with a pass phrase", .0.display())]
    EncryptedKey(PathBuf),
    /// Two pairs under one name are there for clients of two kinds.
    #[error("it holds two pairs whose keys are of the same kind")]
    SameKeyKind,
    /// It would have to be renewed earlier than the one in use, by more than an hour.
    #[error("it expires at {new}, sooner than the one in use ({in_use})")]
    ExpiresSooner {
        /// When the new one does.
        new: Timestamp,
        /// When the one in use does.
        in_use: Timestamp,
    },
    /// Domains that are bound to it would be left without.
    #[error("it does not cover {names}, which the one in use serves")]
    LosesBoundName {
        /// The domains: the first few of them.
        names: String,
    },
    /// Its last second is over.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// Its first second has not come.
    #[error("it is not valid before {0}")]
    NotYetValid(Timestamp),
    /// Another certificate directory, or another layout, holds the same name.
    #[error("the name is taken by {}", .0.display())]
    DefinedTwice(PathBuf),
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A directory, FIFO, socket or device.
    #[error("is not a regular file")]
    NotAFile,
    /// Above the limit for one file.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that one file may have.
        limit: u64,
    },
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Unreadable {
    /// The same reason once more: `io::Error` cannot be cloned.
    pub fn duplicate(&self) -> Self {
        match self {
            Self::NotAFile => Self::NotAFile,
            Self::TooLarge { limit } => Self::TooLarge { limit: *limit },
            Self::Io(error) => Self::Io(error.kind().into()),
        }
    }

    /// Whether another try may succeed though the file stays as it is.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Io(_))
    }

    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAFile => "not_a_file",
            Self::TooLarge { .. } => "too_large",
            Self::Io(_) => "unreadable",
        }
    }
}

impl Refusal {
    /// The stable word for the reason in metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateMissing => "certificate_missing",
            Self::KeyMissing => "key_missing",
            Self::KeyMismatch => "key_mismatch",
            Self::EmptyFile(_) => "empty_file",
            Self::InvalidPem(..) => "invalid_pem",
            Self::InvalidCertificate => "invalid_certificate",
            Self::InvalidKey(_) => "invalid_key",
            Self::Unreadable(_, unreadable) => unreadable.code(),
            Self::Chain(fault) => fault.code(),
            Self::Weak(weakness) => weakness.code(),
            Self::EncryptedKey(_) => "encrypted_key",
            Self::SameKeyKind => "same_key_kind",
            Self::ExpiresSooner { .. } => "expires_sooner",
            Self::LosesBoundName { .. } => "loses_bound_name",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not_yet_valid",
            Self::DefinedTwice(_) => "defined_twice",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CertificateMissing => {
                "put the chain beside the key as fullchain.pem, tls.crt, fullchain.cer or cert.pem"
            }
            Self::KeyMissing => {
                "put the key beside the chain as privkey.pem, tls.key or key.pem, readable for this process"
            }
            Self::KeyMismatch => "copy the chain and the key of the same issue",
            Self::EmptyFile(_) | Self::InvalidPem(..) => {
                "copy the file again; it must hold whole -----BEGIN …----- blocks"
            }
            Self::InvalidCertificate => "copy the chain again, the leaf first",
            Self::InvalidKey(_) => "use an RSA, ECDSA or Ed25519 key without a pass phrase",
            Self::Unreadable(..) => {
                "put a regular file there that the user of this process may read"
            }
            Self::Chain(fault) => fault.hint(),
            Self::Weak(weakness) => weakness.hint(),
            Self::EncryptedKey(_) => "write it without: openssl pkey -in KEY -out privkey.pem",
            Self::SameKeyKind => {
                "keep one pair with an RSA key and one with an ECDSA or Ed25519 key, or only one pair"
            }
            Self::ExpiresSooner { .. } => {
                "put a certificate that lasts longer in its place, or write force = true into certificate.toml"
            }
            Self::LosesBoundName { .. } => {
                "bind those domains to another certificate first, or write force = true into certificate.toml"
            }
            Self::Expired(_) => "put a renewed certificate in its place",
            Self::NotYetValid(_) => {
                "check the clock of this machine, wait (it is tried again by itself), or write force = true into certificate.toml"
            }
            Self::DefinedTwice(_) => "rename or remove one of the two",
        }
    }

    /// Whether the files may be in the middle of being written: worth another look in a moment.
    pub fn may_be_torn(&self) -> bool {
        match self {
            Self::CertificateMissing
            | Self::KeyMissing
            | Self::KeyMismatch
            | Self::EmptyFile(_)
            | Self::InvalidPem(..)
            | Self::InvalidCertificate
            | Self::InvalidKey(_)
            // The leaf and the rest may be in two files.
            | Self::Chain(_)
            | Self::Unreadable(..) => true,
            Self::Weak(_)
            | Self::EncryptedKey(_)
            | Self::SameKeyKind
            | Self::ExpiresSooner { .. }
            | Self::LosesBoundName { .. }
            | Self::Expired(_)
            | Self::NotYetValid(_)
            | Self::DefinedTwice(_) => false,
        }
    }
}

/// Writes names for a message: the first few of them.
pub fn list<'n>(names: impl IntoIterator<Item = &'n Pattern>) -> String {
    const SHOWN: usize = 5;
    let mut names = names.into_iter();
    let shown: Vec<_> = names.by_ref().take(SHOWN).map(Pattern::to_string).collect();
    match names.count() {
        0 if shown.is_empty() => "no DNS name".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
