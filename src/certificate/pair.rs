use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::fingerprint::Fingerprint;
use super::layout::Files;
use super::refusal::{self, Refusal};
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
    /// Reads one certificate's files.
    ///
    /// # Errors
    ///
    /// When they hold no chain and key that belong together.
    pub fn parse(files: &Files, provider: &CryptoProvider) -> Result<Self, Refusal> {
        let sections = files.sections()?;
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

    /// The DNS names that the leaf is valid for.
    pub fn names(&self) -> &[Pattern] {
        &self.names
    }

    /// The names for a message: the first few of them.
    pub fn names_for_humans(&self) -> String {
        refusal::list(&self.names)
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

    /// Checks that the leaf is valid at `now`.
    ///
    /// # Errors
    ///
    /// When it has expired or is not valid yet.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.validity.is_past(now) {
            return Err(Refusal::Expired(self.validity.not_after));
        }
        if self.validity.is_future(now) {
            return Err(Refusal::NotYetValid(self.validity.not_before));
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::crypto::aws_lc_rs;

    use super::*;

    struct Made {
        chain: String,
        key: String,
    }

    fn made(names: &[&str]) -> Made {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names)
            .unwrap()
            .self_signed(&key)
            .unwrap();
        Made {
            chain: leaf.pem(),
            key: key.serialize_pem(),
        }
    }

    fn parse(files: &[(&str, &str)]) -> Result<Pair, Refusal> {
        let mut entry = Files::new(PathBuf::from("x"));
        for (name, content) in files {
            entry.insert((*name).to_owned(), Ok(content.as_bytes().to_vec()));
        }
        Pair::parse(&entry, &aws_lc_rs::default_provider())
    }

    #[test]
    fn a_pair_knows_its_names() {
        let made = made(&["play.example.com", "*.live.example.com"]);
        let pair = parse(&[("fullchain.pem", &made.chain), ("privkey.pem", &made.key)]).unwrap();
        let covers = |name: &str| pair.covers(&name.parse().unwrap());
        assert!(covers("play.example.com") && covers("a.live.example.com"));
        assert!(!covers("live.example.com") && !covers("a.b.live.example.com"));
    }

    #[test]
    fn one_file_in_any_order() {
        let (leaf, other) = (made(&["a.example.com"]), made(&["ca.example.com"]));
        for order in [
            [&leaf.key, &leaf.chain, &other.chain],
            [&other.chain, &leaf.chain, &leaf.key],
            [&other.chain, &leaf.key, &leaf.chain],
        ] {
            let pair = parse(&[("a.pem", &order.map(String::as_str).concat())]).unwrap();
            assert!(pair.covers(&"a.example.com".parse().unwrap()));
            assert_eq!(pair.certified.cert.len(), 2);
        }
    }

    #[test]
    fn each_defect_has_its_reason() {
        let (made, other) = (made(&["a.example.com"]), made(&["a.example.com"]));
        let half = &made.chain[..made.chain.len() / 2];
        let and_a_bit = format!("{}-----BEGIN CER", made.chain);
        let cases: [(&[(&str, &str)], &str); 8] = [
            (&[("fullchain.pem", &made.chain)], "key_missing"),
            (&[("privkey.pem", &made.key)], "certificate_missing"),
            (
                &[("fullchain.pem", &made.chain), ("privkey.pem", &other.key)],
                "key_mismatch",
            ),
            (
                &[("fullchain.pem", ""), ("privkey.pem", &made.key)],
                "empty_file",
            ),
            (
                &[("fullchain.pem", half), ("privkey.pem", &made.key)],
                "invalid_pem",
            ),
            (
                &[("fullchain.pem", &and_a_bit), ("privkey.pem", &made.key)],
                "invalid_pem",
            ),
            (
                &[("fullchain.pem", "garbage"), ("privkey.pem", &made.key)],
                "invalid_pem",
            ),
            (&[("README", "text")], "certificate_missing"),
        ];
        for (files, code) in cases {
            assert_eq!(parse(files).unwrap_err().code(), code, "{files:?}");
        }
    }
}
