use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys, SignatureAlgorithm};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::fingerprint::Fingerprint;
use super::layout::Sections;
use super::refusal::Refusal;
use super::validity::{Timestamp, Validity};
use crate::domain::Pattern;

/// A chain and the private key of its leaf, checked against each other.
///
/// The key itself is out of reach: only a signing key is kept, its bytes are dropped.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What a handshake serves.
    pub certified: Arc<CertifiedKey>,
    /// Identifies the leaf.
    pub fingerprint: Fingerprint,
    /// From when until when the leaf is valid.
    pub validity: Validity,
    names: Box<[Pattern]>,
}

impl Pair {
    /// Makes a pair of a chain and a key.
    pub(super) fn new(sections: Sections, provider: &CryptoProvider) -> Result<Self, Refusal> {
        if sections.chain.is_empty() {
            return Err(Refusal::CertificateMissing);
        }
        let key = sections.key.ok_or(Refusal::KeyMissing)?;
        let certified = certify(sections.chain, key, provider)?;
        let leaf = certified
            .end_entity_cert()
            .map_err(|_| Refusal::CertificateMissing)?;
        let (_, parsed) =
            X509Certificate::from_der(leaf).map_err(|_| Refusal::InvalidCertificate)?;
        Ok(Self {
            fingerprint: Fingerprint::of(leaf),
            validity: validity(&parsed),
            names: names(&parsed),
            certified: Arc::new(certified),
        })
    }

    /// What kind of key it has.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.certified.key.algorithm()
    }

    /// The DNS names that the leaf is valid for.
    pub fn names(&self) -> &[Pattern] {
        &self.names
    }

    /// Whether the leaf is valid for all that a domain's name stands for.
    pub fn covers(&self, domain: &Pattern) -> bool {
        self.names.iter().any(|name| name.covers(domain))
    }

    /// Whether the leaf names the domain itself, and not only a wildcard above it.
    pub fn names_exactly(&self, domain: &Pattern) -> bool {
        self.names.contains(domain)
    }

    /// How many certificates the chain holds.
    pub fn chain_length(&self) -> usize {
        self.certified.cert.len()
    }

    /// Whether serving `other` would send the same bytes.
    pub fn same_chain(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert
    }
}

/// Pairs the key with its leaf, which a single file may hold anywhere (HAProxy's way); the other
/// certificates keep their order.
fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Refusal> {
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(Refusal::InvalidKey)?;
    let mut certified = CertifiedKey::new(chain, key);
    let mut refusal = Refusal::KeyMismatch;
    for position in 0..certified.cert.len() {
        certified.cert[..=position].rotate_right(1);
        match certified.keys_match() {
            Ok(()) => return Ok(certified),
            Err(TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {}
            Err(_) if position == 0 => refusal = Refusal::InvalidCertificate,
            Err(_) => {}
        }
        certified.cert[..=position].rotate_left(1);
    }
    Err(refusal)
}

fn validity(leaf: &X509Certificate<'_>) -> Validity {
    Validity {
        not_before: Timestamp(leaf.validity().not_before.timestamp()),
        not_after: Timestamp(leaf.validity().not_after.timestamp()),
    }
}

/// The subject alternative names. The common name does not count (RFC 9525 section 2).
fn names(leaf: &X509Certificate<'_>) -> Box<[Pattern]> {
    let Ok(Some(extension)) = leaf.subject_alternative_name() else {
        return Box::default();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => name.parse().ok(),
            _ => None,
        })
        .collect()
}
