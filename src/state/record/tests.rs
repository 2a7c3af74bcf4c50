use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::state::digest::Sha256;

/// A record of a leaf that `leaf` stands for.
pub(in crate::state) fn record(certificate: &str, adopted: u64, leaf: &str) -> Record {
    Record {
        certificate: certificate.parse().unwrap(),
        adopted: UNIX_EPOCH + Duration::from_millis(adopted),
        location: PathBuf::from("/etc/lockgate/certificates").join(certificate),
        pair: pair(leaf),
        second: None,
        staple: None,
    }
}

fn pair(leaf: &str) -> RecordPair {
    let block = |label| format!("-----BEGIN {label}-----\n{leaf}\n-----END {label}-----\n");
    RecordPair {
        fingerprint: Fingerprint::of(leaf.as_bytes()),
        chain: block("CERTIFICATE").into_bytes(),
        key: Zeroizing::new(block("PRIVATE KEY").into_bytes()),
    }
}

fn full() -> Record {
    Record {
        second: Some(pair("ecdsa")),
        staple: Some(vec![0x30, 0x03, 0x0a, 0x01, 0x00]),
        ..record("play", 1_795_515_302_123, "rsa")
    }
}

fn sealed(text: &str) -> Vec<u8> {
    format!("{text}# end sha256={}\n", Sha256::of(text.as_bytes())).into_bytes()
}

#[test]
fn a_record_is_text_that_tools_can_read() {
    let record = record("play", 1_795_515_302_123, "abc");
    let text = String::from_utf8(record.to_bytes().to_vec()).unwrap();
    let expected = "\
# Lockgate record, format 1
# certificate: play
# adopted: 2026-11-24T10:15:02.123Z
# directory: /etc/lockgate/certificates/play
# fingerprint: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
# chain of 58 bytes
-----BEGIN CERTIFICATE-----
abc
-----END CERTIFICATE-----
# key of 58 bytes
-----BEGIN PRIVATE KEY-----
abc
-----END PRIVATE KEY-----
";
    assert_eq!(text.as_bytes(), sealed(expected));
}

#[test]
fn a_record_comes_back_as_it_was() {
    for record in [full(), record("play", 0, "abc")] {
        assert_eq!(Record::parse(&record.to_bytes()), Ok(record));
    }
}

#[test]
fn a_record_that_was_cut_off_is_torn() {
    let bytes = full().to_bytes();
    for end in 0..bytes.len() {
        let parsed = Record::parse(&bytes[..end]);
        assert_eq!(parsed, Err(RecordError::Torn), "after {end} bytes");
    }
}

#[test]
fn a_record_with_a_changed_bit_is_torn() {
    let bytes = full().to_bytes();
    for (place, bit) in (0..bytes.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << bit;
        let parsed = Record::parse(&changed);
        assert_eq!(parsed, Err(RecordError::Torn), "bit {bit} of byte {place}");
    }
}

#[test]
fn sealed_texts_that_are_no_record_are_told() {
    let good = String::from_utf8(record("play", 0, "abc").to_bytes().to_vec()).unwrap();
    let good = &good[..good.find("# end").unwrap()];
    for (from, to, code) in [
        ("format 1", "format 2", "record_format"),
        (
            "certificate: play",
            "certificate: ../play",
            "record_malformed",
        ),
        ("1970-", "1870-", "record_malformed"),
        ("directory: /", "directory: %", "record_malformed"),
        ("fingerprint: ba", "fingerprint: BA", "record_malformed"),
        ("chain of 58", "chain of 56", "record_malformed"),
        (
            "chain of 58",
            "chain of 99999999999999999999",
            "record_malformed",
        ),
        ("key of 58", "key of 9999", "record_malformed"),
    ] {
        assert!(good.contains(from));
        let error = Record::parse(&sealed(&good.replacen(from, to, 1))).unwrap_err();
        assert_eq!(error.code(), code, "{to}");
    }
    let more = Record::parse(&sealed(&format!("{good}more\n")));
    assert_eq!(more, Err(RecordError::Malformed("staple")));
}

#[test]
fn a_staple_alone_serves_nothing_new() {
    let (one, other) = (record("play", 0, "abc"), record("play", 1, "abc"));
    let stapled = Record {
        staple: Some(vec![1]),
        ..other.clone()
    };
    assert!(one.serves_the_same(&stapled));
    let mut chained = other;
    chained.pair.chain.extend(b"more");
    assert!(!one.serves_the_same(&chained));
    assert!(!one.serves_the_same(&full()));
}

#[test]
fn no_key_is_shown() {
    let shown = format!("{:?}", full());
    assert!(shown.contains("play") && !shown.contains("PRIVATE"));
    let key = format!("{:?}", full().pair.key.as_slice());
    assert!(!shown.contains(key.trim_matches(['[', ']'])));
}

fn any_pair() -> impl Strategy<Value = RecordPair> {
    any::<(Vec<u8>, Vec<u8>)>().prop_map(|(chain, key)| RecordPair {
        fingerprint: Fingerprint::of(&chain),
        chain,
        key: Zeroizing::new(key),
    })
}

prop_compose! {
    fn any_record()(
        certificate in "[!-.0-~]{1,255}",
        adopted in 0..253_402_300_800_000_u64,
        location: Vec<u8>,
        pair in any_pair(),
        second in proptest::option::of(any_pair()),
        staple: Option<Vec<u8>>,
    ) -> Record {
        Record {
            certificate: certificate.replacen('.', "x", 1).parse().unwrap(),
            adopted: UNIX_EPOCH + Duration::from_millis(adopted),
            location: std::ffi::OsString::from_vec(location).into(),
            pair,
            second,
            staple,
        }
    }
}

proptest! {
    #[test]
    fn any_record_comes_back(record in any_record()) {
        prop_assert_eq!(Record::parse(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, text in "(# [ -~]{0,40}\n){0,8}") {
        prop_assert_eq!(Record::parse(&bytes), Err(RecordError::Torn));
        let _ = Record::parse(&sealed(&text));
        let _ = Record::parse(&sealed(&format!("{FORMAT}\n{text}")));
    }
}
