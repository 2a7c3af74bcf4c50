//! TLS clients with a chosen name, protocols and versions, which tell what they were given.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ca::{Ca, Pair, fingerprint};
use super::http2::Http2;
use super::sessions::AnyName;
use super::wait::{PATIENCE, within};
use super::wire::Wire;

/// A client. It keeps the tickets that it is given, so its later connections resume.
#[derive(Clone)]
pub(crate) struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    /// A client that verifies what it is served, and offers HTTP/1.1.
    pub(crate) fn trusting(ca: &Ca) -> Self {
        Self::with_roots(ca.roots())
    }

    /// The same with roots that are not the test's own.
    pub(crate) fn with_roots(roots: RootCertStore) -> Self {
        Self::new(roots, rustls::ALL_VERSIONS)
    }

    /// The same with one TLS version.
    pub(crate) fn speaking(ca: &Ca, version: &'static SupportedProtocolVersion) -> Self {
        Self::new(ca.roots(), &[version])
    }

    fn new(roots: RootCertStore, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let config = ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config)).offering(&["http/1.1"])
    }

    fn change(mut self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Offers these protocols by ALPN.
    pub(crate) fn offering(self, protocols: &[&str]) -> Self {
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        self.change(|config| config.alpn_protocols = protocols.collect())
    }

    /// Names nobody.
    pub(crate) fn without_sni(self) -> Self {
        self.change(|config| config.enable_sni = false)
    }

    /// Makes a full handshake each time.
    pub(crate) fn without_tickets(self) -> Self {
        self.change(|config| config.resumption = Resumption::disabled())
    }

    /// Keeps one ticket for all names, and offers it to whoever is there.
    pub(crate) fn mixing_up_names(self) -> Self {
        let store = Resumption::store(Arc::new(AnyName::default()));
        self.change(|config| config.resumption = store)
    }

    /// Shows a certificate where it is asked for one.
    pub(crate) fn showing(self, pair: &Pair) -> Self {
        let provider = Arc::clone(self.0.crypto_provider());
        let certified = CertifiedKey::from_der(pair.chain(), pair.key(), &provider);
        let certified = certified.expect("the key is the leaf's");
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        self.change(|config| config.client_auth_cert_resolver = resolver)
    }

    /// Makes a handshake.
    pub(crate) async fn connect(&self, to: SocketAddr, name: &str) -> Result<Tls, Refused> {
        let stream = within(PATIENCE, "a connection", TcpStream::connect(to)).await;
        let stream = stream.map_err(|error| Refused::Other(error.to_string()))?;
        stream.set_nodelay(true).expect("a socket takes the option");
        self.handshake(stream, name).await
    }

    /// Makes a handshake on a connection that is there already.
    pub(crate) async fn handshake(&self, stream: TcpStream, name: &str) -> Result<Tls, Refused> {
        let name = ServerName::try_from(name.to_owned()).expect("the name is a host name");
        let handshake = TlsConnector::from(Arc::clone(&self.0)).connect(name, stream);
        match within(PATIENCE, "a TLS handshake", handshake).await {
            Ok(stream) => Ok(Tls(stream)),
            Err(error) => Err(Refused::of(&error)),
        }
    }
}

/// A finished handshake.
pub(crate) struct Tls(TlsStream<TcpStream>);

impl Tls {
    /// The fingerprint of the leaf that was served.
    pub(crate) fn leaf(&self) -> String {
        let chain = self.0.get_ref().1.peer_certificates();
        fingerprint(&chain.expect("a server has a certificate")[0])
    }

    /// The protocol that was agreed on.
    pub(crate) fn protocol(&self) -> Option<String> {
        let protocol = self.0.get_ref().1.alpn_protocol()?;
        Some(String::from_utf8_lossy(protocol).into_owned())
    }

    /// The key exchange that was agreed on.
    pub(crate) fn key_exchange(&self) -> String {
        let group = self.0.get_ref().1.negotiated_key_exchange_group();
        format!("{:?}", group.expect("the handshake is over").name())
    }

    /// Whether a ticket was taken.
    pub(crate) fn is_resumed(&self) -> bool {
        self.0.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Goes on with bytes as they are.
    pub(crate) fn bytes(self) -> TlsStream<TcpStream> {
        self.0
    }

    /// Goes on with HTTP/1.1.
    pub(crate) fn http1(self) -> Wire {
        Wire::new(self.0)
    }

    /// Goes on with HTTP/2, if the other end does.
    pub(crate) async fn try_http2(self) -> Option<Http2> {
        Http2::try_over(self.0).await
    }

    /// Goes on with HTTP/2.
    pub(crate) async fn http2(self) -> Http2 {
        Http2::over(self.0).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a TLS connection served with {}", self.leaf())
    }
}

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The server sent a fatal alert.
    Alert(u8),
    /// Something else.
    Other(String),
}

impl Refused {
    fn of(error: &std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(rustls::Error::AlertReceived(alert)) => Self::Alert(u8::from(*alert)),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// The alert for a name that is not served over TLS: unrecognized_name.
pub(crate) const UNRECOGNIZED: Refused = Refused::Alert(112);
