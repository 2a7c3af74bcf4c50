use std::net::SocketAddr;
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::admission::Admitted;
use super::announced::announced;
use super::crowd::Waiting;
use super::http1::http1;
use super::http2::http2;
use super::registry::Entry;
use super::{Service, Speaks};
use crate::config::{ListenerName, PlainHttp};
use crate::http::{Arrival, Connection, Peer, Phase};
use crate::proxy_protocol::Ends;
use crate::relay::{self, Arrived};
use crate::telemetry::Limit;
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
        () = entry.cut() => {
            let timeouts = service.worker.current.load().settings.timeouts;
            if entry.is_late_with_head(&timeouts) {
                service.worker.counters.limited(Limit::Headers);
            }
        }
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
        let turns = self.service.admission.turns();
        // Boxed, like all that a stream over HTTP/1.1 does without: its own future is as large as the
        // largest of them, for as long as it runs.
        let accepted = Box::pin(tls::accept(
            worker, turns, stream, client, inside, self.begun,
        ))
        .await;
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
