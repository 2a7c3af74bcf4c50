use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, InvalidDnsNameError, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::entrance::Entrance;
use crate::certificate::Fingerprint;
use crate::proxy_protocol::Version;

/// Why a handshake shows no leaf.
#[derive(Debug, thiserror::Error)]
pub enum ProofFault {
    /// The name cannot stand in a ClientHello.
    #[error("the name cannot be asked for: {0}")]
    Name(#[from] InvalidDnsNameError),
    /// Nobody listens, or nobody can be reached.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    /// Not done in time.
    #[error("no handshake within {} s", DEADLINE.as_secs())]
    Timeout,
    /// The server ended the handshake with an alert; 112 is unrecognized_name.
    #[error("fatal alert {number} ({0:?})", number = u8::from(*.0))]
    Alert(AlertDescription),
    /// The connection broke, or what came was not TLS.
    #[error("the TLS handshake failed: {0}")]
    Tls(#[source] io::Error),
}

impl ProofFault {
    /// The stable word for it in logs and in the results.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Connect(_) => "connect",
            Self::Timeout => "timeout",
            Self::Alert(AlertDescription::UnrecognisedName) => "unrecognized_name",
            Self::Alert(_) => "alert",
            Self::Tls(_) => "tls",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name(_) => "such a name cannot be served over TLS; define another one",
            Self::Connect(_) => {
                "check that this machine lets itself connect to its https listeners, and that open files are left"
            }
            Self::Timeout => "the machine may be overloaded; it is tried again by itself",
            Self::Alert(_) | Self::Tls(_) => {
                "look for the same handshake in the log (\"handshake failed\")"
            }
        }
    }
}

/// Makes a handshake as a viewer would, sends no request, and says which leaf was served.
///
/// This looks at our own service and trusts nobody: any leaf is accepted, whoever issued it, as long
/// as the server has its key. A server that wants a certificate from us shows its own first.
///
/// # Errors
///
/// When no leaf is served within 5 s.
pub async fn prove(
    listener: Entrance,
    sni: &str,
    provider: &Arc<CryptoProvider>,
) -> Result<Fingerprint, ProofFault> {
    let deadline = Instant::now() + DEADLINE;
    let shown = timeout_at(deadline, shake(listener, sni, provider)).await;
    let (leaf, stream) = shown.map_err(|_elapsed| ProofFault::Timeout)??;
    if let Some(stream) = stream {
        // What is proven is proven, however the server parts.
        let _ = timeout_at(deadline, part(stream)).await;
    }
    Ok(leaf)
}

/// The leaf, and the connection if it stands.
async fn shake(
    listener: Entrance,
    sni: &str,
    provider: &Arc<CryptoProvider>,
) -> Result<(Fingerprint, Option<TlsStream<TcpStream>>), ProofFault> {
    let name = ServerName::try_from(sni.to_owned())?;
    let witness = Arc::new(Witness::new(provider));
    let config = client(&witness, provider).map_err(|error| sort(io::Error::other(error)))?;
    let stream = connect(listener).await;
    let stream = stream.map_err(ProofFault::Connect)?;
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let (stream, fault) = match shaken.await {
        Ok(stream) => (Some(stream), None),
        Err(error) => (None, Some(sort(error))),
    };
    match (witness.leaf.get(), fault) {
        (Some(leaf), None) => Ok((*leaf, stream)),
        (Some(leaf), Some(ProofFault::Alert(_))) if witness.was_asked() => Ok((*leaf, None)),
        (_, Some(fault)) => Err(fault),
        // A handshake without a certificate is a resumed one, which we never offer.
        (None, None) => Err(ProofFault::Tls(io::ErrorKind::InvalidData.into())),
    }
}

/// Where a header has to come first, it says that the connection is our own.
async fn connect(listener: Entrance) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(listener.address).await?;
    if listener.proxy_protocol {
        stream.write_all(&Version::V2.own()).await?;
    }
    Ok(stream)
}

/// Takes leave as TLS has it (RFC 8446 section 6.1), so that the server has nothing to complain of.
async fn part(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

fn client(
    witness: &Arc<Witness>,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider));
    let mut config = builder
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Witness>::clone(witness))
        .with_client_cert_resolver(Arc::<Witness>::clone(witness));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session shows no certificate.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn sort(error: io::Error) -> ProofFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(TlsError::AlertReceived(alert)) => ProofFault::Alert(*alert),
        _ => ProofFault::Tls(error),
    }
}

/// Sees the leaf, and whether the server wants one of ours.
#[derive(Debug)]
struct Witness {
    leaf: OnceLock<Fingerprint>,
    asked: AtomicBool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Witness {
    fn new(provider: &CryptoProvider) -> Self {
        Self {
            leaf: OnceLock::new(),
            asked: AtomicBool::new(false),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ServerCertVerifier for Witness {
    /// Anything goes: which leaf is wanted, the snapshot says.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        self.leaf.get_or_init(|| Fingerprint::of(end_entity));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// From the first packet to the last.
const DEADLINE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use rustls::server::WebPkiClientVerifier;
    use rustls::sign::SingleCertAndKey;
    use rustls::{RootCertStore, ServerConfig};
    use std::net::SocketAddr;
    use tokio::net::TcpListener;

    use super::*;
    use crate::proof::stub::{Issued, Seen, Stub, provider};

    const PLAY: &str = "play.example.com";

    async fn proven(address: SocketAddr) -> Result<Fingerprint, ProofFault> {
        prove(address.into(), PLAY, &provider()).await
    }

    /// Answers one connection with these bytes.
    async fn answering(bytes: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(bytes).await.unwrap();
        });
        address
    }

    #[tokio::test]
    async fn a_handshake_shows_the_leaf_and_takes_leave() {
        let issued = Issued::new(PLAY);
        let stub = Stub::start(Some(issued.config())).await;
        assert_eq!(proven(stub.address).await.unwrap(), issued.fingerprint);
        let sni = PLAY.to_owned();
        assert_eq!(stub.seen(1).await, [Seen { sni, parted: true }]);
    }

    #[tokio::test]
    async fn a_server_that_wants_a_certificate_shows_its_own() {
        let issued = Issued::new(PLAY);
        for version in rustls::ALL_VERSIONS {
            let mut roots = RootCertStore::empty();
            roots.add(issued.leaf()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
            let config = ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(&[version])
                .unwrap()
                .with_client_cert_verifier(verifier.unwrap())
                .with_single_cert(vec![issued.leaf()], issued.private_key());
            let stub = Stub::start(Some(config.unwrap())).await;
            assert_eq!(proven(stub.address).await.unwrap(), issued.fingerprint);
        }
    }

    #[tokio::test]
    async fn a_leaf_without_its_key_is_no_proof() {
        let (issued, other) = (Issued::new(PLAY), Issued::new(PLAY));
        let key = provider()
            .key_provider
            .load_private_key(other.private_key());
        let torn = CertifiedKey::new(vec![issued.leaf()], key.unwrap());
        let mut config = issued.config();
        config.cert_resolver = Arc::new(SingleCertAndKey::from(torn));
        let stub = Stub::start(Some(config)).await;
        assert_eq!(proven(stub.address).await.unwrap_err().code(), "tls");
    }

    #[tokio::test]
    async fn each_fault_has_its_code() {
        let unrecognized = answering(&[21, 3, 3, 0, 2, 2, 112]).await;
        let internal = answering(&[21, 3, 3, 0, 2, 2, 80]).await;
        let http = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let hang_up = answering(b"").await;
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nowhere = nobody.local_addr().unwrap();
        drop(nobody);
        for (address, code) in [
            (unrecognized, "unrecognized_name"),
            (internal, "alert"),
            (http, "tls"),
            (hang_up, "tls"),
            (nowhere, "connect"),
        ] {
            let fault = proven(address).await.unwrap_err();
            assert_eq!(fault.code(), code, "{fault}");
        }
        // The URL standard takes such a last label for a part of an address.
        let fault = prove(nowhere.into(), "play.0x1f", &provider())
            .await
            .unwrap_err();
        assert_eq!(fault.code(), "name");
    }

    /// Nothing else waits here, so the paused clock goes straight to the deadline.
    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fault = proven(listener.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(fault.code(), "timeout");
    }
}
