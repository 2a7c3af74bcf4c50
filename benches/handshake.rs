//! What a TLS handshake costs both ends together, in memory, and what of it is the making of the
//! connection's own configuration.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use lockgate::certificate::{Certificate, Files, Pairs};
use lockgate::config::{ClientAuth, TlsPolicy};
use lockgate::domain::Pattern;
use lockgate::policy::Policy;
use lockgate::ticket::{Context, Keys, Ticketer};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ProducesTickets;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore, ServerConfig,
    ServerConnection,
};

const CA: &[u8] = include_bytes!("../certs-example/ca.pem");
const NAME: &str = "play.localhost";

/// A domain as it is served.
struct Edge {
    domain: Pattern,
    certificate: Arc<Certificate>,
    keys: Arc<Keys>,
}

impl Edge {
    fn new() -> Self {
        let chain = include_bytes!("../certs-example/play-2026/fullchain.pem");
        let key = include_bytes!("../certs-example/play-2026/privkey.pem");
        let mut files = Files::new(PathBuf::from("play-2026"));
        files.insert("fullchain.pem".to_owned(), Ok(chain.to_vec()));
        files.insert("privkey.pem".to_owned(), Ok(key.to_vec()));
        let certificate = Certificate {
            name: "play-2026".parse().expect("a certificate name"),
            pairs: Pairs::parse(&files, &provider())
                .expect("the example is a pair")
                .pairs,
        };
        Self {
            domain: NAME.parse().expect("a domain name"),
            certificate: Arc::new(certificate),
            keys: Arc::new(Keys::generate(None).expect("random bytes")),
        }
    }

    fn serving(&self, policy: &Policy) -> Arc<ServerConfig> {
        policy.serving(&self.certificate, &self.keys, &self.domain)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn policy(client_auth: Option<ClientAuth>) -> Policy {
    let tls = TlsPolicy {
        client_auth,
        ..TlsPolicy::default()
    };
    Policy::new(&tls, Some(CA), provider()).expect("the example has roots")
}

fn client(resumption: Resumption) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(CA).expect("the example CA is PEM");
    roots.add(root).expect("the example CA is a root");
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.expect("the provider speaks TLS");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.resumption = resumption;
    Arc::new(config)
}

/// A handshake with all that follows it: the client has its ticket then.
fn shake_hands(client: &Arc<ClientConfig>, server: Arc<ServerConfig>) -> Option<HandshakeKind> {
    let name = NAME.try_into().expect("a host name");
    let client = ClientConnection::new(Arc::clone(client), name);
    let mut client = client.expect("the client's configuration is sound");
    let mut server = ServerConnection::new(server).expect("the policy is sound");
    while client.wants_write() || server.wants_write() {
        pass(&mut client, &mut server);
        pass(&mut server, &mut client);
    }
    server.handshake_kind()
}

fn pass<F, T>(from: &mut ConnectionCommon<F>, to: &mut ConnectionCommon<T>) {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).expect("memory takes all");
    }
    let mut bytes = &bytes[..];
    while !bytes.is_empty() {
        to.read_tls(&mut bytes).expect("memory gives all");
        to.process_new_packets().expect("the handshake goes on");
    }
}

fn handshake(c: &mut Criterion) {
    let (edge, plain) = (Edge::new(), policy(None));
    let mut group = c.benchmark_group("handshake");
    let fresh = client(Resumption::disabled());
    let full = Some(HandshakeKind::Full);
    group.bench_function("full", |b| {
        b.iter(|| assert_eq!(shake_hands(&fresh, edge.serving(&plain)), full));
    });
    let returning = client(Resumption::in_memory_sessions(8));
    shake_hands(&returning, edge.serving(&plain));
    let resumed = Some(HandshakeKind::Resumed);
    group.bench_function("resumed", |b| {
        b.iter(|| assert_eq!(shake_hands(&returning, edge.serving(&plain)), resumed));
    });
    group.finish();
}

fn making(c: &mut Criterion) {
    let edge = Edge::new();
    let ca = Path::new("ca.pem").into();
    let required = true;
    let mut group = c.benchmark_group("making");
    let asking = ClientAuth { ca, required };
    for (case, policy) in [
        ("anonymous", policy(None)),
        ("verified", policy(Some(asking))),
    ] {
        group.bench_function(case, |b| b.iter(|| black_box(edge.serving(&policy))));
    }
    group.finish();
}

/// The state of a session without a client certificate is about this long.
const STATE: [u8; 160] = [7; 160];

fn ticket(c: &mut Criterion) {
    let keys = Arc::new(Keys::generate(None).expect("random bytes"));
    let ticketer = Ticketer::new(keys, Context::new([7; 32]));
    let ticket = ticketer.encrypt(&STATE).expect("random bytes");
    let mut group = c.benchmark_group("ticket");
    group.bench_function("seal", |b| b.iter(|| ticketer.encrypt(black_box(&STATE))));
    group.bench_function("open", |b| b.iter(|| ticketer.decrypt(black_box(&ticket))));
    group.finish();
}

criterion_group!(benches, handshake, making, ticket);
criterion_main!(benches);
