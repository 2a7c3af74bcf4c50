use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::access::Peer;
use super::socket::{Listener, Tls};
use super::{Admin, Work};

/// Accepts connections for ever, with TLS on a TCP address if there is some. What takes more than a
/// moment is left to `work`.
pub async fn serve(listener: Listener, tls: Option<Tls>, admin: Admin, work: Work) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = accept(&listener).await;
        let (tls, admin, work) = (tls.clone(), admin.clone(), work.clone());
        tokio::spawn(async move {
            match accepted {
                Accepted::Tcp(stream) => over_tcp(stream, tls, admin, work).await,
                Accepted::Unix(stream) => over_unix(stream, admin, work).await,
            }
            drop(place);
        });
    }
}

enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The next connection, however long that takes.
async fn accept(listener: &Listener) -> Accepted {
    loop {
        let accepted = match listener {
            Listener::Tcp(listener) => listener.accept().await.map(|it| Accepted::Tcp(it.0)),
            Listener::Unix(listener) => listener.accept().await.map(|it| Accepted::Unix(it.0)),
        };
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::error!(%error, "the admin listener cannot accept; trying again in a moment");
                sleep(BACK_OFF).await;
            }
        }
    }
}

async fn over_tcp(stream: TcpStream, tls: Option<Tls>, admin: Admin, work: Work) {
    // Who left before is nobody to serve.
    let (Ok(address), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else {
        return;
    };
    let peer = Peer {
        address: Some(address.ip()),
        local: Some(local.ip()),
        tls: tls.is_some(),
    };
    match tls {
        None => connection(stream, peer, admin, work).await,
        Some(tls) => {
            if let Some(stream) = tls.accept(stream).await {
                connection(stream, peer, admin, work).await;
            }
        }
    }
}

async fn over_unix(stream: UnixStream, admin: Admin, work: Work) {
    let peer = Peer {
        address: None,
        local: None,
        tls: false,
    };
    connection(stream, peer, admin, work).await;
}

async fn connection<S>(stream: S, peer: Peer, admin: Admin, work: Work)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request| {
        let (admin, work) = (admin.clone(), work.clone());
        async move { Ok::<_, Infallible>(admin.respond(request, &peer, &work).await) }
    });
    let mut builder = http1::Builder::new();
    // With a timer, hyper bounds the time for headers and between requests: 30 s.
    builder.timer(TokioTimer::new());
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

const BACK_OFF: Duration = Duration::from_millis(200);

/// Who may connect need not have a token; more than this many wait until others leave, so that the
/// files that viewers need are never used up here.
const MOST_CONNECTIONS: usize = 512;
