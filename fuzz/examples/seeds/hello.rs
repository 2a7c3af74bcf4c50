use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

use crate::Seed;

/// What clients send first, behind the byte that says how it comes.
pub(crate) fn seeds() -> Vec<Seed> {
    let (small, old) = (client(&TLS13, false), client(&TLS12, false));
    let hybrid = hello(&client(&TLS13, true), "play.localhost");
    let anonymous = hello(&nameless(&old), "play.localhost");
    vec![
        ("tls13-hybrid", all_at_once(&hybrid)),
        (
            "tls13-hybrid-in-records",
            in_pieces(&in_records(&hybrid, 300), 127),
        ),
        ("tls13", all_at_once(&hello(&small, "a.live.localhost"))),
        (
            "tls13-modern",
            all_at_once(&hello(&small, "modern.live.localhost")),
        ),
        (
            "tls13-known",
            all_at_once(&hello(&small, "known.live.localhost")),
        ),
        ("tls12", all_at_once(&hello(&old, "play.localhost"))),
        (
            "tls12-modern",
            all_at_once(&hello(&old, "modern.live.localhost")),
        ),
        (
            "tls12-byte-by-byte",
            in_pieces(&hello(&old, "a.live.localhost"), 1),
        ),
        (
            "tls12-in-records",
            in_pieces(&in_records(&hello(&old, "play.localhost"), 20), 7),
        ),
        ("off", all_at_once(&hello(&old, "off.localhost"))),
        ("unbound", all_at_once(&hello(&old, "unbound.localhost"))),
        (
            "unusable",
            all_at_once(&hello(&old, "unusable.live.localhost")),
        ),
        ("unknown", all_at_once(&hello(&old, "unknown.localhost"))),
        (
            "two-labels-below",
            all_at_once(&hello(&old, "a.b.live.localhost")),
        ),
        ("without-name", all_at_once(&anonymous)),
        (
            "without-name-but-default",
            [&[0x80], &anonymous[..]].concat(),
        ),
        (
            "upper-case",
            all_at_once(&renamed(&old, "play.localhost", "PLAY.localHOST")),
        ),
        (
            "trailing-dot",
            all_at_once(&renamed(&old, "play.localhostx", "play.localhost.")),
        ),
        (
            "address",
            all_at_once(&renamed(&old, "localhost", "127.0.0.1")),
        ),
        (
            "wildcard",
            all_at_once(&renamed(&old, "x.live.localhost", "*.live.localhost")),
        ),
        (
            "zero-byte",
            all_at_once(&renamed(&old, "playx.localhost", "play\0.localhost")),
        ),
        ("cut-off", all_at_once(&hybrid[..200])),
        (
            "http",
            all_at_once(b"GET / HTTP/1.1\r\nHost: play.localhost\r\n\r\n"),
        ),
        ("alert", all_at_once(&[22, 3, 1, 0, 2, 2, 40])),
    ]
}

fn all_at_once(bytes: &[u8]) -> Vec<u8> {
    in_pieces(bytes, 0)
}

fn in_pieces(bytes: &[u8], most: u8) -> Vec<u8> {
    [&[most], bytes].concat()
}

fn client(version: &'static SupportedProtocolVersion, hybrid: bool) -> ClientConfig {
    let mut provider = aws_lc_rs::default_provider();
    if !hybrid {
        provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1];
    }
    let mut config = config(provider, version);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn config(provider: CryptoProvider, version: &'static SupportedProtocolVersion) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider.into());
    let builder = builder.with_protocol_versions(&[version]);
    let builder = builder.expect("the provider speaks it");
    let roots = RootCertStore::empty();
    builder.with_root_certificates(roots).with_no_client_auth()
}

fn nameless(config: &ClientConfig) -> ClientConfig {
    let mut config = config.clone();
    config.enable_sni = false;
    config
}

/// The first flight: one record.
fn hello(config: &ClientConfig, name: &'static str) -> Vec<u8> {
    let name = name.try_into().expect("a host name");
    let client = ClientConnection::new(Arc::new(config.clone()), name);
    let mut client = client.expect("the configuration is sound");
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("memory takes all");
    bytes
}

/// The same with a name of the same length in the place of the one that the client would send.
fn renamed(config: &ClientConfig, name: &'static str, other: &str) -> Vec<u8> {
    assert_eq!(name.len(), other.len());
    let mut bytes = hello(config, name);
    let mut windows = bytes.windows(name.len());
    let place = windows.position(|it| it == name.as_bytes());
    let place = place.expect("the name is in the ClientHello");
    bytes[place..place + name.len()].copy_from_slice(other.as_bytes());
    bytes
}

/// The message of one record, cut up into many (RFC 8446 section 5.1).
fn in_records(record: &[u8], most: usize) -> Vec<u8> {
    let (header, message) = record.split_at(5);
    let records = message.chunks(most).map(|piece| {
        let length = u16::try_from(piece.len()).expect("a record is short");
        [&header[..3], &length.to_be_bytes(), piece].concat()
    });
    records.collect::<Vec<_>>().concat()
}
