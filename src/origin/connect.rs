use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::uri::Authority;
use http::{Request, Response};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::addresses;
use super::error::Error;
use super::http1::{Connection, Stream};
use super::http2::{self, Seat};
use super::outgoing::Outgoing;
use crate::certificate::PemFault;
use crate::config::OriginUrl;

/// Makes connections to origins.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    /// A connector that trusts the public roots and the ones in `extra`, in PEM.
    ///
    /// # Errors
    ///
    /// When `extra` is no PEM.
    pub fn new(
        extra: &[u8],
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Self, InvalidRoots> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for root in CertificateDer::pem_slice_iter(extra) {
            roots.add(root.map_err(PemFault::from)?)?;
        }
        let versions =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = versions.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tls: Arc::new(config).into(),
        })
    }

    /// Makes a TLS handshake on a connection to a server that has to be the named one.
    ///
    /// # Errors
    ///
    /// When it cannot show that, or the connection breaks. There is no deadline here.
    pub async fn secure(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        self.tls.connect(name, stream).await
    }

    /// Does the same without a word on what is spoken inside TLS (ALPN, RFC 7301).
    ///
    /// # Errors
    ///
    /// As [`secure`](Self::secure).
    pub(super) async fn secure_tcp(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let tls = self.tls.with_alpn(Vec::new());
        tls.connect(name, stream).await
    }

    /// The same for HTTP/2, and nothing else, inside TLS.
    async fn secure_http2(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let tls = self.tls.with_alpn(vec![b"h2".to_vec()]);
        let stream = tls.connect(name, stream).await?;
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Ok(stream),
            _ => Err(io::Error::other("it does not speak HTTP/2")),
        }
    }

    /// Opens a connection. `header` goes before all else: one of the PROXY protocol.
    ///
    /// # Errors
    ///
    /// When there is no connection, or its TLS handshake fails. There is no deadline here.
    pub async fn connect(
        &self,
        origin: &OriginUrl,
        header: Option<&[u8]>,
    ) -> Result<Stream, Error> {
        match origin {
            OriginUrl::Https(authority, name) => {
                let stream = open(authority, 443, header).await.map_err(Error::Connect)?;
                let stream = self.secure(name.clone(), stream).await;
                Ok(Stream::Tls(Box::new(stream.map_err(Error::Tls)?)))
            }
            OriginUrl::H2(authority, name) => {
                let stream = open(authority, 443, header).await.map_err(Error::Connect)?;
                let stream = self.secure_http2(name.clone(), stream).await;
                Ok(Stream::Tls(Box::new(stream.map_err(Error::Tls)?)))
            }
            OriginUrl::Http(authority) | OriginUrl::H2c(authority) => {
                let stream = open(authority, 80, header).await.map_err(Error::Connect)?;
                Ok(Stream::Plain(stream))
            }
            OriginUrl::Tcp(_) | OriginUrl::Tls(..) | OriginUrl::Demo => {
                Err(Error::Connect(io::ErrorKind::Unsupported.into()))
            }
        }
    }

    /// Asks on a connection of its own, for the head of the response alone.
    ///
    /// # Errors
    ///
    /// When there is none. There is no deadline here.
    pub async fn ask(
        &self,
        origin: &OriginUrl,
        header: Option<&[u8]>,
        request: Request<String>,
    ) -> Result<Response<()>, Error> {
        let room = Rc::default();
        let mut request = Outgoing::new(request, &room);
        let stream = self.connect(origin, header).await?;
        if origin.is_http2() {
            let seat = Seat::on(http2::Connection::begin(stream).await?);
            let (answer, _) = seat.ask(&mut request, &Cell::default()).await?;
            return Ok(answer.head);
        }
        let mut connection = Connection::new(stream, room);
        let (answer, _) = connection.ask(&mut request, &Cell::default()).await?;
        Ok(answer.head)
    }
}

/// Roots that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRoots {
    /// Not PEM.
    #[error("it is not valid PEM: {0}")]
    Pem(#[from] PemFault),
    /// Not certificates.
    #[error("it holds a certificate that cannot be a root: {0}")]
    Tls(#[from] rustls::Error),
}

pub(super) async fn open(
    authority: &Authority,
    default_port: u16,
    header: Option<&[u8]>,
) -> io::Result<TcpStream> {
    let host = authority.host().trim_matches(['[', ']']);
    let port = authority.port_u16().unwrap_or(default_port);
    let addresses = lookup_host((host, port)).await?;
    let mut stream = addresses::first(addresses, connect_to).await?;
    if let Some(header) = header {
        stream.write_all(header).await?;
    }
    Ok(stream)
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_nodelay(true)?;
    // Before it connects: the window that the origin is offered follows it.
    socket.set_recv_buffer_size(MOST_UNREAD)?;
    socket.connect(address).await
}

/// Bytes that the kernel keeps of a response that a slow viewer holds back, where it would grow to
/// some megabytes. It doubles the value for its own needs, and has no more than `net.core.rmem_max`.
const MOST_UNREAD: u32 = 512 * 1024;
