use std::path::PathBuf;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::crypto::aws_lc_rs;

use super::*;
use crate::certificate::StapleFault;

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
    Ok(parse_all(files)?.pairs)
}

fn parse_all(files: &[(&str, &str)]) -> Result<Parsed, Refusal> {
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

/// A chain of three, each certificate as PEM, and the leaf's key.
fn issued() -> ([String; 3], String) {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
    };
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(authority("root"), key()).unwrap();
    let middle = CertifiedIssuer::signed_by(authority("middle"), key(), &root).unwrap();
    let (key, names) = (key(), vec!["a.example.com".to_owned()]);
    let leaf = CertificateParams::new(names).unwrap();
    let leaf = leaf.signed_by(&key, &middle).unwrap();
    ([leaf.pem(), middle.pem(), root.pem()], key.serialize_pem())
}

#[test]
fn one_file_in_any_order() {
    let ([leaf, middle, root], key) = issued();
    for order in [
        [&key, &leaf, &middle, &root],
        [&root, &leaf, &middle, &key],
        [&middle, &key, &root, &leaf],
    ] {
        let parsed = parse_all(&[("a.pem", &order.map(String::as_str).concat())]).unwrap();
        assert!(parsed.pairs.covers(&"a.example.com".parse().unwrap()));
        assert_eq!(parsed.pairs.chain_length(), 3);
        assert!(parsed.notes.is_empty(), "such a file has no order");
    }
}

#[test]
fn a_chain_that_can_be_put_right_is_and_it_says_so() {
    let ([leaf, middle, root], key) = issued();
    let notes = |chain: &[&str]| {
        let files = [("fullchain.pem", &*chain.concat()), ("privkey.pem", &key)];
        let parsed = parse_all(&files)?;
        Ok::<_, Refusal>(parsed.notes.iter().map(Note::code).collect::<Vec<_>>())
    };
    assert_eq!(notes(&[&leaf, &middle, &root]).unwrap(), [""; 0]);
    assert_eq!(
        notes(&[&leaf, &root, &middle]).unwrap(),
        ["chain_reordered"]
    );
    assert_eq!(notes(&[&middle, &leaf]).unwrap(), ["chain_reordered"]);
    assert_eq!(notes(&[&leaf, &leaf, &middle]).unwrap(), ["leaf_repeated"]);
    let stranger = made(&["b.example.com"]).chain;
    assert_eq!(
        notes(&[&leaf, &stranger]).unwrap_err().code(),
        "chain_broken"
    );
    assert_eq!(notes(&[&leaf, &root]).unwrap_err().code(), "chain_broken");
}

#[test]
fn a_staple_that_is_none_is_a_note() {
    let ([leaf, ..], key) = issued();
    let files = [
        ("tls.crt", &*leaf),
        ("tls.key", &key),
        ("ocsp.der", "garbage"),
    ];
    let parsed = parse_all(&files).unwrap();
    assert_eq!(parsed.notes, [Note::Staple(StapleFault::Invalid)]);
    assert!(parsed.notes[0].may_be_torn());
}

#[test]
fn an_encrypted_key_is_called_that() {
    let ([leaf, ..], _) = issued();
    let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let both = format!("{leaf}{key}");
    for files in [
        [("tls.crt", &*leaf), ("tls.key", key)],
        [("a.pem", &both), ("b", "")],
    ] {
        assert_eq!(parse(&files).unwrap_err().code(), "encrypted_key");
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
