use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::CertificateDer;

use super::fingerprint::Fingerprint;
use super::layout::Files;
use super::pair::Pair;
use super::refusal::{self, Refusal};
use super::validity::{Timestamp, Validity};
use crate::domain::Pattern;

/// One version of a certificate: a pair, or two whose keys are of different kinds.
#[derive(Clone, Debug)]
pub struct Pairs {
    preferred: Pair,
    other: Option<Box<Pair>>,
}

impl Pairs {
    /// Reads one certificate's files.
    ///
    /// # Errors
    ///
    /// When they hold no chain and key that belong together, or one of two pairs is unsound.
    pub fn parse(files: &Files, provider: &CryptoProvider) -> Result<Self, Refusal> {
        let pairs = files.pairs()?.into_iter();
        let pairs = pairs.map(|sections| Pair::new(sections, provider));
        let mut pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        // RSA last: its signatures cost the most.
        pairs.sort_by_key(|pair| pair.algorithm() == SignatureAlgorithm::RSA);
        let mut pairs = pairs.into_iter();
        let preferred = pairs.next().ok_or(Refusal::CertificateMissing)?;
        let other = pairs.next();
        let same = other.as_ref().map(Pair::algorithm) == Some(preferred.algorithm());
        if same || pairs.next().is_some() {
            return Err(Refusal::SameKeyKind);
        }
        Ok(Self {
            preferred,
            other: other.map(Box::new),
        })
    }

    /// The pairs, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        [Some(&self.preferred), self.other.as_deref()]
            .into_iter()
            .flatten()
    }

    /// The pair for a client: the preferred one whose key can make a signature that the client
    /// accepts. When none can, the handshake fails with any of them.
    pub fn choose(&self, schemes: &[SignatureScheme]) -> &Arc<CertifiedKey> {
        let mut keys = self.iter().map(|pair| &pair.certified);
        let fits = keys.find(|certified| certified.key.choose_scheme(schemes).is_some());
        fits.unwrap_or(&self.preferred.certified)
    }

    /// The chains, while nobody else holds them.
    pub(super) fn chains_mut(&mut self) -> impl Iterator<Item = &mut Vec<CertificateDer<'static>>> {
        let pairs = [Some(&mut self.preferred), self.other.as_deref_mut()];
        let certified = pairs.into_iter().flatten().map(|pair| &mut pair.certified);
        certified.filter_map(|certified| Some(&mut Arc::get_mut(certified)?.cert))
    }

    /// Identifies the version: the preferred pair's leaf.
    pub fn fingerprint(&self) -> Fingerprint {
        self.preferred.fingerprint
    }

    /// From when until when all of it is valid.
    pub fn validity(&self) -> Validity {
        let validities = self.iter().map(|pair| pair.validity);
        validities.fold(self.preferred.validity, |all, one| Validity {
            not_before: all.not_before.max(one.not_before),
            not_after: all.not_after.min(one.not_after),
        })
    }

    /// The DNS names that all leaves are valid for.
    pub fn names(&self) -> impl Iterator<Item = &Pattern> {
        let names = self.preferred.names().iter();
        names.filter(|name| self.other.as_ref().is_none_or(|other| other.covers(name)))
    }

    /// The names for a message: the first few of them.
    pub fn names_for_humans(&self) -> String {
        refusal::list(self.names())
    }

    /// Whether all leaves are valid for all that a domain's name stands for.
    pub fn covers(&self, domain: &Pattern) -> bool {
        self.iter().all(|pair| pair.covers(domain))
    }

    /// Whether the leaves name the domain itself, and not only a wildcard above it.
    pub fn names_exactly(&self, domain: &Pattern) -> bool {
        self.iter().all(|pair| pair.names_exactly(domain))
    }

    /// How many certificates the chains hold.
    pub fn chain_length(&self) -> usize {
        self.iter().map(Pair::chain_length).sum()
    }

    /// Whether serving `other` would send the same bytes.
    pub fn same_chains(&self, other: &Self) -> bool {
        let pairs = self.iter().zip(other.iter());
        let same = pairs.map(|(ours, theirs)| ours.same_chain(theirs));
        self.other.is_some() == other.other.is_some() && same.min() == Some(true)
    }

    /// Checks that all of it is valid at `now`.
    ///
    /// # Errors
    ///
    /// When it has expired or is not valid yet.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let validity = self.validity();
        if validity.is_past(now) {
            return Err(Refusal::Expired(validity.not_after));
        }
        if validity.is_future(now) {
            return Err(Refusal::NotYetValid(validity.not_before));
        }
        Ok(())
    }
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
        made_with(names, &KeyPair::generate().unwrap())
    }

    fn made_with(names: &[&str], key: &KeyPair) -> Made {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names)
            .unwrap()
            .self_signed(key)
            .unwrap();
        Made {
            chain: leaf.pem(),
            key: key.serialize_pem(),
        }
    }

    fn parse(files: &[(&str, &str)]) -> Result<Pairs, Refusal> {
        let mut entry = Files::new(PathBuf::from("x"));
        for (name, content) in files {
            entry.insert((*name).to_owned(), Ok(content.as_bytes().to_vec()));
        }
        Pairs::parse(&entry, &aws_lc_rs::default_provider())
    }

    #[test]
    fn a_pair_knows_its_names() {
        let made = made(&["play.example.com", "*.live.example.com"]);
        let pairs = parse(&[("fullchain.pem", &made.chain), ("privkey.pem", &made.key)]).unwrap();
        let covers = |name: &str| pairs.covers(&name.parse().unwrap());
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
            let pairs = parse(&[("a.pem", &order.map(String::as_str).concat())]).unwrap();
            assert!(pairs.covers(&"a.example.com".parse().unwrap()));
            assert_eq!(pairs.chain_length(), 2);
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

    #[test]
    fn two_pairs_under_one_name_and_the_client_chooses() {
        let names = ["a.example.com", "b.example.com"];
        let (ecdsa, rsa) = (made(&names), made_with(&names[..1], &rsa_key()));
        let files = [
            ("fullchain.rsa.pem", &*rsa.chain),
            ("privkey.rsa.pem", &*rsa.key),
            ("fullchain.ecdsa.pem", &*ecdsa.chain),
            ("privkey.ecdsa.pem", &*ecdsa.key),
        ];
        let pairs = parse(&files).unwrap();
        let kind = |schemes: &[SignatureScheme]| pairs.choose(schemes).key.algorithm();
        let (p256, pss) = (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
        );
        assert_eq!(kind(&[pss, p256]), SignatureAlgorithm::ECDSA);
        assert_eq!(kind(&[pss]), SignatureAlgorithm::RSA);
        assert_eq!(kind(&[SignatureScheme::ED25519]), SignatureAlgorithm::ECDSA);
        // What only one of them names would be refused by half of the clients.
        assert!(pairs.covers(&"a.example.com".parse().unwrap()));
        assert!(!pairs.covers(&"b.example.com".parse().unwrap()));
        let twice = [
            files[2],
            files[3],
            ("tls.crt", files[2].1),
            ("tls.key", files[3].1),
        ];
        assert_eq!(parse(&twice).unwrap_err().code(), "same_key_kind");
        assert_eq!(parse(&files[..3]).unwrap_err().code(), "key_missing");
    }

    fn rsa_key() -> KeyPair {
        KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap()
    }

    #[test]
    fn ed25519_keys_load() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let made = made_with(&["a.example.com"], &key);
        let pairs = parse(&[("tls.crt", &made.chain), ("tls.key", &made.key)]).unwrap();
        let chosen = pairs.choose(&[SignatureScheme::ED25519]);
        assert_eq!(chosen.key.algorithm(), SignatureAlgorithm::ED25519);
    }
}
