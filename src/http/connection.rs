use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use rustls_pki_types::CertificateDer;

use super::activity::Activity;
use super::claims::{self, Claims};
use super::client_certificate;
use super::https_grace::HttpsGrace;
use super::streaming::Streaming;
use super::tunnel::Tunnel;
use super::worker::Worker;
use crate::certificate::Certificate;
use crate::config::PlainHttp;
use crate::proxy_protocol::Ends;
use crate::snapshot::Domain;
use crate::telemetry::Limit;

/// What a request has to know of the connection that it came on.
#[derive(Debug)]
pub struct Connection {
    /// The worker that serves it.
    pub worker: Rc<Worker>,
    pub(super) activity: Rc<Activity>,
    pub(super) client: IpAddr,
    /// The connection's own ends, the client's as it was told of.
    pub(super) ends: Ends,
    /// Whether requests come from a proxy that is believed what it says of its clients.
    is_proxy: bool,
    pub(super) arrival: Arrival,
    client_value: HeaderValue,
    client_certificate: Option<HeaderValue>,
    forwarded: RefCell<Option<(HeaderValue, HeaderValue)>>,
    leaving: RefCell<Option<Leaving>>,
}

/// What a connection carries on without hyper.
#[derive(Debug)]
pub enum Leaving {
    /// A WebSocket, once the response that accepts it is written.
    Tunnel(Tunnel),
    /// A stream, from its head on.
    Stream(Streaming),
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The client, and where it connected to.
    pub ends: Ends,
    /// Whether it is a proxy that is believed what it says of its clients.
    pub is_proxy: bool,
}

/// How a connection came in.
#[derive(Debug)]
pub enum Arrival {
    /// On an http listener.
    Http,
    /// On an https listener, but it does not speak TLS.
    PlainOnHttps(PlainHttp),
    /// Over TLS.
    Tls(Served),
}

/// What a TLS connection was made for.
#[derive(Clone, Debug)]
pub struct Served {
    /// The domain that its SNI chose.
    pub domain: Arc<Domain>,
    /// The certificate that it was shown.
    pub certificate: Arc<Certificate>,
    /// The snapshot that both are from.
    pub generation: u64,
    /// The leaf that the client showed and that was verified.
    pub client_certificate: Option<CertificateDer<'static>>,
}

impl Connection {
    /// A connection that is ready for requests.
    pub fn new(worker: Rc<Worker>, activity: Rc<Activity>, peer: Peer, arrival: Arrival) -> Self {
        // An IPv6 socket shows IPv4 clients as ::ffff:a.b.c.d.
        let client = peer.ends.source.ip().to_canonical();
        let text = HeaderValue::from_str(&client.to_string());
        let leaf = match &arrival {
            Arrival::Tls(served) => served.client_certificate.as_deref(),
            Arrival::Http | Arrival::PlainOnHttps(_) => None,
        };
        Self {
            worker,
            activity,
            client,
            ends: peer.ends,
            is_proxy: peer.is_proxy,
            client_certificate: leaf.and_then(client_certificate::header),
            arrival,
            client_value: text.unwrap_or_else(|_| HeaderValue::from_static("unknown")),
            forwarded: RefCell::default(),
            leaving: RefCell::default(),
        }
    }

    /// Notes that the client is too much, so that the connection ends.
    pub(crate) fn ended_by(&self, limit: Limit) {
        self.worker.counters.limited(limit);
        let (client, limit) = (self.client, limit.code());
        tracing::debug!(%client, limit, "connection ended: its client is too much");
    }

    /// What ends an exchange for a domain that this TLS connection was not made for.
    pub(super) fn guest(&self, domain: &Arc<Domain>) -> Option<Box<HttpsGrace>> {
        let Arrival::Tls(served) = &self.arrival else {
            return None;
        };
        if domain.name() == served.domain.name() {
            return None;
        }
        let generation = self.worker.current.load().generation;
        Some(Box::new(HttpsGrace::new(Arc::clone(domain), generation)))
    }

    /// What a request's fields say of its client, where a trusted proxy has sent it.
    pub(super) fn claims(&self, headers: &HeaderMap) -> Option<Box<Claims>> {
        if !self.is_proxy {
            return None;
        }
        let snapshot = self.worker.current.load();
        let trusted = &snapshot.settings.listeners.trusted;
        // It may have been when it connected, and not be any more.
        let is_trusted = trusted.contain(self.client);
        is_trusted.then(|| Box::new(Claims::of(headers, self.client, trusted)))
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.arrival, Arrival::Tls(_))
    }

    /// `http` or `https`.
    pub(super) fn scheme(&self) -> &'static str {
        match self.is_tls() {
            true => "https",
            false => "http",
        }
    }

    /// The client's address as a header.
    pub(super) fn client_value(&self) -> HeaderValue {
        self.client_value.clone()
    }

    /// The client's verified certificate as a header.
    pub(super) fn client_certificate(&self) -> Option<HeaderValue> {
        self.client_certificate.clone()
    }

    /// `Forwarded` (RFC 7239) for a request with this Host; the last one is kept, since clients
    /// ask for the same host again and again.
    pub(super) fn forwarded(&self, host: &HeaderValue) -> HeaderValue {
        let mut kept = self.forwarded.borrow_mut();
        if let Some((for_host, value)) = &*kept
            && for_host == host
        {
            return value.clone();
        }
        let client = claims::node(self.client);
        let (host_text, scheme) = (host.to_str().unwrap_or_default(), self.scheme());
        let text = format!("for={client};host=\"{host_text}\";proto={scheme}");
        let value = HeaderValue::try_from(text);
        let value = value.unwrap_or_else(|_| HeaderValue::from_static("for=unknown"));
        *kept = Some((host.clone(), value.clone()));
        value
    }

    /// Leaves something to be carried on without hyper.
    pub(super) fn leave(&self, leaving: Leaving) {
        self.leaving.replace(Some(leaving));
    }

    /// Whether a stream waits to be carried on.
    pub fn has_stream(&self) -> bool {
        matches!(*self.leaving.borrow(), Some(Leaving::Stream(_)))
    }

    /// What is to be carried on, if anything is.
    pub fn take_leaving(&self) -> Option<Leaving> {
        self.leaving.take()
    }
}
