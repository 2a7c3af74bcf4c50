use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificate::{Certificate, Name};
use crate::reload::Status;

/// TLS with a certificate by its name: with the version of it that is in use at each handshake.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    chosen: Arc<Chosen>,
}

#[derive(Debug)]
struct Chosen {
    name: Name,
    status: watch::Receiver<Arc<Status>>,
}

impl Tls {
    /// TLS 1.2 and 1.3, without tickets: a command makes one connection.
    ///
    /// # Errors
    ///
    /// When the provider cannot speak these versions.
    pub fn new(
        name: Name,
        status: watch::Receiver<Arc<Status>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, rustls::Error> {
        let chosen = Arc::new(Chosen { name, status });
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(rustls::ALL_VERSIONS)?;
        let resolver = Arc::<Chosen>::clone(&chosen);
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self {
            acceptor: Arc::new(config).into(),
            chosen,
        })
    }

    /// Makes a handshake. None when there is nobody to serve; the log says why.
    pub(in crate::admin) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let client = stream.peer_addr().ok()?.ip().to_canonical();
        let error = match timeout(LONGEST, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "not completed in time".to_owned(),
        };
        let certificate = &self.chosen.name;
        match self.chosen.certificate() {
            Some(_) => tracing::info!(%client, error, "admin handshake failed"),
            None => tracing::warn!(
                %client,
                %certificate,
                reason = "admin_certificate_unusable",
                "admin handshake failed: no certificate of this name is in use; \
                 put its files into certificates/, or mend admin.certificate"
            ),
        }
        None
    }
}

impl Chosen {
    fn certificate(&self) -> Option<Arc<Certificate>> {
        let status = self.status.borrow();
        status.certificates.get(&self.name).cloned()
    }
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificate = self.certificate()?;
        Some(Arc::clone(
            certificate.pairs.choose(hello.signature_schemes()),
        ))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// For the whole handshake.
const LONGEST: Duration = Duration::from_secs(10);
