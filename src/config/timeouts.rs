use std::time::Duration;

use super::raw::Table;

/// Deadlines. On a stream each is about progress, none about total time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From accept to the end of the TLS handshake. 10 s by default.
    pub handshake: Duration,
    /// From the first byte of a request to the end of its headers. 10 s by default.
    pub headers: Duration,
    /// How long a connection may be without a request. 75 s by default.
    pub idle: Duration,
    /// Those that a domain may have its own ones for.
    pub exchange: ExchangeTimeouts,
    /// How long responses go on after their domain's HTTPS was switched off. 60 s by default.
    pub https_off_grace: Duration,
    /// How long responses go on after SIGTERM. 30 s by default.
    pub drain: Duration,
}

/// Deadlines of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeTimeouts {
    /// Until a connection to an origin stands, TLS included. 5 s by default.
    pub connect: Duration,
    /// From the last byte of the request to the origin's response headers. 60 s by default.
    pub first_byte: Duration,
    /// How long a response or a WebSocket may stand still, no byte moving in either direction, while
    /// the viewer would take more. 60 s by default.
    pub stall: Duration,
    /// How long a viewer may take nothing of what there is for him. 30 s by default.
    pub viewer_stall: Duration,
    /// How long nothing may move on a connection of a tcp listener, in either direction. 10 min by
    /// default.
    pub tcp_idle: Duration,
}

/// What a domain has in place of some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DomainTimeouts {
    connect: Option<Duration>,
    first_byte: Option<Duration>,
    stall: Option<Duration>,
    viewer_stall: Option<Duration>,
    tcp_idle: Option<Duration>,
}

impl Default for ExchangeTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            viewer_stall: Duration::from_secs(30),
            tcp_idle: Duration::from_secs(600),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            exchange: ExchangeTimeouts::default(),
            https_off_grace: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// Takes the keys out of `[timeouts]`.
    pub(super) fn read(mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let exchange = DomainTimeouts::take(&mut table).over(default.exchange);
        let mut take = |key, default| table.duration(key).unwrap_or(default);
        let timeouts = Self {
            handshake: take("handshake", default.handshake),
            headers: take("headers", default.headers),
            idle: take("idle", default.idle),
            exchange,
            https_off_grace: take("https_off_grace", default.https_off_grace),
            drain: take("drain", default.drain),
        };
        table.finish();
        timeouts
    }
}

impl DomainTimeouts {
    /// Takes `timeouts` out of a domain's table.
    pub(super) fn read(mut table: Table<'_, '_>) -> Self {
        let timeouts = Self::take(&mut table);
        table.finish();
        timeouts
    }

    fn take(table: &mut Table<'_, '_>) -> Self {
        Self {
            connect: table.duration("connect"),
            first_byte: table.duration("first_byte"),
            stall: table.duration("stall"),
            viewer_stall: table.duration("viewer_stall"),
            tcp_idle: table.duration("tcp_idle"),
        }
    }

    /// These, and others for what is left out.
    pub fn over(&self, others: ExchangeTimeouts) -> ExchangeTimeouts {
        ExchangeTimeouts {
            connect: self.connect.unwrap_or(others.connect),
            first_byte: self.first_byte.unwrap_or(others.first_byte),
            stall: self.stall.unwrap_or(others.stall),
            viewer_stall: self.viewer_stall.unwrap_or(others.viewer_stall),
            tcp_idle: self.tcp_idle.unwrap_or(others.tcp_idle),
        }
    }
}
