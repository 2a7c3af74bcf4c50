use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, RsaKeySize};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::Seed;
use crate::material::{example, fixture};

const CHAIN: &[u8] = fixture!("ocsp/leaf.pem");
const KEY: &[u8] = fixture!("ocsp/leaf.key");

/// The files of certificates, laid out as tools do it.
pub(crate) fn seeds() -> Vec<Seed> {
    let (wild, wild_key) = (
        example!("live-2026/fullchain.pem"),
        example!("live-2026/privkey.pem"),
    );
    let [leaf, middle, root, key] = &issued();
    let [rsa, rsa_key] = &rsa();
    vec![
        (
            "certbot",
            files(&[
                ("fullchain.pem", &[CHAIN]),
                ("privkey.pem", &[KEY]),
                OPTIONS,
            ]),
        ),
        (
            "kubernetes",
            files(&[
                ("ca.crt", &[]),
                ("tls.crt", &[wild]),
                ("tls.key", &[wild_key]),
            ]),
        ),
        (
            "split",
            files(&[
                ("cert.pem", &[leaf]),
                ("chain.pem", &[middle, root]),
                ("key.pem", &[key]),
            ]),
        ),
        (
            "lego",
            files(&[
                ("x.crt", &[middle, root, leaf]),
                ("x.key", &[key]),
                ("x.ocsp", &[GOOD]),
            ]),
        ),
        ("haproxy", files(&[("x.pem", &[root, key, leaf, middle])])),
        (
            "leaf-twice",
            files(&[("fullchain.cer", &[leaf, leaf, middle]), ("x.key", &[key])]),
        ),
        (
            "two-pairs",
            files(&[
                ("fullchain.rsa.pem", &[rsa]),
                ("privkey.rsa.pem", &[rsa_key]),
                ("tls.ecdsa.crt", &[leaf, middle]),
                ("tls.ecdsa.key", &[key]),
            ]),
        ),
        (
            "stapled",
            files(&[
                ("tls.crt", &[CHAIN]),
                ("tls.key", &[KEY]),
                ("ocsp.der", &[GOOD]),
            ]),
        ),
        (
            "revoked",
            files(&[
                ("tls.crt", &[CHAIN]),
                ("tls.key", &[KEY]),
                ("ocsp.der", &[REVOKED]),
            ]),
        ),
        (
            "weak",
            files(&[("x.pem", &[fixture!("strength/rsa-1024.pem")])]),
        ),
        (
            "encrypted",
            files(&[("tls.crt", &[CHAIN]), ("tls.key", &[ENCRYPTED])]),
        ),
        (
            "torn",
            files(&[
                ("tls.key", &[KEY]),
                ("tls.crt", &[&CHAIN[..CHAIN.len() - 40]]),
            ]),
        ),
        (
            "key-in-one-line",
            files(&[("tls.crt", &[CHAIN]), ("tls.key", &[&in_one_line(KEY)])]),
        ),
    ]
}

/// Chains in DER, with the byte that says what stands around them.
pub(crate) fn chains() -> Vec<Seed> {
    let ca = fixture!("ocsp/ca.der");
    let leaf = fixture!("ocsp/leaf.der");
    let example = ders(example!("play-2026/fullchain.pem"));
    let [first, middle, root, _] = &issued();
    let long: Vec<u8> = [first, middle, root]
        .into_iter()
        .flat_map(|it| ders(it).concat())
        .collect();
    let with = |flags: u8, parts: &[&[u8]]| [&[flags], parts.concat().as_slice()].concat();
    vec![
        ("example", with(0, &[&example.concat()])),
        ("reordered", with(0, &[&example[1], &example[0]])),
        ("leaf-and-ca", with(1, &[leaf, ca])),
        ("leaf-alone", with(1, &[leaf])),
        ("good", with(1 | 4, &[leaf, ca, GOOD])),
        ("good-around", with(1 | 2 | 4 | 8, &[GOOD])),
        (
            "second",
            with(1 | 2 | 4, &[ca, fixture!("ocsp/good-second.der")]),
        ),
        (
            "sha384",
            with(1 | 2 | 4 | 8, &[fixture!("ocsp/good-sha384.der")]),
        ),
        (
            "without-end",
            with(1 | 2 | 4 | 8, &[fixture!("ocsp/good-without-end.der")]),
        ),
        ("revoked", with(1 | 2 | 4 | 8, &[REVOKED])),
        (
            "weak-issuer",
            with(1 | 2, &[ca, fixture!("strength/issued-sha1.der")]),
        ),
        (
            "pss",
            with(0, &[&example[0], fixture!("strength/pss-sha1.der")]),
        ),
        ("foreign", with(2, &[&long])),
        ("variant", with(0, &[&example[0], &variant(), &example[1]])),
    ]
}

/// What does not end with a line can only come last.
fn files(files: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let files = files.iter().map(|(name, parts)| {
        let name = format!("=== {name}\n");
        [name.as_bytes(), &parts.concat()].concat()
    });
    files.collect::<Vec<_>>().concat()
}

/// What is left of a text in an environment variable, say.
fn in_one_line(pem: &[u8]) -> Vec<u8> {
    let bytes = pem.iter().filter(|byte| **byte != b'\n');
    bytes.copied().collect()
}

fn ders(pem: &[u8]) -> Vec<Vec<u8>> {
    let ders = CertificateDer::pem_slice_iter(pem);
    let ders = ders.map(|der| der.expect("this is PEM").to_vec());
    ders.collect()
}

/// A certificate with the name of the example CA, and another key.
fn variant() -> Vec<u8> {
    let key = KeyPair::generate().expect("a key");
    let root = authority("Lockgate example CA").self_signed(&key);
    root.expect("a root").der().to_vec()
}

/// A leaf, an intermediate and a root, and the leaf's key.
fn issued() -> [Vec<u8>; 4] {
    let key = || KeyPair::generate().expect("a key");
    let root = CertifiedIssuer::self_signed(authority("root"), key()).expect("a root");
    let middle = CertifiedIssuer::signed_by(authority("middle"), key(), &root).expect("a CA");
    let key = key();
    let mut params = CertificateParams::new(names()).expect("names");
    params.use_authority_key_identifier_extension = true;
    let leaf = params.signed_by(&key, &middle).expect("a leaf");
    [leaf.pem(), middle.pem(), root.pem(), key.serialize_pem()].map(String::into_bytes)
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.use_authority_key_identifier_extension = true;
    params
}

/// A self-signed certificate, and its key.
fn rsa() -> [Vec<u8>; 2] {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048);
    let key = key.expect("a key");
    let leaf = CertificateParams::new(names()).expect("names");
    let leaf = leaf.self_signed(&key).expect("a leaf");
    [leaf.pem(), key.serialize_pem()].map(String::into_bytes)
}

fn names() -> [String; 3] {
    [
        "a.example.com",
        "*.live.example.com",
        "xn--e1afmkfd.example.com",
    ]
    .map(str::to_owned)
}

const GOOD: &[u8] = fixture!("ocsp/good.der");
const REVOKED: &[u8] = fixture!("ocsp/revoked.der");
const OPTIONS: (&str, &[&[u8]]) = (
    "certificate.toml",
    &[b"force = true\nremarks = \"until May\"\n"],
);
const ENCRYPTED: &[u8] =
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
