use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};

use crate::certificate::Pairs;

/// Makes the TLS configuration for each certificate.
///
/// All of them share the ticket keys, so a session is resumed across a rotation; rustls resumes it
/// only for the name that it was made for.
#[derive(Debug)]
pub struct Configs {
    base: ServerConfig,
}

impl Configs {
    /// What all certificates share: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, X25519MLKEM768 first.
    ///
    /// # Errors
    ///
    /// When the crypto provider cannot give random bytes for the ticket keys.
    pub fn new(provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions()?;
        // Replaced for each certificate; nobody is served with this one.
        let nothing = Arc::new(NoCertificate);
        let mut base = builder.with_no_client_auth().with_cert_resolver(nothing);
        base.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A viewer comes back with one connection at a time; one ticket less makes a
        // new connection about 10 µs cheaper.
        base.send_tls13_tickets = 1;
        base.max_fragment_size = Some(MAX_FRAGMENT);
        base.ticketer = aws_lc_rs::Ticketer::new()?;
        base.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Self { base })
    }

    /// The configuration that serves one version of a certificate.
    pub fn serving(&self, pairs: &Pairs) -> Arc<ServerConfig> {
        let mut config = self.base.clone();
        config.cert_resolver = Arc::new(ByScheme(pairs.clone()));
        Arc::new(config)
    }
}

#[derive(Debug)]
struct ByScheme(Pairs);

impl ResolvesServerCert for ByScheme {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.choose(hello.signature_schemes())))
    }
}

#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

/// The most bytes of a TLS record. A body comes in chunks of up to 64 KiB that begin on a page; cut
/// into full records of 16 KiB, each piece would be copied to just 5 bytes (the record's header)
/// past its own place in a page, which makes memcpy of glibc 2.36 about 15 times slower on recent
/// AMD processors. Any size that is no multiple of a page avoids that; this one wastes little in
/// mimalloc's size classes. `benches/compare/run.sh` shows it: a third less CPU for segments.
const MAX_FRAGMENT: usize = 13_112;
