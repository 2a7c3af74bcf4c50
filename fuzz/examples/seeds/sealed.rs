use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lockgate::certificate::{Fingerprint, Timestamp};
use lockgate::state::{FilesDigest, Pin, Record, RecordPair};
use lockgate::ticket::{Context, Keys, Ticketer};
use rustls::server::ProducesTickets;
use zeroize::Zeroizing;

use crate::Seed;
use crate::material::fixture;

/// Two key files, and a ticket.
pub(crate) fn keys() -> Vec<Seed> {
    let (one, other) = (secret(1, 48), secret(2, 80));
    let ticket = past_ticket(&one);
    let text = fixture!("ocsp/leaf.key");
    vec![
        ("two-keys", input(&one, &other, b"state")),
        ("the-same-twice", input(&one, &one, b"")),
        ("past-ticket", input(&one, &other, &ticket)),
        (
            "changed-ticket",
            input(&one, &other, &[&ticket[..ticket.len() - 1], b"x"].concat()),
        ),
        (
            "shortest",
            input(&secret(3, 32), &secret(4, 1024), &[0; 300]),
        ),
        ("too-short", input(&secret(3, 31), &other, b"")),
        ("too-long", input(&one, &secret(4, 1025), b"")),
        ("text", input(&one, text, b"")),
        ("zeros", input(&[0; 48], &other, b"")),
    ]
}

fn input(one: &[u8], other: &[u8], brought: &[u8]) -> Vec<u8> {
    let length = |key: &[u8]| {
        u16::try_from(key.len())
            .expect("a key is short")
            .to_be_bytes()
    };
    [&length(one)[..], one, &length(other)[..], other, brought].concat()
}

/// Bytes that could be random, and differ by `seed`.
fn secret(seed: usize, length: usize) -> Vec<u8> {
    let bytes = (0..length).map(|n| (n * 37 % 251) as u8 ^ seed as u8);
    bytes.collect()
}

/// One whose session has ended: it is opened, and then refused.
fn past_ticket(secret: &[u8]) -> Vec<u8> {
    let keys = Keys::from_files([("1.key", secret)]).expect("a key");
    let ticketer = Ticketer::new(Arc::new(keys), Context::new([1; 32]));
    ticketer.end_by(1);
    ticketer
        .encrypt(b"the state of a session")
        .expect("random bytes")
}

/// Records without their seal and one with it, and a pin.
pub(crate) fn records() -> Vec<Seed> {
    let full = Record {
        second: Some(pair(b"other chain", b"other key\n")),
        staple: Some(fixture!("ocsp/good.der").to_vec()),
        location: PathBuf::from("/etc/lockgate/100% ours\n"),
        ..record()
    };
    let pin = Pin {
        version: "20261124T101502.123Z-1a2b3c4d5e6f"
            .parse()
            .expect("a version"),
        files: FilesDigest::of([("tls.crt", &b"chain"[..])]),
        since: Timestamp(1_795_515_302),
    };
    vec![
        ("record", unsealed(&record())),
        ("record-full", unsealed(&full)),
        ("record-sealed", record().to_bytes().to_vec()),
        ("pin", pin.to_string().into_bytes()),
        ("version", pin.version.to_string().into_bytes()),
        ("digest", pin.files.to_string().into_bytes()),
        ("timestamp", pin.since.to_string().into_bytes()),
    ]
}

fn record() -> Record {
    Record {
        certificate: "play-2026".parse().expect("a certificate's name"),
        adopted: UNIX_EPOCH + Duration::from_millis(1_795_515_302_123),
        location: PathBuf::from("/etc/lockgate/certificates/play-2026"),
        pair: pair(fixture!("ocsp/leaf.pem"), fixture!("ocsp/leaf.key")),
        second: None,
        staple: None,
    }
}

fn pair(chain: &[u8], key: &[u8]) -> RecordPair {
    RecordPair {
        fingerprint: Fingerprint::of(chain),
        chain: chain.to_vec(),
        key: Zeroizing::new(key.to_vec()),
    }
}

/// The target puts the seal on, or no change would come past it.
fn unsealed(record: &Record) -> Vec<u8> {
    let bytes = record.to_bytes();
    let end = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n');
    bytes[..=end.expect("a record has lines")].to_vec()
}
