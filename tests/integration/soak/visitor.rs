//! Clients of a soak: each visit is one connection, in a way that chance decides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use super::truth::{Request, Truth};
use crate::support::{
    Body, Http2, PATIENCE, Random, Tls, TlsClient, Wire, get, http2_request, pause, upgrade,
};

/// Somebody who visits again and again.
pub(super) struct Visitor {
    pub(super) http: SocketAddr,
    pub(super) https: SocketAddr,
    pub(super) domains: Arc<[String]>,
    pub(super) client: TlsClient,
    pub(super) truth: Truth,
    pub(super) random: Random,
    /// Connections that nobody reads, kept to the end.
    pub(super) silent: Arc<Mutex<Vec<Wire>>>,
    pub(super) end: Instant,
}

/// What is there to be seen.
#[derive(Clone, Copy)]
enum Visit {
    /// Gone before the answer.
    Glance,
    Playlist,
    Segment,
    Upload,
    Stream,
    Streams,
    WebSocket,
}

const VISITS: [Visit; 7] = [
    Visit::Glance,
    Visit::Playlist,
    Visit::Segment,
    Visit::Upload,
    Visit::Stream,
    Visit::Streams,
    Visit::WebSocket,
];

impl Visitor {
    pub(super) async fn visits(mut self) {
        while Instant::now() < self.end {
            let domain = self.random.one(&self.domains).clone();
            let visit = *self.random.one(&VISITS);
            let stay = Duration::from_millis(self.random.between(5, 400));
            if let Visit::Streams = visit {
                self.http2(&domain, stay).await;
            } else if let Some(wire) = self.http1(&domain).await {
                self.visit(wire, &domain, visit, stay).await;
            }
            pause(Duration::from_millis(self.random.between(0, 30))).await;
        }
    }

    /// A connection over TLS or without; some of them end by RST, whenever they end.
    async fn http1(&mut self, domain: &str) -> Option<Wire> {
        let is_reset = self.random.between(0, 4) == 0;
        if self.random.between(0, 3) == 0 {
            let connect = timeout(PATIENCE, TcpStream::connect(self.http));
            let stream = connect.await.ok()?.ok()?;
            if is_reset {
                stream.set_zero_linger().ok()?;
            }
            return Some(Wire::new(stream));
        }
        let tls = self.tls(domain, "http/1.1").await?;
        let stream = tls.bytes();
        if is_reset {
            stream.get_ref().0.set_zero_linger().ok()?;
        }
        Some(Wire::new(stream))
    }

    async fn tls(&self, domain: &str, protocol: &str) -> Option<Tls> {
        let client = self.client.clone().offering(&[protocol]);
        let tls = client.connect(self.https, domain).await;
        self.truth.note(domain, |it| match &tls {
            Ok(_) => it.handshakes += 1,
            Err(_) => it.refused += 1,
        });
        tls.ok()
    }

    async fn visit(&mut self, mut wire: Wire, domain: &str, visit: Visit, stay: Duration) {
        let request = self.truth.asks(domain);
        match visit {
            Visit::Glance => drop(wire.try_send(get(domain, "/live.m3u8")).await),
            Visit::Playlist => whole(&mut wire, request, get(domain, "/live.m3u8")).await,
            Visit::Segment => {
                let size = self.random.between(1, 400_000);
                whole(&mut wire, request, get(domain, &format!("/whole/{size}"))).await;
            }
            Visit::Upload => {
                let size = usize::try_from(self.random.between(1, 100_000)).expect("it fits");
                request.gives(size);
                let head = format!(
                    "POST /upload HTTP/1.1\r\nHost: {domain}\r\nContent-Length: {size}\r\n\r\n"
                );
                whole(&mut wire, request, head + &"u".repeat(size)).await;
            }
            Visit::Stream | Visit::Streams => {
                let asked = ask(&mut wire, request, get(domain, "/20000/10")).await;
                let Some(request) = asked else { return };
                let over = watch(&mut wire, &request, stay).await;
                if !over && self.random.between(0, 8) == 0 {
                    request.is_silent();
                    self.silent.lock().await.push(wire);
                }
            }
            Visit::WebSocket => {
                if let Some(request) = ask(&mut wire, request, upgrade(domain, "/ws")).await {
                    self.talk(&mut wire, &request).await;
                }
            }
        }
    }

    /// Says something and hears it again, some times.
    async fn talk(&mut self, wire: &mut Wire, request: &Request) {
        for _ in 0..self.random.between(1, 20) {
            let size = usize::try_from(self.random.between(1, 2_000)).expect("it fits");
            let frame = [
                &[0x82, 126],
                &(size as u16).to_be_bytes()[..],
                &vec![7; size],
            ]
            .concat();
            request.gives(frame.len());
            if wire.try_send(&frame).await.is_err() {
                return;
            }
            let mut left = frame.len();
            while left > 0 {
                let Ok(bytes) = wire.some().await else { return };
                request.took(bytes.len());
                left = left.saturating_sub(bytes.len());
            }
        }
    }

    /// Some streams on one connection, that are left one by one or all together.
    async fn http2(&mut self, domain: &str, stay: Duration) {
        let Some(tls) = self.tls(domain, "h2").await else {
            return;
        };
        let Ok(Some(mut connection)) = timeout(PATIENCE, tls.try_http2()).await else {
            return;
        };
        let mut streams = Vec::new();
        for _ in 0..self.random.between(1, 6) {
            let request = self.truth.asks(domain);
            match open(&mut connection, domain, request).await {
                Some(stream) => streams.push(stream),
                None => return,
            }
        }
        let end = Instant::now() + stay;
        while let Some((request, mut body)) = streams.pop() {
            while let Ok(Ok(bytes)) = timeout_at(end, body.some()).await {
                request.took(bytes.len());
                if bytes.is_empty() {
                    break;
                }
            }
        }
    }
}

async fn open(
    connection: &mut Http2,
    domain: &str,
    mut request: Request,
) -> Option<(Request, Body)> {
    let asked = connection
        .try_open(http2_request("GET", domain, "/20000/10"))
        .await?;
    let (head, body) = asked.answer().await.ok()?;
    request.answered(head.status.as_u16());
    Some((request, body))
}

/// Sends a request and takes the head of its answer, if it comes.
async fn ask(wire: &mut Wire, mut request: Request, text: String) -> Option<Request> {
    let _ = wire.try_send(text).await;
    let head = wire.try_response().await.ok()?;
    request.answered(head.status());
    Some(request)
}

async fn whole(wire: &mut Wire, request: Request, text: String) {
    if let Some(request) = ask(wire, request, text).await {
        while let Ok(bytes) = wire.piece(usize::MAX).await {
            request.took(bytes.len());
            if bytes.is_empty() {
                return;
            }
        }
    }
}

/// Says whether the stream ended meanwhile.
async fn watch(wire: &mut Wire, request: &Request, stay: Duration) -> bool {
    let end = Instant::now() + stay;
    loop {
        match timeout_at(end, wire.piece(usize::MAX)).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => request.took(bytes.len()),
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}
