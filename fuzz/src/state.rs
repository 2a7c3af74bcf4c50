use aws_lc_rs::digest::{SHA256, digest};
use lockgate::certificate::{Fingerprint, Timestamp};
use lockgate::state::{FilesDigest, Pin, Record, RecordError, Version};

use crate::message;

/// A file of the state directory: a record with its seal or without, or a pin. The first line is
/// read as the small texts as well that files and commands have in them.
pub fn state(bytes: &[u8]) {
    record(bytes);
    record(&sealed(bytes));
    pin(bytes);
    let line = bytes.split(|byte| *byte == b'\n').next();
    if let Ok(line) = str::from_utf8(line.unwrap_or_default()) {
        small(line);
    }
}

/// As `state` ends a record.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let digest = digest(&SHA256, bytes);
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    let seal = format!("# end sha256={}\n", digits.collect::<String>());
    [bytes, seal.as_bytes()].concat()
}

fn record(bytes: &[u8]) {
    let record = match Record::parse(bytes) {
        Ok(record) => record,
        Err(error) => {
            message::check(&error);
            return assert!(!error.code().is_empty());
        }
    };
    assert!((1..=2).contains(&record.pairs().count()));
    let written = record.to_bytes();
    let again = Record::parse(&written).expect("what is written can be read");
    assert_eq!(again.to_bytes(), written);
    assert_eq!(format!("{again:?}"), format!("{record:?}"));
    let end = record.pair.chain.len() % written.len();
    let cut = Record::parse(&written[..end]);
    assert_eq!(cut.err(), Some(RecordError::Torn));
}

fn pin(bytes: &[u8]) {
    match Pin::parse(bytes) {
        Ok(pin) => {
            let again = Pin::parse(pin.to_string().as_bytes());
            assert_eq!(again.ok(), Some(pin));
        }
        Err(error) => {
            message::check(&error);
            message::check(&error.hint());
            assert!(!error.code().is_empty());
        }
    }
}

/// Each has one way to be written.
fn small(text: &str) {
    let written = [
        text.parse::<Version>().map(|it| it.to_string()).ok(),
        text.parse::<FilesDigest>().map(|it| it.to_string()).ok(),
        text.parse::<Fingerprint>().map(|it| it.to_string()).ok(),
        text.parse::<Timestamp>().map(|it| it.to_string()).ok(),
    ];
    for written in written.into_iter().flatten() {
        assert_eq!(written, text);
    }
}
