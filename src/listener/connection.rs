use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::{self as hyper_service, service_fn};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::admission::Admitted;
use super::announced::announced;
use super::crowd::Waiting;
use super::registry::Entry;
use super::strict::Strict;
use super::watched::Watched;
use super::{Service, Speaks};
use crate::config::{ListenerName, PlainHttp};
use crate::http::{self, Arrival, Connection, Cutter, Leaving, Peer, Phase};
use crate::proxy_protocol::Ends;
use crate::relay::{self, Arrived};
use crate::tls::{self, Accepted, Inside, Protocol};

/// Serves one connection to its end.
pub(super) async fn run(stream: TcpStream, client: SocketAddr, service: Service) {
    let kind = service.speaks.kind();
    let admission = &service.admission;
    let Some(admitted) = admission.admit(&service.worker, kind, client.ip()) else {
        return;
    };
    let phase = match service.speaks {
        Speaks::Http if !service.proxy_protocol => Phase::Idle,
        Speaks::Http | Speaks::Https(_) | Speaks::Tcp(_) => Phase::Handshake,
    };
    let entry = service.registry.enter(phase);
    tokio::select! {
        () = entry.cut() => {}
        () = serve(stream, client, &service, &entry, admitted) => {}
    }
}

async fn serve(
    mut stream: TcpStream,
    client: SocketAddr,
    service: &Service,
    entry: &Rc<Entry>,
    mut admitted: Admitted,
) {
    let (begun, admission) = (Instant::now(), &service.admission);
    let is_waiting = entry.activity.phase().0 == Phase::Handshake;
    let waiting = is_waiting.then(|| admission.begin(&service.worker, entry));
    let Some(peer) = peer(&mut stream, client, begun, service).await else {
        return;
    };
    if !admitted.counts(admission, peer.ends.source.ip()) {
        return;
    }
    let newcomer = Newcomer {
        peer,
        begun,
        service,
        entry,
    };
    match &service.speaks {
        Speaks::Http => {
            if waiting.is_some() {
                entry.activity.enter(Phase::Idle);
            }
            drop(waiting);
            http1(stream, newcomer.open(Arrival::Http), entry).await;
        }
        Speaks::Https(plain_http) => newcomer.https(stream, *plain_http, waiting).await,
        Speaks::Tcp(listener) => newcomer.tcp(stream, listener, waiting).await,
    }
}

/// Whose connection it is; none when that cannot be told.
async fn peer(
    stream: &mut TcpStream,
    client: SocketAddr,
    begun: Instant,
    service: &Service,
) -> Option<Peer> {
    let ends = Ends {
        source: client,
        destination: stream.local_addr().ok()?,
    };
    if service.proxy_protocol {
        // Boxed, since it is rare and would make the future of every connection larger.
        return Box::pin(announced(stream, ends, begun, service)).await;
    }
    let snapshot = service.worker.current.load();
    let is_proxy = snapshot.settings.listeners.trusted.contain(client.ip());
    Some(Peer { ends, is_proxy })
}

/// A connection of which is known who made it.
struct Newcomer<'c> {
    peer: Peer,
    begun: Instant,
    service: &'c Service,
    entry: &'c Rc<Entry>,
}

impl Newcomer<'_> {
    async fn https(&self, stream: TcpStream, plain_http: PlainHttp, waiting: Option<Waiting>) {
        match self.shake_hands(stream, Inside::Http, waiting).await {
            Some(Accepted::Tls(stream, served)) => {
                let connection = self.open(Arrival::Tls(served));
                match Protocol::of(&stream) {
                    Protocol::Http1 => http1(stream, connection, self.entry).await,
                    Protocol::Http2 => Box::pin(http2(stream, connection, self.entry)).await,
                }
            }
            Some(Accepted::Plain(stream)) => {
                let connection = self.open(Arrival::PlainOnHttps(plain_http));
                http1(stream, connection, self.entry).await;
            }
            None => {}
        }
    }

    async fn tcp(&self, stream: TcpStream, listener: &ListenerName, waiting: Option<Waiting>) {
        let inside = Inside::Tcp(listener);
        let accepted = self.shake_hands(stream, inside, waiting).await;
        if let Some(Accepted::Tls(stream, served)) = accepted {
            let arrived = Arrived {
                worker: &self.service.worker,
                activity: &self.entry.activity,
                ends: self.peer.ends,
                listener,
            };
            relay::run(arrived, served, stream).await;
        }
    }

    /// The handshake; from its end on, the connection waits for a request, and ends with its domain's
    /// HTTPS.
    async fn shake_hands(
        &self,
        stream: TcpStream,
        inside: Inside<'_>,
        waiting: Option<Waiting>,
    ) -> Option<Accepted<TcpStream>> {
        let (worker, client) = (&self.service.worker, self.peer.ends.source);
        // Boxed, like all that a stream over HTTP/1.1 does without: its own future is as large as the
        // largest of them, for as long as it runs.
        let accepted = Box::pin(tls::accept(worker, stream, client, inside, self.begun)).await;
        drop(waiting);
        if let Some(Accepted::Tls(_, served)) = &accepted {
            self.entry.serves(served);
        }
        self.entry.activity.enter(Phase::Idle);
        accepted
    }

    fn open(&self, arrival: Arrival) -> Rc<Connection> {
        let worker = Rc::clone(&self.service.worker);
        let activity = Rc::clone(&self.entry.activity);
        Rc::new(Connection::new(worker, activity, self.peer, arrival))
    }
}

/// A connection of HTTP/1.1: hyper's, but for the streams on it.
async fn http1<S>(stream: S, connection: Rc<Connection>, entry: &Entry)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let activity = Rc::clone(&entry.activity);
    let mut stream = Watched::new(Strict::new(stream), activity, true);
    loop {
        // Boxed: what hyper keeps is not needed any more while a stream runs.
        let left = Box::pin(requests(stream, &connection, entry)).await;
        let drains = left.drains;
        stream = left.stream;
        match connection.take_leaving() {
            None if left.rests => match rest(&mut stream, entry).await {
                Some(bytes) => stream.stream_mut().unread(bytes),
                None => return,
            },
            None => return,
            Some(Leaving::Tunnel(tunnel)) => return tunnel.run(stream, left.unread).await,
            Some(Leaving::Stream(relay)) => {
                let drains = || drains || entry.shall_drain();
                let relay = Box::pin(relay.run(&mut stream, left.unread, drains));
                let Some(unread) = relay.await else {
                    return;
                };
                stream.stream_mut().unread(unread.into());
            }
        }
    }
}

/// What hyper leaves of a connection.
struct Left<S> {
    stream: S,
    /// What it has read and not looked at.
    unread: Bytes,
    /// Whether the connection shall end.
    drains: bool,
    /// Whether it has nothing to do.
    rests: bool,
}

/// Answers requests until the connection ends, or leaves hyper.
async fn requests<S>(stream: S, connection: &Rc<Connection>, entry: &Entry) -> Left<S>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_BUFFER);
    let io = TokioIo::new(stream);
    let mut http = builder.serve_connection(io, service(connection, None));
    let is_resting = || entry.activity.is_resting();
    let has_left = || connection.has_stream() || is_resting();
    let drains = drive(&mut http, entry, |http| http.graceful_shutdown(), has_left).await;
    let parts = http.into_parts();
    Left {
        stream: parts.io.into_inner(),
        rests: is_resting() && parts.read_buf.is_empty(),
        unread: parts.read_buf,
        drains,
    }
}

async fn http2<S>(stream: S, connection: Rc<Connection>, entry: &Entry)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let io = TokioIo::new(Watched::new(stream, Rc::clone(&entry.activity), false));
    let streams = Streams::default();
    let mut builder = http2::Builder::new(streams.clone());
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(MAX_BUFFER)
        .max_local_error_reset_streams(MAX_ERRORS)
        .max_header_list_size(MAX_HEADERS)
        .enable_connect_protocol();
    let mut http = builder.serve_connection(io, service(&connection, Some(streams)));
    drive(&mut http, entry, |http| http.graceful_shutdown(), || false).await;
}

/// Answers the requests of a connection, each of HTTP/2 with what cuts it.
fn service(
    connection: &Rc<Connection>,
    streams: Option<Streams>,
) -> impl hyper_service::Service<
    Request<Incoming>,
    Response = Response<http::Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<http::Body>, Infallible>> + use<>,
> + use<> {
    let connection = Rc::clone(connection);
    service_fn(move |request| {
        let cutter = streams.as_ref().map(Streams::next);
        let connects = request.method() == Method::CONNECT;
        let connects = streams.as_ref().zip(cutter.clone()).filter(|_| connects);
        let connects = connects.map(|(streams, cutter)| (streams.clone(), cutter));
        let response = http::respond(Rc::clone(&connection), request, cutter);
        async {
            let response = response.await;
            if let Some((streams, cutter)) = connects.filter(|_| response.status().is_success()) {
                streams.goes_on(&cutter);
            }
            Ok(response)
        }
    })
}

/// Waits for the client's next request: its first bytes, unless the connection ends.
async fn rest<S>(stream: &mut S, entry: &Entry) -> Option<Bytes>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut some = [0; 256];
    let mut buffer = ReadBuf::new(&mut some);
    let has_come = poll_fn(|cx| {
        if entry.shall_drain() {
            return Poll::Ready(false);
        }
        let read = Pin::new(&mut *stream).poll_read(cx, &mut buffer);
        read.map(|read| read.is_ok() && !buffer.filled().is_empty())
    });
    if has_come.await {
        return Some(Bytes::copy_from_slice(buffer.filled()));
    }
    // The other end may be gone already.
    let _ = stream.shutdown().await;
    None
}

/// Carries a connection to its end, or until it has left; `drain` asks it to end after its running
/// exchanges. How a connection breaks is in the records of its exchanges. Says whether it was asked
/// to end.
async fn drive<C>(
    http: &mut C,
    entry: &Entry,
    drain: impl Fn(Pin<&mut C>),
    has_left: impl Fn() -> bool,
) -> bool
where
    C: Future<Output = hyper::Result<()>> + Unpin,
{
    let mut drains = false;
    poll_fn(|cx| {
        if entry.shall_drain() {
            drains = true;
            drain(Pin::new(http));
        }
        let polled = Pin::new(&mut *http).poll(cx).map(drop);
        match has_left() {
            true => Poll::Ready(()),
            false => polled,
        }
    })
    .await;
    drains
}

/// Runs the streams of an HTTP/2 connection on its own thread, each until it is cut.
///
/// hyper hands a request to the service and what comes of it to the executor, one right after the
/// other: so the cutter that the request was given is that of the next stream. In the same way it
/// takes an answer that opens a tunnel, and hands over what sends its bytes.
#[derive(Clone, Default)]
struct Streams(Rc<Cell<Option<Rc<Cutter>>>>);

impl Streams {
    fn next(&self) -> Rc<Cutter> {
        let cutter = Rc::new(Cutter::default());
        self.0.set(Some(Rc::clone(&cutter)));
        cutter
    }

    /// The next to come is the rest of a stream that has this cutter.
    fn goes_on(&self, cutter: &Cutter) {
        self.0.set(Some(cutter.follower()));
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, future: F) {
        match self.0.take() {
            Some(cutter) => drop(spawn_local(cutter.run(future))),
            None => drop(spawn_local(future)),
        }
    }
}

/// Bounds the request headers, and what waits for a slow reader.
const MAX_BUFFER: usize = 32 * 1024;

/// Bounds the request headers of HTTP/2, by their decoded size.
const MAX_HEADERS: u32 = 64 * 1024;

/// Streams of one connection that break the rules (CVE-2025-8671); the next one ends it.
const MAX_ERRORS: usize = 100;

/// A browser page opens some tens.
const MAX_STREAMS: u32 = 128;
