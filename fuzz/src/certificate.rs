use std::sync::LazyLock;

use lockgate::certificate::{Files, Fingerprint, Note, Pair, Pairs, Parsed, Refusal, Timestamp};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::message;

static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(aws_lc_rs::default_provider);

/// Reads a certificate's files. `given` are the certificates and the staple among them.
pub(crate) fn check(files: &Files, given: &Given) {
    match Pairs::parse(files, &PROVIDER) {
        Ok(parsed) => check_parsed(&parsed, given),
        Err(refusal) => check_refusal(&refusal),
    }
}

/// What the files hold: nothing else may be served.
pub(crate) struct Given {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) staple: Option<Vec<u8>>,
}

fn check_refusal(refusal: &Refusal) {
    message::check(refusal);
    message::check(&refusal.hint());
    assert!(!refusal.code().is_empty());
    // A name in a certificate may look like a list of bytes.
    if !matches!(refusal, Refusal::Chain(_)) {
        message::check_secrecy(refusal);
    }
    let _ = refusal.may_be_torn();
}

fn check_parsed(parsed: &Parsed, given: &Given) {
    let Parsed {
        pairs,
        notes,
        leaves,
    } = parsed;
    assert_eq!(leaves.len(), pairs.iter().count());
    assert!((1..=2).contains(&pairs.iter().count()));
    pairs.iter().for_each(|pair| check_pair(pair, given));
    for name in pairs.names() {
        assert!(pairs.covers(name), "{name}");
    }
    message::check(&pairs.names_for_humans());
    assert!(pairs.same_chains(pairs));
    check_notes(notes, pairs);
    check_times(pairs);
}

fn check_notes(notes: &[Note], pairs: &Pairs) {
    for note in notes {
        message::check(note);
        message::check(&note.hint());
        assert!(!note.code().is_empty());
    }
    let at_fault = notes.iter().any(|note| matches!(note, Note::Staple(_)));
    assert!(!(at_fault && pairs.staple_until().is_some()));
}

fn check_times(pairs: &Pairs) {
    let validity = pairs.validity();
    let outside = |seconds| pairs.check_time(Timestamp(seconds)).is_err();
    assert!(validity.not_after.0 == i64::MAX || outside(i64::MAX));
    assert!(validity.not_before.0 == i64::MIN || outside(i64::MIN));
    let stripped = pairs.without_past_staples(Timestamp(i64::MAX));
    assert_eq!(stripped.is_some(), pairs.staple_until().is_some());
    assert!(stripped.is_none_or(|it| it.staple_until().is_none()));
}

fn check_pair(pair: &Pair, given: &Given) {
    let chain = &pair.certified.cert;
    let leaf = chain.first().expect("a pair has a leaf");
    assert_eq!(pair.fingerprint, Fingerprint::of(leaf));
    let key = pair.certified.key.public_key();
    let key = key.expect("the kinds of keys that are loaded tell their public half");
    assert!(contains(leaf, &key), "the key is not the leaf's");
    check_chain(chain, &given.certificates);
    let staple = pair.certified.ocsp.as_ref();
    assert_eq!(staple.is_some(), pair.staple_until().is_some());
    assert!(staple.is_none() || staple == given.staple.as_ref());
    for name in pair.names() {
        assert_eq!(name.to_string().parse().as_ref(), Ok(name));
        assert!(pair.covers(name) && pair.names_exactly(name));
    }
}

/// Each is one of those that were given, none is there twice, and each comes after one that it
/// issued, or after one above the leaf that has the same name.
fn check_chain(chain: &[CertificateDer<'_>], given: &[Vec<u8>]) {
    for (place, certificate) in chain.iter().enumerate() {
        assert!(given.iter().any(|it| it == certificate.as_ref()));
        assert!(!chain[..place].contains(certificate));
    }
    let parsed = chain.iter().map(|der| X509Certificate::from_der(der));
    // Not all that is served is read with x509-parser.
    let Ok(parsed) = parsed.collect::<Result<Vec<_>, _>>() else {
        return;
    };
    for (place, (_, certificate)) in parsed.iter().enumerate().skip(1) {
        let name = certificate.subject().as_raw();
        let (_, leaf) = &parsed[0];
        let mut above = parsed[1..place].iter();
        let belongs = leaf.issuer().as_raw() == name
            || above.any(|(_, it)| it.issuer().as_raw() == name || it.subject().as_raw() == name);
        assert!(belongs, "certificate {place} is no part of the chain");
    }
}

/// Whether one stands somewhere in the other.
pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
