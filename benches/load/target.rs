use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::{Failure, Stream};

/// What is asked: an address, over TLS or plain.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Whose certificates a TLS target may show.
#[derive(Debug)]
pub(crate) enum Trust {
    PublicRoots,
    File(PathBuf),
}

impl Target {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    pub(crate) fn tls(address: SocketAddr, name: String, trust: &Trust) -> anyhow::Result<Self> {
        let config = client_config(trust.roots()?)?;
        let name = ServerName::try_from(name).context("--sni is no name")?;
        Ok(Self {
            address,
            tls: Some((TlsConnector::from(Arc::new(config)), name)),
        })
    }

    /// Connects, and for TLS shakes hands.
    pub(crate) async fn open(&self) -> Result<Box<dyn Stream>, Failure> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let tcp = BufReader::with_capacity(RECEIVE_BUFFER, tcp);
        let Some((connector, name)) = &self.tls else {
            return Ok(Box::new(tcp));
        };
        Ok(Box::new(connector.connect(name.clone(), tcp).await?))
    }
}

impl Trust {
    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::PublicRoots => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Self::File(file) => {
                let unreadable = || format!("--ca {}", file.display());
                for certificate in CertificateDer::pem_file_iter(file).with_context(unreadable)? {
                    roots.add(certificate.with_context(unreadable)?)?;
                }
            }
        }
        Ok(roots)
    }
}

/// One version, one group and one cipher suite: no server can look faster by choosing a cheaper one
/// than the server beside it. AES-128-GCM is what browsers on such machines ask for first.
fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..aws_lc_rs::default_provider()
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// rustls reads from a socket in pieces of one record: reading several at a time leaves the core
/// that load and origin share less to do.
const RECEIVE_BUFFER: usize = 128 * 1024;
