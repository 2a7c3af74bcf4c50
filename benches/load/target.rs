use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::{Failure, Stream};
use crate::verify::Sampling;

/// What is asked: an address, over TLS or plain.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    receive_buffer: usize,
}

/// How a TLS target is verified.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The certificates to trust, in PEM; the public roots without it.
    pub(crate) file: Option<PathBuf>,
    /// One handshake in so many is verified.
    pub(crate) every: NonZeroU64,
}

impl Target {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            receive_buffer: RECEIVE_BUFFER,
        }
    }

    pub(crate) fn tls(address: SocketAddr, name: String, trust: &Trust) -> anyhow::Result<Self> {
        let name = ServerName::try_from(name).context("--sni is no name")?;
        let connector = TlsConnector::from(Arc::new(client_config(trust)?));
        Ok(Self {
            tls: Some((connector, name)),
            ..Self::plain(address)
        })
    }

    /// Makes the receive buffer fit for answers of this length: rustls reads from a socket in
    /// pieces of one record, and reading several at a time leaves the core that load and origin
    /// share less to do.
    pub(crate) fn expecting(self, length: u64) -> Self {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Self {
            receive_buffer: length.clamp(RECEIVE_BUFFER, MAX_RECEIVE_BUFFER),
            ..self
        }
    }

    /// Connects, and for TLS shakes hands.
    pub(crate) async fn open(&self) -> Result<Box<dyn Stream>, Failure> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let tcp = BufReader::with_capacity(self.receive_buffer, tcp);
        let Some((connector, name)) = &self.tls else {
            return Ok(Box::new(tcp));
        };
        Ok(Box::new(connector.connect(name.clone(), tcp).await?))
    }
}

impl Trust {
    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(file) = &self.file else {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            return Ok(roots);
        };
        let unreadable = || format!("--ca {}", file.display());
        for certificate in CertificateDer::pem_file_iter(file).with_context(unreadable)? {
            roots.add(certificate.with_context(unreadable)?)?;
        }
        Ok(roots)
    }
}

/// One version, one group and one cipher suite: no server can look faster by choosing a cheaper one
/// than the server beside it. AES-128-GCM is what browsers on such machines ask for first.
fn client_config(trust: &Trust) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..aws_lc_rs::default_provider()
    });
    let roots = Arc::new(trust.roots()?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
    let verifier = Sampling::new(verifier.build()?, trust.every);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A handshake comes in pieces below this.
const RECEIVE_BUFFER: usize = 4 * 1024;

const MAX_RECEIVE_BUFFER: usize = 128 * 1024;
