use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::header_fault::HeaderFault;

use super::relay::Relayed;

/// Counters of the whole process.
///
/// All of them are relaxed atomics: they are read together by nobody but a scrape.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests and handshakes that named no domain of ours: one set for all of them, so that
    /// unknown names cannot grow the number of series.
    pub unknown: DomainCounters,
    connections: [AtomicI64; ListenerKind::ALL.len()],
    limits: [AtomicU64; Limit::ALL.len()],
    header_faults: [AtomicU64; HeaderFault::ALL.len()],
    reloads: [AtomicU64; 3],
}

/// Counters of one domain; they outlive the snapshots that name it.
#[derive(Debug, Default)]
pub struct DomainCounters {
    requests: [AtomicU64; CLASSES.len()],
    sent: AtomicU64,
    received: AtomicU64,
    viewers: AtomicI64,
    handshakes: [AtomicU64; Handshake::ALL.len()],
    cuts: [AtomicU64; Cut::ALL.len()],
    relays: [AtomicU64; Relayed::ALL.len()],
}

/// Why an exchange or a relay was ended by us, in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Its viewer took nothing of what there was.
    ViewerStalled,
    /// Its origin sent nothing, and nothing came from the viewer either; or that of a relay took
    /// nothing of what there was.
    OriginStalled,
    /// Nothing moved on a relay, in either direction.
    Idle,
    /// The domain's HTTPS ended, on a connection that was made for another one.
    HttpsOff,
    /// The process drains.
    Drained,
}

impl Cut {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::ViewerStalled,
        Self::OriginStalled,
        Self::Idle,
        Self::HttpsOff,
        Self::Drained,
    ];

    /// The stable word for it in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::ViewerStalled => "viewer_stalled",
            Self::OriginStalled => "origin_stalled",
            Self::Idle => "idle",
            Self::HttpsOff => "https_off",
            Self::Drained => "drained",
        }
    }
}

const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// How a TLS handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It was completed.
    Ok,
    /// The name is no domain of ours.
    UnknownSni,
    /// The client named no domain, and there is no default one.
    NoSni,
    /// The domain's HTTPS is off.
    Off,
    /// No certificate is bound to the domain.
    Unbound,
    /// The domain's certificate, or the roots of its client certificates, were never usable.
    Unusable,
    /// The domain's certificate has expired, and it is not to be served then.
    Expired,
    /// The domain has no origins for this tcp listener.
    NoTcpOrigin,
    /// The client's network is denied, or not allowed: on a tcp listener only.
    Forbidden,
    /// The client offers only protocols that we do not speak.
    NoSharedAlpn,
    /// No version, cipher suite, group or signature scheme in common.
    NoSharedParameters,
    /// The client showed no certificate where one is required, or one that cannot be verified.
    ClientCertificate,
    /// It was not completed in time.
    Timeout,
    /// The client sent an alert: it does not trust the certificate, say.
    ClientAlert,
    /// The client went away.
    ClientGone,
    /// What came was not TLS, or broke its rules.
    Invalid,
}

impl Handshake {
    /// Every way to end.
    pub const ALL: [Self; 16] = [
        Self::Ok,
        Self::UnknownSni,
        Self::NoSni,
        Self::Off,
        Self::Unbound,
        Self::Unusable,
        Self::Expired,
        Self::NoTcpOrigin,
        Self::Forbidden,
        Self::NoSharedAlpn,
        Self::NoSharedParameters,
        Self::ClientCertificate,
        Self::Timeout,
        Self::ClientAlert,
        Self::ClientGone,
        Self::Invalid,
    ];

    /// The stable word for it in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UnknownSni => "unknown_sni",
            Self::NoSni => "no_sni",
            Self::Off => "off",
            Self::Unbound => "unbound",
            Self::Unusable => "unusable",
            Self::Expired => "expired",
            Self::NoTcpOrigin => "no_tcp_origin",
            Self::Forbidden => "forbidden",
            Self::NoSharedAlpn => "no_shared_alpn",
            Self::NoSharedParameters => "no_shared_parameters",
            Self::ClientCertificate => "client_certificate",
            Self::Timeout => "timeout",
            Self::ClientAlert => "client_alert",
            Self::ClientGone => "client_gone",
            Self::Invalid => "invalid",
        }
    }
}

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// Plain HTTP.
    Http,
    /// TLS.
    Https,
    /// TLS with something else than HTTP inside.
    Tcp,
}

impl ListenerKind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Http, Self::Https, Self::Tcp];

    /// The word for it in metrics, logs and URLs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
        }
    }
}

/// A limit that ended something, or let it not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Connections in all.
    Connections,
    /// Connections of one client.
    ConnectionsPerClient,
    /// TLS handshakes under way.
    Handshakes,
    /// The time in which the head of an HTTP/1 request has to come.
    Headers,
    /// The size of such a head, and the number of its fields.
    HeadSize,
    /// Streams that an HTTP/2 client gave up on one connection.
    Resets,
    /// What an HTTP/2 client may send that costs it less than us: field blocks without an end, DATA
    /// of next to nothing, streams that end before they begin or break the rules.
    Frames,
    /// Viewers of one domain.
    Viewers,
}

impl Limit {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Connections,
        Self::ConnectionsPerClient,
        Self::Handshakes,
        Self::Headers,
        Self::HeadSize,
        Self::Resets,
        Self::Frames,
        Self::Viewers,
    ];

    /// The word for it in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerClient => "connections_per_client",
            Self::Handshakes => "handshakes",
            Self::Headers => "headers",
            Self::HeadSize => "head_size",
            Self::Resets => "resets",
            Self::Frames => "frames",
            Self::Viewers => "viewers",
        }
    }
}

/// How a reload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadResult {
    /// A new snapshot is in place.
    Published,
    /// Nothing that matters had changed.
    Unchanged,
    /// It could not be carried out; nothing changed.
    Failed,
}

impl ReloadResult {
    /// Every way to end.
    pub const ALL: [Self; 3] = [Self::Published, Self::Unchanged, Self::Failed];

    /// The word for it in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

impl Counters {
    /// A connection was accepted.
    pub fn connected(&self, kind: ListenerKind) {
        self.connections[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A connection is over.
    pub fn disconnected(&self, kind: ListenerKind) {
        self.connections[kind as usize].fetch_sub(1, Ordering::Relaxed);
    }

    /// Connections open now, of each kind.
    pub fn all_connections(&self) -> usize {
        let all = ListenerKind::ALL.map(|kind| self.connections(kind));
        usize::try_from(all.iter().sum::<i64>()).unwrap_or(0)
    }

    /// A limit was reached.
    pub fn limited(&self, limit: Limit) {
        self.limits[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often a limit was reached so far.
    pub fn limits(&self, limit: Limit) -> u64 {
        self.limits[limit as usize].load(Ordering::Relaxed)
    }

    /// A connection was closed at its PROXY header. Says how often that was so by now.
    pub fn header_refused(&self, fault: HeaderFault) -> u64 {
        self.header_faults[fault as usize].fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Connections closed at their PROXY header so far.
    pub fn headers_refused(&self, fault: HeaderFault) -> u64 {
        self.header_faults[fault as usize].load(Ordering::Relaxed)
    }

    /// Connections open now.
    pub fn connections(&self, kind: ListenerKind) -> i64 {
        self.connections[kind as usize].load(Ordering::Relaxed)
    }

    /// A reload is over.
    pub fn reloaded(&self, result: ReloadResult) {
        self.reloads[result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Reloads so far.
    pub fn reloads(&self, result: ReloadResult) -> u64 {
        self.reloads[result as usize].load(Ordering::Relaxed)
    }
}

impl DomainCounters {
    /// Whether nothing has been counted, and nobody is watching.
    pub fn is_idle(&self) -> bool {
        let counts = self.requests.iter().chain(&self.relays);
        let counts = counts.chain(&self.handshakes);
        let mut counts = counts.chain([&self.sent, &self.received]);
        let none = counts.all(|count| count.load(Ordering::Relaxed) == 0);
        none && self.viewers() == 0
    }

    /// A handshake for this domain is over.
    pub fn handshake(&self, result: Handshake) {
        self.handshakes[result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Handshakes so far.
    pub fn handshakes(&self, result: Handshake) -> u64 {
        self.handshakes[result as usize].load(Ordering::Relaxed)
    }

    /// A response to a viewer began.
    pub fn viewer_came(&self) {
        self.viewers.fetch_add(1, Ordering::Relaxed);
    }

    /// A response to a viewer is over.
    pub fn viewer_left(&self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Responses, WebSockets and relays running now.
    pub fn viewers(&self) -> i64 {
        self.viewers.load(Ordering::Relaxed)
    }

    /// A request was answered with this status, or with none (0).
    pub fn answered(&self, status: u16) {
        let class = usize::from(status / 100).min(CLASSES.len() - 1);
        self.requests[class].fetch_add(1, Ordering::Relaxed);
    }

    /// Requests so far by the class of their status; `none` are those whose client left before
    /// there was an answer.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let classes = CLASSES.into_iter();
        let counts = self.requests.iter();
        classes.zip(counts.map(|count| count.load(Ordering::Relaxed)))
    }

    /// An exchange was cut.
    pub fn cut(&self, cut: Cut) {
        self.cuts[cut as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Exchanges cut so far.
    pub fn cuts(&self, cut: Cut) -> u64 {
        self.cuts[cut as usize].load(Ordering::Relaxed)
    }

    /// A connection on a tcp listener is over.
    pub fn relayed(&self, relayed: Relayed) {
        self.relays[relayed as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Such connections so far.
    pub fn relays(&self, relayed: Relayed) -> u64 {
        self.relays[relayed as usize].load(Ordering::Relaxed)
    }

    /// Body bytes moved: to the client and from it.
    pub fn moved(&self, sent: u64, received: u64) {
        if sent > 0 {
            self.sent.fetch_add(sent, Ordering::Relaxed);
        }
        if received > 0 {
            self.received.fetch_add(received, Ordering::Relaxed);
        }
    }

    /// Body bytes sent to clients so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Body bytes received from clients so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}
