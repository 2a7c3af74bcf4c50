use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use http::Request;
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::spawn_local;

use super::answer::{Answer, Through};
use super::endpoint::Endpoint;
use super::unasked::Unasked;
use crate::config::AdminHost;
use crate::origin::Connector;

/// Makes a connection, and asks on it.
pub(super) async fn ask(
    endpoint: &Endpoint,
    connector: &Connector,
    request: Request<String>,
) -> Result<Answer, Unasked> {
    let failed = |error| Unasked::Connect(endpoint.clone(), error);
    match endpoint {
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(failed)?;
            exchange(endpoint, stream, request).await
        }
        Endpoint::Tcp { tls, to, port, .. } => {
            let stream = open(to, *port).await.map_err(failed)?;
            if !tls {
                return exchange(endpoint, stream, request).await;
            }
            let name = ServerName::try_from(endpoint.server_name());
            let name = name.map_err(|error| failed(io::Error::other(error)))?;
            let stream = connector.secure(name, stream).await;
            let stream = stream.map_err(|error| Unasked::Tls(endpoint.clone(), error))?;
            exchange(endpoint, stream, request).await
        }
    }
}

async fn open(to: &AdminHost, port: u16) -> io::Result<TcpStream> {
    match to {
        AdminHost::Name(name) => TcpStream::connect((name.as_str(), port)).await,
        AdminHost::Address(address) => TcpStream::connect((*address, port)).await,
    }
}

async fn exchange<S>(
    endpoint: &Endpoint,
    stream: S,
    request: Request<String>,
) -> Result<Answer, Unasked>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error| Unasked::Http(endpoint.clone(), error);
    let connection = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connection.map_err(broken)?;
    // How it ends, the request is told.
    spawn_local(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let mut body = Vec::new();
    let mut incoming = response.into_body();
    while let Some(data) = next(&mut incoming).await.map_err(broken)? {
        body.extend_from_slice(&data);
        if body.len() > LARGEST {
            return Err(Unasked::TooLarge(endpoint.clone(), LARGEST));
        }
    }
    Ok(Answer {
        from: endpoint.clone(),
        through: Through::Process,
        status,
        body,
    })
}

/// The next piece of a body; none at its end.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, hyper::Error> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame.transpose()? {
            None => return Ok(None),
            Some(frame) => {
                // Trailers say nothing.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// A thousand problems take some 500 kB.
const LARGEST: usize = 64 << 20;
