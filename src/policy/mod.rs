//! What a domain's TLS clients are offered and asked for: versions, protocols, client certificates.
//!
//! Domains of the same policy share one [`Policy`]. What differs from domain to domain (its
//! certificate, and what its tickets are good for) is added when a connection is made, so that
//! nothing of it is kept for each of 100,000 domains.

mod clients;
mod invalid;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::digest::{Context as Hash, SHA256};
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{Error, ServerConfig, SupportedProtocolVersion};

use clients::{Clients, Identity};
pub use invalid::InvalidPolicy;

use crate::certificate::Certificate;
use crate::config::{TlsPolicy, TlsVersion};
use crate::domain::Pattern;
use crate::ticket::{Context, Keys, Ticketer};

/// How handshakes go for the domains that share it.
#[derive(Debug)]
pub struct Policy {
    base: ServerConfig,
    tls: TlsPolicy,
    clients: Option<Clients>,
}

impl Policy {
    /// The policy that a configuration asks for; `client_ca` is the content of its file.
    ///
    /// # Errors
    ///
    /// When the roots for client certificates are not there or cannot be used.
    pub fn new(
        tls: &TlsPolicy,
        client_ca: Option<&[u8]>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, InvalidPolicy> {
        let clients = match &tls.client_auth {
            Some(auth) => {
                let roots = client_ca.ok_or(InvalidPolicy::NoClientCa)?;
                Some(Clients::new(roots, auth.required, &provider)?)
            }
            None => None,
        };
        let verifier = match &clients {
            Some(clients) => clients.verifier(),
            None => WebPkiClientVerifier::no_client_auth(),
        };
        let mut base = config(provider, tls.min_version, verifier)?;
        base.alpn_protocols = tls.alpn.iter().map(|it| it.code().into()).collect();
        Ok(Self {
            base,
            tls: tls.clone(),
            clients,
        })
    }

    /// What serves one connection of a domain: with its certificate, and with tickets that open for
    /// this domain and its clients only.
    pub fn serving(
        &self,
        certificate: &Arc<Certificate>,
        keys: &Arc<Keys>,
        domain: &Pattern,
    ) -> Arc<ServerConfig> {
        Arc::new(self.config(certificate, keys, domain))
    }

    /// The same where nothing is said of what is inside TLS: a client that offers protocols by ALPN
    /// gets none.
    pub fn serving_tcp(
        &self,
        certificate: &Arc<Certificate>,
        keys: &Arc<Keys>,
        domain: &Pattern,
    ) -> Arc<ServerConfig> {
        let mut config = self.config(certificate, keys, domain);
        config.alpn_protocols.clear();
        Arc::new(config)
    }

    fn config(
        &self,
        certificate: &Arc<Certificate>,
        keys: &Arc<Keys>,
        domain: &Pattern,
    ) -> ServerConfig {
        let ticketer = Ticketer::new(Arc::clone(keys), self.context(domain));
        let ticketer = Arc::new(ticketer);
        let mut config = match &self.clients {
            Some(clients) => self.witnessing(clients, &ticketer),
            None => self.base.clone(),
        };
        config.cert_resolver = Arc::<Certificate>::clone(certificate);
        config.ticketer = ticketer;
        config
    }

    /// The base once more, with a verifier that tells this connection's ticketer when the client's
    /// certificate ends.
    fn witnessing(&self, clients: &Clients, ticketer: &Arc<Ticketer>) -> ServerConfig {
        let provider = Arc::clone(self.base.crypto_provider());
        match config(provider, self.tls.min_version, clients.witness(ticketer)) {
            Ok(mut config) => {
                config.alpn_protocols.clone_from(&self.base.alpn_protocols);
                config
            }
            // It was made of the same parts, so this does not happen; the base verifies as well.
            Err(_) => self.base.clone(),
        }
    }

    /// What the configuration asks for.
    pub fn options(&self) -> &TlsPolicy {
        &self.tls
    }

    /// Whether a client without a certificate is refused.
    pub fn requires_client_certificate(&self) -> bool {
        self.clients.as_ref().is_some_and(|it| it.required)
    }

    /// Whether a connection that was made under this policy could as well have been made under the
    /// other one: the same certificates are asked for in the same way, and the same versions spoken.
    pub fn is_like(&self, other: &Self) -> bool {
        self.identity() == other.identity() && self.tls.min_version == other.tls.min_version
    }

    /// Whether a connection that was made under an earlier policy of the domain may go on: what
    /// clients have to show is the same, or they have to show nothing any more.
    pub fn still_admits(&self, earlier: &Self) -> bool {
        self.clients.is_none() || self.identity() == earlier.identity()
    }

    fn identity(&self) -> Option<&Identity> {
        self.clients.as_ref().map(|clients| &clients.identity)
    }

    /// What tickets are good for: one domain, whose clients are asked for the same certificates.
    fn context(&self, domain: &Pattern) -> Context {
        let (kind, name) = match domain {
            Pattern::Exact(name) => (0, name.as_str().as_bytes()),
            Pattern::Wildcard(parent) => (1, parent.as_str().as_bytes()),
        };
        let mut hash = Hash::new(&SHA256);
        hash.update(&[kind]);
        hash.update(&(name.len() as u64).to_be_bytes());
        hash.update(name);
        if let Some(identity) = self.identity() {
            hash.update(identity);
        }
        Context::new(clients::finish(hash))
    }
}

/// What all policies share: X25519MLKEM768 first, and tickets instead of stored sessions.
fn config(
    provider: Arc<CryptoProvider>,
    min_version: TlsVersion,
    verifier: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(versions(min_version))?;
    // Replaced for each connection; nobody is served with this one.
    let nothing = Arc::new(NoCertificate);
    let builder = builder.with_client_cert_verifier(verifier);
    let mut config = builder.with_cert_resolver(nothing);
    // A viewer comes back with one connection at a time; one ticket less makes a
    // new connection about 10 µs cheaper.
    config.send_tls13_tickets = 1;
    config.max_fragment_size = Some(MAX_FRAGMENT);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match min {
        TlsVersion::V1_2 => rustls::ALL_VERSIONS,
        TlsVersion::V1_3 => &ONLY_TLS13,
    }
}

static ONLY_TLS13: [&SupportedProtocolVersion; 1] = [&TLS13];

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.pairs.choose(hello.signature_schemes())))
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
