//! What a client may send to an https listener, up to the choice of its domain and certificate and
//! the first answer.

mod edge;
mod wire;

use std::cell::RefCell;

use lockgate::snapshot::{Domain, Https};
use lockgate::telemetry::Handshake;
use lockgate::tls::Accepted;
use rustls::server::Acceptor;

use crate::certificate::contains;
use edge::{Counted, Edge};
use wire::Wire;

thread_local! {
    static EDGES: [Edge; 2] = [Edge::new(None), Edge::new(Some("play.localhost"))];
}

/// All that a client sends. The first byte says in which pieces it comes (its lower seven bits; 0
/// means all at once), and whether there is a domain for clients that name none (its highest bit).
pub fn client_hello(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let piece = match first & 0x7f {
        0 => usize::MAX,
        piece => piece.into(),
    };
    EDGES.with(|edges| check(&edges[usize::from(first >> 7)], bytes, piece));
}

fn check(edge: &Edge, bytes: &[u8], piece: usize) {
    let received = RefCell::default();
    let (accepted, counted) = edge.accept(Wire::new(bytes, piece, &received));
    let received = received.take();
    if bytes.first().is_some_and(|first| *first != HANDSHAKE) {
        let Some(Accepted::Plain(stream)) = accepted else {
            panic!("this is no TLS: {accepted:?}");
        };
        assert!(stream.rest() == bytes && received.is_empty() && counted.is_none());
        return;
    }
    assert!(accepted.is_none(), "{accepted:?} without a client's answer");
    let counted = counted.expect("each handshake is counted");
    match understood(bytes, piece) {
        Hello::Whole(sni) => check_choice(edge, sni.as_deref(), &counted, &received),
        Hello::Partial => {
            assert_eq!(counted, nobody(Handshake::ClientGone));
            assert!(received.is_empty());
        }
        Hello::Invalid => {
            assert!(counted.domain.is_none());
            assert!(received.is_empty() || received[0] == ALERT);
        }
    }
}

/// What rustls makes of a client's first bytes.
enum Hello {
    /// It is there, and names a domain or none.
    Whole(Option<String>),
    /// More would have to come.
    Partial,
    Invalid,
}

fn understood(bytes: &[u8], piece: usize) -> Hello {
    let ignored = RefCell::default();
    let mut wire = Wire::new(bytes, piece, &ignored);
    let mut acceptor = Acceptor::default();
    loop {
        match acceptor.read_tls(&mut wire) {
            Ok(0) => return Hello::Partial,
            Ok(_) => {}
            Err(_) => return Hello::Invalid,
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let name = accepted.client_hello().server_name().map(str::to_owned);
                return Hello::Whole(name);
            }
            Err(_) => return Hello::Invalid,
        }
    }
}

fn check_choice(edge: &Edge, sni: Option<&str>, counted: &Counted<'_>, received: &[u8]) {
    let domain = edge.expected(sni).map(AsRef::as_ref);
    assert_eq!(counted.domain, domain.map(Domain::name), "{sni:?}");
    for leaf in edge.leaves_of_others(domain) {
        assert!(
            !contains(received, leaf),
            "{sni:?} got the certificate of another"
        );
    }
    let refusal = match (domain.map(|it| &it.https), sni) {
        (Some(Https::On(_)), _) => None,
        (Some(Https::Off), _) => Some(Handshake::Off),
        (Some(Https::Expired), _) => Some(Handshake::Expired),
        (Some(Https::Unusable), _) => Some(Handshake::Unusable),
        (Some(Https::Unbound), _) => Some(Handshake::Unbound),
        (None, Some(_)) => Some(Handshake::UnknownSni),
        (None, None) => Some(Handshake::NoSni),
    };
    match refusal {
        Some(refusal) => {
            assert_eq!(
                (counted.result, received),
                (refusal, &UNRECOGNIZED_NAME[..])
            );
        }
        None => {
            assert!(FAILURES.contains(&counted.result), "{counted:?}");
            assert_ne!(received, UNRECOGNIZED_NAME);
        }
    }
}

fn nobody(result: Handshake) -> Counted<'static> {
    Counted {
        domain: None,
        result,
    }
}

/// How it can end with a certificate to serve, but a client that answers nothing sensible.
const FAILURES: [Handshake; 6] = [
    Handshake::NoSharedAlpn,
    Handshake::NoSharedParameters,
    Handshake::ClientCertificate,
    Handshake::ClientAlert,
    Handshake::ClientGone,
    Handshake::Invalid,
];

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
