//! Handshakes in memory, with what policies make of them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::version::TLS12;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore,
    ServerConnection, SideData,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::*;
use crate::certificate::{Files, Pairs};
use crate::config::{Alpn, ClientAuth};

type Issuer = CertifiedIssuer<'static, KeyPair>;

const A: &str = "a.example.test";
const B: &str = "b.example.test";
const NAMES: [&str; 2] = [A, B];

type Version = &'static SupportedProtocolVersion;
const VERSIONS: [Version; 2] = [&TLS12, &TLS13];

/// A CA with one certificate for both names, and the keys of tickets.
struct Bench {
    ca: Issuer,
    certificate: Arc<Certificate>,
    keys: Arc<Keys>,
}

impl Bench {
    fn new() -> Self {
        let ca = issuer();
        let certificate = Arc::new(certificate(&ca));
        let keys = Arc::new(Keys::generate(None).unwrap());
        Self {
            ca,
            certificate,
            keys,
        }
    }

    /// A client that speaks one version, with a certificate of this issuer; without SNI, so that
    /// rustls does not compare it.
    fn client(&self, version: Version, issuer: Option<&Issuer>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider());
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match issuer.map(leaf) {
            Some((leaf, key)) => builder.with_client_auth_cert(vec![leaf], key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.enable_sni = false;
        config
    }

    /// A handshake for a domain: the client's end and ours.
    fn handshake(
        &self,
        policy: &Policy,
        domain: &str,
        client: &ClientConfig,
    ) -> Result<Ends, Error> {
        let domain: Pattern = domain.parse().unwrap();
        let serving = policy.serving(&self.certificate, &self.keys, &domain);
        let name = A.try_into().unwrap();
        let mut ends = Ends {
            client: ClientConnection::new(Arc::new(client.clone()), name)?,
            server: ServerConnection::new(Arc::clone(&serving))?,
            serving,
        };
        while ends.client.wants_write() || ends.server.wants_write() {
            pass(&mut ends.client, &mut ends.server)?;
            pass(&mut ends.server, &mut ends.client)?;
        }
        Ok(ends)
    }

    fn resumes(&self, policy: &Policy, domain: &str, client: &ClientConfig) -> bool {
        let ends = self.handshake(policy, domain, client).unwrap();
        ends.server.handshake_kind() == Some(HandshakeKind::Resumed)
    }
}

struct Ends {
    client: ClientConnection,
    server: ServerConnection,
    serving: Arc<ServerConfig>,
}

fn pass<F, T>(from: &mut ConnectionCommon<F>, to: &mut ConnectionCommon<T>) -> Result<(), Error>
where
    F: SideData,
    T: SideData,
{
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    let mut bytes = &bytes[..];
    while !bytes.is_empty() {
        to.read_tls(&mut bytes).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

fn names(protocols: &[Alpn]) -> Vec<Vec<u8>> {
    let protocols = protocols.iter();
    protocols.map(|it| it.code().into()).collect()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn issuer() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn certificate(issuer: &Issuer) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
    let leaf = params.signed_by(&key, issuer).unwrap();
    let mut files = Files::new("x".into());
    files.insert("cert.pem".into(), Ok(leaf.pem().into()));
    files.insert("key.pem".into(), Ok(key.serialize_pem().into()));
    Certificate {
        name: "x".parse().unwrap(),
        pairs: Pairs::parse(&files, &provider()).unwrap().pairs,
    }
}

/// A client's certificate, valid for an hour.
fn leaf(issuer: &Issuer) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["client".to_owned()]).unwrap();
    params.not_after = (SystemTime::now() + Duration::from_secs(60 * 60)).into();
    let leaf = params.signed_by(&key, issuer).unwrap();
    (leaf.der().clone(), key.into())
}

/// A policy that asks for certificates of these issuers, if there are any.
fn policy(issuers: &[&Issuer], required: bool) -> Policy {
    let pem: String = issuers.iter().map(|issuer| issuer.pem()).collect();
    let ca = Path::new("ca.pem").into();
    let tls = TlsPolicy {
        client_auth: (!issuers.is_empty()).then_some(ClientAuth { ca, required }),
        ..TlsPolicy::default()
    };
    Policy::new(&tls, Some(pem.as_bytes()), provider()).unwrap()
}

fn speaking(min_version: TlsVersion, alpn: &[Alpn]) -> Policy {
    let tls = TlsPolicy {
        min_version,
        alpn: alpn.into(),
        client_auth: None,
    };
    Policy::new(&tls, None, provider()).unwrap()
}

#[test]
fn a_session_resumes_for_its_domain_only() {
    let (bench, policy) = (Bench::new(), policy(&[], false));
    for version in VERSIONS {
        let client = bench.client(version, None);
        assert!(!bench.resumes(&policy, A, &client));
        assert!(bench.resumes(&policy, A, &client));
        assert!(!bench.resumes(&policy, B, &client));
        assert!(!bench.resumes(&policy, "*.example.test", &client));
    }
}

#[test]
fn a_session_resumes_under_the_same_client_certificates_only() {
    let (bench, other) = (Bench::new(), issuer());
    let before = policy(&[&bench.ca, &other], true);
    let changed = [
        (policy(&[&bench.ca, &other], false), false),
        (policy(&[&bench.ca], true), false),
        (policy(&[], true), false),
        // Their order does not matter.
        (policy(&[&other, &bench.ca, &other], true), true),
    ];
    for version in VERSIONS {
        for (after, expected) in &changed {
            let client = bench.client(version, Some(&bench.ca));
            assert!(!bench.resumes(&before, A, &client));
            assert_eq!(bench.resumes(after, A, &client), *expected, "{after:?}");
        }
    }
}

#[test]
fn a_resumed_session_knows_its_client() {
    let bench = Bench::new();
    for (version, required) in [(&TLS12, true), (&TLS13, true), (&TLS13, false)] {
        let policy = policy(&[&bench.ca], required);
        let client = bench.client(version, Some(&bench.ca));
        let first = bench.handshake(&policy, A, &client).unwrap().server;
        let second = bench.handshake(&policy, A, &client).unwrap().server;
        assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
        assert!(first.peer_certificates().is_some());
        assert_eq!(first.peer_certificates(), second.peer_certificates());
    }
}

#[test]
fn who_must_show_a_certificate_is_refused_without() {
    let (bench, stranger) = (Bench::new(), issuer());
    let (required, optional) = (policy(&[&bench.ca], true), policy(&[&bench.ca], false));
    for version in VERSIONS {
        let anonymous = bench.client(version, None);
        let unknown = bench.client(version, Some(&stranger));
        let error = |policy, client| bench.handshake(policy, A, client).err().unwrap();
        let is_unknown = |error| matches!(error, Error::InvalidCertificate(_));
        assert_eq!(error(&required, &anonymous), Error::NoCertificatesPresented);
        assert!(is_unknown(error(&required, &unknown)));
        assert!(is_unknown(error(&optional, &unknown)));
        let ends = bench.handshake(&optional, A, &anonymous).unwrap();
        assert_eq!(ends.server.peer_certificates(), None);
    }
}

#[test]
fn a_session_ends_with_its_clients_certificate() {
    let bench = Bench::new();
    let optional = policy(&[&bench.ca], false);
    for version in VERSIONS {
        for (issuer, hours) in [(None, 12), (Some(&bench.ca), 1)] {
            let client = bench.client(version, issuer);
            let ends = bench.handshake(&optional, A, &client).unwrap();
            let left = ends.serving.ticketer.lifetime();
            assert_eq!(left.div_ceil(60 * 60), hours);
        }
    }
}

#[test]
fn versions_and_protocols_are_as_they_are_configured() {
    let bench = Bench::new();
    let agreed = |policy: &Policy, version: Version, offered: &[Alpn]| {
        let mut client = bench.client(version, None);
        client.alpn_protocols = names(offered);
        let ends = bench.handshake(policy, A, &client);
        ends.map(|ends| ends.client.alpn_protocol().map(<[_]>::to_vec))
    };
    let (h1, h2) = (Some(b"http/1.1".to_vec()), Some(b"h2".to_vec()));
    let old = speaking(TlsVersion::V1_2, &[Alpn::Http1, Alpn::Http2]);
    assert_eq!(agreed(&old, &TLS12, &[Alpn::Http2]), Ok(h2));
    assert_eq!(agreed(&old, &TLS13, &Alpn::ALL), Ok(h1.clone()));
    let new = speaking(TlsVersion::V1_3, &[Alpn::Http1]);
    assert_eq!(agreed(&new, &TLS13, &Alpn::ALL), Ok(h1));
    assert_eq!(agreed(&new, &TLS13, &[]), Ok(None));
    let refused = agreed(&new, &TLS13, &[Alpn::Http2]).unwrap_err();
    assert_eq!(refused, Error::NoApplicationProtocol);
    let refused = agreed(&new, &TLS12, &Alpn::ALL).unwrap_err();
    assert!(matches!(refused, Error::PeerIncompatible(_)));
}

#[test]
fn what_may_share_a_connection_and_what_may_go_on() {
    let (one, other) = (issuer(), issuer());
    let (none, strict) = (policy(&[], false), speaking(TlsVersion::V1_3, &Alpn::ALL));
    let (required, optional) = (policy(&[&one], true), policy(&[&one], false));
    let others = policy(&[&other], true);
    for (before, after, alike, goes_on) in [
        (&none, &policy(&[], true), true, true),
        (&none, &strict, false, true),
        (&none, &required, false, false),
        (&none, &optional, false, false),
        (&required, &policy(&[&one], true), true, true),
        (&required, &optional, false, false),
        (&required, &others, false, false),
        (&required, &none, false, true),
    ] {
        assert_eq!(after.is_like(before), alike, "{before:?}, {after:?}");
        assert_eq!(after.still_admits(before), goes_on, "{before:?}, {after:?}");
    }
}

#[test]
fn roots_that_cannot_be_used() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cases: [(Option<&[u8]>, &str); 5] = [
        (None, "client_ca_missing"),
        (Some(b""), "empty_file"),
        (Some(b"no PEM at all"), "empty_file"),
        (Some(&broken.as_bytes()[..40]), "invalid_pem"),
        (Some(broken.as_bytes()), "invalid_certificate"),
    ];
    let ca = Path::new("ca.pem").into();
    let required = true;
    let tls = TlsPolicy {
        client_auth: Some(ClientAuth { ca, required }),
        ..TlsPolicy::default()
    };
    for (content, code) in cases {
        let refused = Policy::new(&tls, content, provider()).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
    }
}
