use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error as TlsError, InconsistentKeys, SignatureAlgorithm};
use rustls_pki_types::CertificateDer;

use super::chain;
use super::fingerprint::Fingerprint;
use super::key;
use super::layout::Sections;
use super::note::Note;
use super::outline::Outline;
use super::refusal::Refusal;
use super::staple::Staple;
use super::strength::{self, Weakness};
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
    staple_until: Option<Timestamp>,
}

impl Pair {
    /// Makes a pair of a chain and a key, with the OCSP response that speaks of its leaf; adds to
    /// `notes` what is to be said of it.
    pub(super) fn new(
        sections: Sections,
        staple: Option<&[u8]>,
        provider: &CryptoProvider,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Refusal> {
        let Some(first) = sections.chain.first() else {
            return Err(Refusal::CertificateMissing);
        };
        let first = first.clone();
        let key = sections.key.ok_or(Refusal::KeyMissing)?;
        let key = key::load(key, provider);
        // What the provider has against a weak key is not what an operator has to know.
        let key = key.map_err(|error| match weakness(&first) {
            Some(weakness) => Refusal::Weak(weakness),
            None => Refusal::InvalidKey(error),
        })?;
        let mut certified = certify(sections.chain, key)?;
        let leaf_was_first = certified.cert.first() == Some(&first);
        let arranged = chain::arrange(certified.cert)?;
        if (arranged.reordered || !leaf_was_first) && !sections.any_order {
            notes.push(Note::ChainReordered);
        }
        if arranged.leaf_repeated {
            notes.push(Note::LeafRepeated);
        }
        certified.cert = arranged.chain;
        Self::check(certified, staple, notes)
    }

    fn check(
        mut certified: CertifiedKey,
        staple: Option<&[u8]>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Refusal> {
        let (leaf, issuers) = certified
            .cert
            .split_first()
            .ok_or(Refusal::CertificateMissing)?;
        let fingerprint = Fingerprint::of(leaf);
        let leaf = Outline::read(leaf).ok_or(Refusal::InvalidCertificate)?;
        let validity = leaf.validity().ok_or(Refusal::InvalidCertificate)?;
        strength::check(&leaf)?;
        strength::check_issuers(issuers)?;
        let issuer = issuers.first().map(AsRef::as_ref);
        let staple = staple.map(|bytes| Staple::parse(bytes.to_vec(), &leaf, issuer));
        let staple = staple.transpose().unwrap_or_else(|fault| {
            notes.push(Note::Staple(fault));
            None
        });
        let names = leaf.dns_names();
        let staple_until = staple.as_ref().map(Staple::until);
        certified.ocsp = staple.map(|staple| staple.bytes);
        Ok(Self {
            fingerprint,
            validity,
            names,
            staple_until,
            certified: Arc::new(certified),
        })
    }

    /// Until when its OCSP staple holds, if it has one.
    pub fn staple_until(&self) -> Option<Timestamp> {
        self.staple_until
    }

    /// The same pair without a staple that holds at `now`.
    pub(super) fn without_past_staple(&self, now: Timestamp) -> Option<Self> {
        self.staple_until.filter(|until| *until < now)?;
        let mut certified =
            CertifiedKey::new(self.certified.cert.clone(), Arc::clone(&self.certified.key));
        certified.ocsp = None;
        Some(Self {
            certified: Arc::new(certified),
            staple_until: None,
            ..self.clone()
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
        self.certified.cert == other.certified.cert && self.certified.ocsp == other.certified.ocsp
    }
}

fn weakness(leaf: &CertificateDer<'_>) -> Option<Weakness> {
    strength::check(&Outline::read(leaf)?).err()
}

/// Pairs the key with its leaf, which a file may hold anywhere; the other certificates keep their
/// order.
fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: Arc<dyn SigningKey>,
) -> Result<CertifiedKey, Refusal> {
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
