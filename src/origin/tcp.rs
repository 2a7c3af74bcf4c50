use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::choice::Choice;
use super::connect::{Connector, open};
use super::endpoint::Endpoint;
use super::error::Error;
use super::http1::Stream;
use super::load::Kind;
use super::origins::Group;
use super::pool::Failed;
use crate::config::OriginUrl;

/// Opens the connections of one worker to the origins of tcp listeners: one for each client's, and
/// none is kept.
#[derive(Debug)]
pub struct Dialer {
    connector: Connector,
    turn: Cell<usize>,
}

/// A connection to an endpoint. It counts as a stream of the endpoint until it is dropped.
#[derive(Debug)]
pub struct Dialed {
    /// The bytes.
    pub stream: Stream,
    /// The endpoint's place in its group.
    pub index: usize,
    _running: Running,
}

impl Dialer {
    /// One that has opened none yet.
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            turn: Cell::new(0),
        }
    }

    /// Connects to one of the endpoints: when one cannot be connected to in time, to the next. `header`
    /// goes before all else: one of the PROXY protocol.
    ///
    /// # Errors
    ///
    /// When there is no connection to any; the failure of the last one that was asked.
    pub async fn dial(
        &self,
        group: &Group,
        limit: Duration,
        header: Option<&[u8]>,
    ) -> Result<Dialed, Failed> {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let mut choice = Choice::new(group, turn, "");
        let mut failed = Failed::default();
        while let Some((index, endpoint)) = choice.next() {
            let Some(running) = Running::begin(endpoint, group) else {
                failed.full(index);
                continue;
            };
            match self.connect(endpoint.url(), limit, header).await {
                Ok(stream) => {
                    endpoint.succeeded();
                    return Ok(Dialed {
                        stream,
                        index,
                        _running: running,
                    });
                }
                Err(error) => {
                    endpoint.failed(&error);
                    failed = Failed { index, error };
                }
            }
        }
        Err(failed)
    }

    async fn connect(
        &self,
        origin: &OriginUrl,
        limit: Duration,
        header: Option<&[u8]>,
    ) -> Result<Stream, Error> {
        let connected = timeout(limit, self.open(origin, header)).await;
        connected.map_err(|_elapsed| Error::ConnectTimeout)?
    }

    /// The one place where such a connection is opened.
    async fn open(&self, origin: &OriginUrl, header: Option<&[u8]>) -> Result<Stream, Error> {
        let (OriginUrl::Tcp(authority) | OriginUrl::Tls(authority, _)) = origin else {
            return Err(Error::Connect(io::ErrorKind::Unsupported.into()));
        };
        // There is no default port: each names its own.
        let stream = open(authority, 0, header).await.map_err(Error::Connect)?;
        watch(&stream).map_err(Error::Connect)?;
        let OriginUrl::Tls(_, name) = origin else {
            return Ok(Stream::Plain(stream));
        };
        let stream = self.connector.secure_tcp(name.clone(), stream).await;
        Ok(Stream::Tls(Box::new(stream.map_err(Error::Tls)?)))
    }
}

/// What runs at an endpoint, until it is dropped.
#[derive(Debug)]
struct Running(Arc<Endpoint>);

impl Running {
    /// None when the endpoint has as many streams as it may have.
    fn begin(endpoint: &Arc<Endpoint>, group: &Group) -> Option<Self> {
        let fits = endpoint.begin(Kind::Stream, group.limits);
        fits.then(|| Self(Arc::clone(endpoint)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.end(Kind::Stream);
    }
}

/// Finds out when an origin vanishes, though nothing is sent, as listeners do of clients; and what it
/// cannot take yet waits at the client, not in the kernel.
fn watch(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(15))
        .with_interval(Duration::from_secs(5))
        .with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(VANISHED))?;
    socket.set_tcp_notsent_lowat(MOST_UNSENT)
}

/// How long the network may keep what we sent from being acknowledged.
const VANISHED: Duration = Duration::from_secs(30);

/// Bytes in the kernel that are not on their way.
const MOST_UNSENT: u32 = 128 * 1024;
