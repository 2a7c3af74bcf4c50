//! ClientHellos that no TLS library would send. They speak TLS 1.2, where the certificate comes back
//! in the clear: no handshake has to be finished to see which one was chosen.

use std::net::SocketAddr;

use super::ca::fingerprint;
use super::wire::Wire;

/// What a ClientHello says.
#[derive(Clone)]
pub(crate) struct Hello {
    name: Option<Vec<u8>>,
    protocols: Vec<&'static str>,
    suites: Vec<u16>,
}

/// What comes back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A certificate, by its fingerprint.
    Leaf(String),
    /// No certificate: all bytes that came until the connection was closed.
    Refused(Vec<u8>),
}

/// The fatal alert unrecognized_name, byte by byte.
pub(crate) const ALERT_112: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 112];

impl Hello {
    /// A ClientHello with this name, whatever it is.
    pub(crate) fn named(name: impl AsRef<[u8]>) -> Self {
        Self {
            name: Some(name.as_ref().to_vec()),
            ..Self::anonymous()
        }
    }

    /// One without a name.
    pub(crate) fn anonymous() -> Self {
        Self {
            name: None,
            protocols: Vec::new(),
            suites: ECDHE_SUITES.to_vec(),
        }
    }

    /// Offers these protocols by ALPN.
    pub(crate) fn offering(self, protocols: &[&'static str]) -> Self {
        let protocols = protocols.to_vec();
        Self { protocols, ..self }
    }

    /// Offers these cipher suites alone.
    pub(crate) fn with_suites(self, suites: &[u16]) -> Self {
        let suites = suites.to_vec();
        Self { suites, ..self }
    }

    /// Sends it and takes what comes back.
    pub(crate) async fn ask(&self, to: SocketAddr) -> Answer {
        let mut wire = Wire::connect(to).await;
        wire.send(self.record()).await;
        answer(&mut wire).await
    }

    /// The bytes: one record with one handshake message.
    pub(crate) fn record(&self) -> Vec<u8> {
        let message = [vec![CLIENT_HELLO], prefixed(3, self.body())].concat();
        [vec![HANDSHAKE, 3, 1], prefixed(2, message)].concat()
    }

    fn body(&self) -> Vec<u8> {
        let suites = self.suites.iter().flat_map(|suite| suite.to_be_bytes());
        [
            vec![3, 3],
            vec![0x5a; 32],
            prefixed(1, Vec::new()),
            prefixed(2, suites.collect()),
            prefixed(1, vec![0]),
            prefixed(2, self.extensions()),
        ]
        .concat()
    }

    fn extensions(&self) -> Vec<u8> {
        let name = self.name.iter().map(|name| {
            let entry = [vec![0], prefixed(2, name.clone())].concat();
            extension(0, prefixed(2, entry))
        });
        let protocols = self.protocols.iter();
        let protocols = protocols.flat_map(|name| prefixed(1, name.as_bytes().to_vec()));
        let protocols: Vec<u8> = protocols.collect();
        let protocols = (!protocols.is_empty()).then(|| extension(16, prefixed(2, protocols)));
        let fixed = [
            // Groups: X25519, P-256.
            extension(10, prefixed(2, vec![0, 0x1d, 0, 0x17])),
            // Points: uncompressed.
            extension(11, vec![1, 0]),
            // Signatures: ECDSA P-256, RSA-PSS, RSA PKCS #1, each with SHA-256.
            extension(13, prefixed(2, vec![4, 3, 8, 4, 4, 1])),
            // Extended master secret.
            extension(23, Vec::new()),
        ];
        name.chain(protocols).chain(fixed).flatten().collect()
    }
}

/// Reads records until a certificate or the end.
async fn answer(wire: &mut Wire) -> Answer {
    let mut messages = Vec::new();
    loop {
        let header = wire.exactly(5).await;
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let content = wire.exactly(length).await;
        if header[0] != HANDSHAKE {
            let rest = wire.closed().await;
            return Answer::Refused([&header[..], &content, &rest].concat());
        }
        messages.extend_from_slice(&content);
        if let Some(leaf) = leaf(&messages) {
            return Answer::Leaf(fingerprint(leaf));
        }
    }
}

/// The first certificate of the Certificate message, once it is there whole.
fn leaf(mut messages: &[u8]) -> Option<&[u8]> {
    loop {
        let (kind, rest) = messages.split_first()?;
        let (message, rest) = split(rest)?;
        if *kind == CERTIFICATE {
            let (list, _) = split(message)?;
            return split(list).map(|(first, _)| first);
        }
        messages = rest;
    }
}

/// Splits off what a length of three bytes stands before.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(3)?;
    let length = u32::from_be_bytes([0, length[0], length[1], length[2]]);
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// Puts the length before the bytes, in so many bytes.
fn prefixed(width: usize, bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len().to_be_bytes();
    [length[length.len() - width..].to_vec(), bytes].concat()
}

fn extension(kind: u16, content: Vec<u8>) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), prefixed(2, content)].concat()
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const CERTIFICATE: u8 = 11;

/// ECDHE with AES-128-GCM, for ECDSA and RSA certificates.
const ECDHE_SUITES: [u16; 2] = [0xc02b, 0xc02f];
