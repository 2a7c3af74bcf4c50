//! Origins: one that the test plays itself, line by line, and one that answers all alike.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::ca::Pair;
use super::message::{Head, ok};
use super::wait::{PATIENCE, within};
use super::wire::Wire;

/// An origin that does nothing but what the test tells it to.
pub(crate) struct Origin {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Origin {
    pub(crate) async fn start() -> Self {
        Self {
            listener: bind().await,
            tls: None,
        }
    }

    /// An origin behind TLS of its own.
    pub(crate) async fn start_tls(pair: &Pair) -> Self {
        Self {
            listener: bind().await,
            tls: Some(TlsAcceptor::from(pair.server())),
        }
    }

    fn address(&self) -> SocketAddr {
        self.listener
            .local_addr()
            .expect("a bound socket has an address")
    }

    /// What a domain's `origins` names.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// What a domain's `tcp` names.
    pub(crate) fn tcp_url(&self) -> String {
        let scheme = if self.tls.is_some() { "tls" } else { "tcp" };
        format!("{scheme}://{}", self.address())
    }

    /// Takes the next connection.
    pub(crate) async fn accept(&self) -> Wire {
        self.try_accept().await.expect("the TLS handshake succeeds")
    }

    /// The same, when the handshake may fail.
    pub(crate) async fn try_accept(&self) -> std::io::Result<Wire> {
        let accepted = async {
            let (stream, _) = self.listener.accept().await?;
            stream.set_nodelay(true)?;
            match &self.tls {
                Some(tls) => tls.accept(stream).await.map(Wire::new),
                None => Ok(Wire::new(stream)),
            }
        };
        within(PATIENCE, "a connection at the origin", accepted).await
    }

    /// Takes the next connection and the request on it.
    pub(crate) async fn request(&self) -> (Head, Wire) {
        let mut wire = self.accept().await;
        (wire.request().await, wire)
    }
}

/// An origin that answers every request with the same text.
pub(crate) struct Responder {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Head>>>,
    serving: AbortHandle,
}

impl Responder {
    pub(crate) async fn start(text: &'static str) -> Self {
        Self::serving(bind().await, text)
    }

    /// One at the place of an earlier one.
    pub(crate) async fn start_at(address: SocketAddr, text: &'static str) -> Self {
        let listener = TcpListener::bind(address).await;
        Self::serving(listener.expect("the port is free again"), text)
    }

    fn serving(listener: TcpListener, text: &'static str) -> Self {
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let seen = Arc::default();
        let serving = tokio::spawn(respond(listener, text, Arc::clone(&seen)));
        Self {
            address,
            seen,
            serving: serving.abort_handle(),
        }
    }

    /// Closes its socket and all connections, as if the process was killed. Returns its place.
    pub(crate) fn kill(&self) -> SocketAddr {
        self.serving.abort();
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that reached it, in their order.
    pub(crate) fn seen(&self) -> Vec<Head> {
        lock(&self.seen).clone()
    }
}

async fn respond(listener: TcpListener, text: &'static str, seen: Arc<Mutex<Vec<Head>>>) {
    // They end with the one that accepts them.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let seen = Arc::clone(&seen);
        connections.spawn(async move {
            let mut wire = Wire::new(stream);
            while let Some(head) = wire.next_request().await {
                lock(&seen).push(head);
                if wire.body().await.is_err() || wire.try_send(ok(text)).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn lock(seen: &Mutex<Vec<Head>>) -> std::sync::MutexGuard<'_, Vec<Head>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place where nobody listens.
pub(crate) async fn nowhere() -> SocketAddr {
    let listener = bind().await;
    listener
        .local_addr()
        .expect("a bound socket has an address")
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port is bound")
}
