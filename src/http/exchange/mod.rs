mod client;
mod ending;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::STRICT_TRANSPORT_SECURITY;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, request};
use tokio::time::Instant;

use super::body::Body;
use super::claims::Claims;
use super::connection::Connection;
use super::cors::CrossOrigin;
use super::cutter::Cutter;
use super::failure::Failure;
use super::https_grace::HttpsGrace;
use super::response_headers;
use super::route::is_acme_token;
use super::worker::Swept;
use crate::snapshot::{Domain, Snapshot};
use crate::telemetry::{DomainCounters, Event, Limit, Record};

/// One request and its response, or a WebSocket: what is counted and recorded of it.
pub(super) struct Exchange {
    connection: Rc<Connection>,
    domain: Option<Arc<Domain>>,
    /// For a domain other than the one that its TLS connection was made for: it ends with its own
    /// domain's HTTPS, while the connection goes on.
    guest: Option<Box<HttpsGrace>>,
    /// What a trusted proxy says of its client.
    claims: Option<Box<Claims>>,
    method: Method,
    /// A copy: the request's own text would hold all of hyper's buffer, for as long as a stream runs.
    path: Box<str>,
    version: Version,
    started: Instant,
    /// None until there is an answer.
    status: Cell<Option<StatusCode>>,
    origin: Cell<Option<usize>>,
    outcome: Cell<&'static str>,
    sent: Cell<u64>,
    received: Cell<u64>,
    counted: Cell<(u64, u64)>,
    /// Whom it waits for, and since when no byte has moved.
    awaited: Cell<Awaited>,
    still_since: Cell<Instant>,
    cross_origin: Option<CrossOrigin>,
    cutter: Option<Rc<Cutter>>,
    is_cut: Cell<bool>,
    recorded: Cell<Option<Instant>>,
}

/// Whom an exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// To send more.
    Origin,
    /// To take more.
    Viewer,
}

/// Ends its exchange when it is dropped, in whatever way the response ended.
pub(super) struct ExchangeGuard {
    exchange: Rc<Exchange>,
    key: usize,
}

impl ExchangeGuard {
    /// Begins an exchange.
    pub(super) fn begin(
        connection: &Rc<Connection>,
        request: &request::Parts,
        domain: Option<Arc<Domain>>,
        claims: Option<Box<Claims>>,
        cutter: Option<Rc<Cutter>>,
    ) -> Self {
        let started = Instant::now();
        let cors = domain.as_ref().and_then(|it| it.config.cors.as_deref());
        let cross_origin = cors.and_then(|cors| CrossOrigin::of(cors, &request.headers));
        let exchange = Rc::new(Exchange {
            connection: Rc::clone(connection),
            guest: domain.as_ref().and_then(|domain| connection.guest(domain)),
            domain,
            claims,
            method: request.method.clone(),
            path: request.uri.path().into(),
            version: request.version,
            started,
            status: Cell::new(None),
            origin: Cell::new(None),
            outcome: Cell::new(CLIENT_GONE),
            sent: Cell::new(0),
            received: Cell::new(0),
            counted: Cell::new((0, 0)),
            awaited: Cell::new(Awaited::Origin),
            still_since: Cell::new(started),
            cross_origin,
            cutter,
            is_cut: Cell::new(false),
            recorded: Cell::new(None),
        });
        connection.activity.exchange_begins();
        exchange.counters().viewer_came();
        let key = connection.worker.enter(Rc::<Exchange>::clone(&exchange));
        Self { exchange, key }
    }

    pub(super) fn exchange(&self) -> &Rc<Exchange> {
        &self.exchange
    }
}

impl std::ops::Deref for ExchangeGuard {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        &self.exchange
    }
}

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        let exchange = &self.exchange;
        exchange.connection.worker.leave(self.key);
        exchange.connection.activity.exchange_ends();
        exchange.count();
        exchange.judge();
        exchange.counters().viewer_left();
        exchange.counters().answered(exchange.status());
        exchange.write(match exchange.recorded.get() {
            Some(_) => Event::StreamEnded,
            None => Event::Request,
        });
    }
}

impl Exchange {
    pub(super) fn set_status(&self, status: StatusCode) {
        self.status.set(Some(status));
    }

    /// Notes which of the endpoints was asked.
    pub(super) fn set_origin(&self, index: usize) {
        self.origin.set(Some(index));
    }

    /// Notes how it ends; until then, it ends by the client going away.
    pub(super) fn set_outcome(&self, outcome: &'static str) {
        self.outcome.set(outcome);
    }

    /// The answer was passed on to its end; a failure stays one, though its answer was.
    pub(super) fn complete(&self) {
        if self.outcome.get() == CLIENT_GONE {
            self.outcome.set(COMPLETE);
        }
    }

    /// Whether the domain may have it, by its client and beside the others.
    pub(super) fn admit(&self) -> Result<(), Failure> {
        let access = self.domain.as_ref();
        let access = access.and_then(|domain| domain.config.access.as_ref());
        let is_out = access.is_some_and(|access| !access.admits(self.client()));
        // A CA asks from wherever it likes.
        if is_out && (self.is_secure() || !is_acme_token(&self.path)) {
            return Err(Failure::Forbidden);
        }
        match self.has_room() {
            true => Ok(()),
            false => Err(Failure::Full),
        }
    }

    /// The answer to a browser that asks beforehand, if it is ours to give.
    pub(super) fn preflight(&self, request: &request::Parts) -> Option<Response<Body>> {
        self.cross_origin.as_ref()?.preflight(request)
    }

    /// Makes a response say what the domain says to all its viewers; `is_own` tells whether it is
    /// ours, and no origin's.
    pub(super) fn complete_head(&self, headers: &mut HeaderMap, is_own: bool) {
        let config = self.domain.as_ref().map(|domain| &domain.config);
        if let Some(changes) = config.and_then(|config| config.response_headers.as_deref()) {
            match is_own {
                true => response_headers::complete_own(changes, headers),
                false => response_headers::change_origins(changes, headers),
            }
        }
        if let Some(value) = self.hsts() {
            headers.insert(STRICT_TRANSPORT_SECURITY, value);
        }
        if let Some(cross_origin) = &self.cross_origin {
            cross_origin.fill_in(headers);
        }
    }

    /// What the client is told of HTTPS. Nothing where the way to it is not secure: anybody on it
    /// could have said so (RFC 6797 section 7.2).
    fn hsts(&self) -> Option<HeaderValue> {
        let issuer = self.domain.as_ref()?.hsts.as_ref()?;
        self.connection.is_tls().then(|| issuer.issue())
    }

    pub(super) fn domain(&self) -> String {
        let domain = self.domain.as_ref();
        domain
            .map(|domain| domain.name().to_string())
            .unwrap_or_default()
    }

    /// The origin that was asked, for people.
    pub(super) fn origin(&self) -> String {
        let origin = self.domain.as_ref().zip(self.origin.get());
        let origin = origin.and_then(|(domain, index)| domain.origins.group(&self.path).url(index));
        origin.map(ToString::to_string).unwrap_or_default()
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent.set(self.sent.get() + bytes as u64);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.set(self.received.get() + bytes as u64);
    }

    /// The connection is busy as long as its request's body is under way, though the response may
    /// be over.
    pub(super) fn upload_begins(&self) {
        self.connection.activity.exchange_begins();
    }

    pub(super) fn upload_ends(&self) {
        self.connection.activity.exchange_ends();
        self.count();
    }

    /// Notes whom it waits for from now on.
    pub(super) fn awaits(&self, awaited: Awaited) {
        self.awaited.set(awaited);
    }

    /// Whether the domain may have it beside the others, itself counted.
    fn has_room(&self) -> bool {
        let domain = self.domain.as_ref();
        let most = domain.and_then(|domain| domain.config.max_viewers);
        let Some(most) = most.and_then(|most| i64::try_from(most).ok()) else {
            return true;
        };
        let has_room = self.counters().viewers() <= most;
        if !has_room {
            self.connection.worker.counters.limited(Limit::Viewers);
        }
        has_room
    }

    fn record(&self, now: Instant, event: Event) {
        self.recorded.set(Some(now));
        self.write(event);
    }

    fn status(&self) -> u16 {
        self.status.get().map_or(0, |status| status.as_u16())
    }

    fn counters(&self) -> &DomainCounters {
        match &self.domain {
            Some(domain) => &domain.counters,
            None => &self.connection.worker.counters.unknown,
        }
    }

    /// Says whether something moved since it did so last.
    fn count(&self) -> bool {
        let (sent, received) = (self.sent.get(), self.received.get());
        let (sent_before, received_before) = self.counted.replace((sent, received));
        let (sent, received) = (sent - sent_before, received - received_before);
        self.counters().moved(sent, received);
        sent + received > 0
    }

    fn write(&self, event: Event) {
        if !self.connection.worker.current.load().settings.access_log {
            return;
        }
        let running = matches!(event, Event::StreamStarted | Event::StreamRunning);
        Record {
            domain: &self.domain(),
            client: self.client(),
            scheme: if self.is_secure() { "https" } else { "http" },
            protocol: protocol(self.version),
            method: self.method.as_str(),
            path: &self.path,
            status: self.status(),
            origin: &self.origin(),
            sent: self.sent.get(),
            received: self.received.get(),
            duration: self.started.elapsed(),
            outcome: if running {
                "running"
            } else {
                self.outcome.get()
            },
        }
        .write(event);
    }
}

impl Swept for Exchange {
    /// Brings the domain's counters up to date, writes the records of a stream that runs on, and
    /// ends what shall not go on.
    fn sweep(&self, now: Instant, snapshot: &Snapshot) {
        if self.count() {
            self.still_since.set(now);
        }
        if let Some(end) = self.end(now, snapshot) {
            self.cut(end);
            return;
        }
        if self.is_leaving() {
            self.remind();
        }
        match self.recorded.get() {
            None if now - self.started >= SOON && self.status.get().is_some() => {
                self.record(now, Event::StreamStarted);
            }
            Some(last) if now - last >= RECORD_INTERVAL => self.record(now, Event::StreamRunning),
            _ => {}
        }
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

const COMPLETE: &str = "complete";

/// The origin stopped in the middle of the response.
pub(super) const ORIGIN_BROKE: &str = "origin_broke";

const CLIENT_GONE: &str = "client_gone";

/// A response that is not over by then is called a stream: it has a record of its start and one a
/// minute, where the others have one at the end.
const SOON: Duration = Duration::from_secs(2);

const RECORD_INTERVAL: Duration = Duration::from_secs(60);
