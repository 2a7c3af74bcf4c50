use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A viewer who shakes hands and leaves. Every certificate is verified: a proxy that serves a broken
/// chain never looks fast.
#[derive(Clone)]
pub(crate) struct Client(TlsConnector);

/// What a handshake showed.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) leaf: CertificateDer<'static>,
    /// From connecting to the end of the handshake.
    pub(crate) took: Duration,
}

impl Client {
    /// A client that trusts this root alone.
    pub(crate) fn trusting(root: CertificateDer<'static>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(root)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config).into()))
    }

    /// Shakes hands for a domain, and leaves.
    pub(crate) async fn greet(&self, to: SocketAddr, domain: &str) -> anyhow::Result<Greeting> {
        let visit = timeout(ATTEMPT, self.visit(to, domain)).await;
        visit.context("no handshake in time")?
    }

    async fn visit(&self, to: SocketAddr, domain: &str) -> anyhow::Result<Greeting> {
        let name = ServerName::try_from(domain.to_owned())?;
        let start = Instant::now();
        let tcp = TcpStream::connect(to).await?;
        tcp.set_nodelay(true)?;
        let mut stream = self.0.connect(name, tcp).await?;
        let took = start.elapsed();
        let certificates = stream.get_ref().1.peer_certificates();
        let leaf = certificates.and_then(<[_]>::first).context("no leaf")?;
        let leaf = leaf.clone().into_owned();
        leave(&mut stream).await?;
        Ok(Greeting { leaf, took })
    }

    /// The first bytes that it sends to a domain.
    pub(crate) fn hello(&self, domain: &str) -> anyhow::Result<Vec<u8>> {
        let name = ServerName::try_from(domain.to_owned())?;
        let mut connection = ClientConnection::new(Arc::clone(self.0.config()), name)?;
        let mut hello = Vec::new();
        connection.write_tls(&mut hello)?;
        Ok(hello)
    }
}

/// Says that it leaves, and waits until the proxy has closed: what a connection costs the proxy
/// belongs to it. The reset at the end keeps thousands of ports out of TIME-WAIT.
async fn leave(stream: &mut TlsStream<TcpStream>) -> anyhow::Result<()> {
    stream.shutdown().await?;
    let mut buffer = [0; 512];
    // A proxy that was told of the end may leave without a word of its own: no failure.
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    stream.get_ref().0.set_zero_linger()?;
    Ok(())
}

/// One group and one cipher suite: no proxy can look faster by choosing a cheaper one than another.
fn provider() -> CryptoProvider {
    CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..aws_lc_rs::default_provider()
    }
}

/// For one handshake: more than a proxy takes that is busy loading.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(5);
