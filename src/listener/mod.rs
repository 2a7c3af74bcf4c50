//! From the socket to the request: an accept loop that cannot fail, and one way for every
//! connection, generic over plain and TLS.

mod admission;
mod announced;
mod bind;
mod clients;
mod connection;
mod crowd;
mod drain;
mod exchanges;
mod http1;
mod http2;
mod registry;
mod strict;
mod watched;

use std::future::Future;
use std::io;
use std::iter;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio::time::sleep;

pub use admission::Admission;
pub use bind::{BindError, adopt, bind};
pub use clients::Clients;
pub use drain::Drain;
pub use registry::Registry;

use crate::config::{ListenerName, PlainHttp};
use crate::http::Worker;
use crate::telemetry::ListenerKind;

/// What a listener serves its connections with.
#[derive(Clone, Debug)]
pub struct Service {
    /// The worker that connections belong to.
    pub worker: Rc<Worker>,
    /// The worker's connections.
    pub registry: Rc<Registry>,
    /// Who is let in.
    pub admission: Rc<Admission>,
    /// What is spoken on the socket.
    pub speaks: Speaks,
    /// Whether each connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

/// What is spoken on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Plain HTTP.
    Http,
    /// TLS; what plain HTTP gets there.
    Https(PlainHttp),
    /// TLS, inside which anything is; by what name domains know the listener.
    Tcp(ListenerName),
}

impl Speaks {
    fn kind(&self) -> ListenerKind {
        match self {
            Self::Http => ListenerKind::Http,
            Self::Https(_) => ListenerKind::Https,
            Self::Tcp(_) => ListenerKind::Tcp,
        }
    }
}

/// Accepts connections until `shutdown` is over; each is served by a task of its own.
pub async fn serve(listener: TcpListener, service: Service, shutdown: impl Future) {
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, client) = tokio::select! {
            accepted = accept(&listener) => accepted,
            _ = &mut shutdown => break,
        };
        spawn_local(connection::run(stream, client, service.clone()));
    }
    for (stream, client) in queued(listener) {
        spawn_local(connection::run(stream, client, service.clone()));
    }
}

/// Those who were told that they are connected before the listener ends.
fn queued(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let listener = listener.into_std().ok();
    let accept = move || {
        let (stream, client) = listener.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, client))
    };
    iter::from_fn(accept).take(MOST_QUEUED)
}

/// The next connection, however long that takes.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections; trying again in a moment");
                sleep(BACK_OFF).await;
            }
        }
    }
}

/// accept(2) also reports what went wrong with the connection that it would have returned.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// As long as the queue can be: a flood does not keep the listener open.
const MOST_QUEUED: usize = 4096;

/// With no file descriptor left, accepting works again only when some connection ends.
const BACK_OFF: Duration = Duration::from_millis(200);
