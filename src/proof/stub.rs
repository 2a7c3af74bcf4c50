//! A TLS server of the tests' own, which serves whatever it is told to, right or wrong.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::Acceptor;
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;

use crate::certificate::Fingerprint;

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// A self-signed certificate with its key.
pub(super) struct Issued {
    pub(super) chain: String,
    pub(super) key: String,
    pub(super) fingerprint: Fingerprint,
}

impl Issued {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let leaf = params.self_signed(&key).unwrap();
        Self {
            chain: leaf.pem(),
            key: key.serialize_pem(),
            fingerprint: Fingerprint::of(leaf.der()),
        }
    }

    pub(super) fn leaf(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.chain.as_bytes()).unwrap()
    }

    pub(super) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }

    /// Serves it, whatever name is asked for.
    pub(super) fn config(&self) -> ServerConfig {
        self.config_with(rustls::ALL_VERSIONS)
    }

    fn config_with(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.leaf()], self.private_key())
            .unwrap()
    }
}

/// How a connection of the server went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) sni: String,
    /// Whether the client took leave, having sent nothing.
    pub(super) parted: bool,
}

/// The server. It goes on until the test's runtime ends.
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    serves: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    seen: watch::Receiver<Vec<Seen>>,
}

impl Stub {
    /// Serves with this, or refuses every name.
    pub(super) async fn start(serves: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (told, seen) = watch::channel(Vec::new());
        let stub = Self {
            address: listener.local_addr().unwrap(),
            serves: Arc::new(Mutex::new(serves.map(Arc::new))),
            seen,
        };
        tokio::spawn(serve(listener, Arc::clone(&stub.serves), told));
        stub
    }

    /// Goes on with something else.
    pub(super) fn serve(&self, serves: Option<ServerConfig>) {
        *self.serves.lock().unwrap() = serves.map(Arc::new);
    }

    /// Waits until so many connections are over, and returns them all.
    pub(super) async fn seen(&self, count: usize) -> Vec<Seen> {
        let mut seen = self.seen.clone();
        let seen = seen.wait_for(|seen| seen.len() >= count).await;
        seen.unwrap().clone()
    }
}

async fn serve(
    listener: TcpListener,
    serves: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    told: watch::Sender<Vec<Seen>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (serves, told) = (Arc::clone(&serves), told.clone());
        tokio::spawn(async move {
            let seen = connection(stream, &serves).await;
            told.send_modify(|all| all.push(seen));
        });
    }
}

async fn connection(stream: TcpStream, serves: &Mutex<Option<Arc<ServerConfig>>>) -> Seen {
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await;
    let mut start = hello.unwrap();
    let sni = start.client_hello().server_name().unwrap().to_owned();
    let config = serves.lock().unwrap().clone();
    let Some(config) = config else {
        start.io.write_all(&UNRECOGNIZED_NAME).await.unwrap();
        return Seen { sni, parted: false };
    };
    let parted = match start.into_stream(config).await {
        // Without a farewell, this is an error.
        Ok(mut stream) => matches!(stream.read(&mut [0]).await, Ok(0)),
        Err(_) => false,
    };
    Seen { sni, parted }
}

const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
