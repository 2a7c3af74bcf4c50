use std::net::IpAddr;
use std::time::Duration;

use super::access::Event;

/// What came of a connection on a tcp listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// It was passed on to an origin.
    Served,
    /// No origin could be connected to.
    OriginFailed,
    /// The domain, or its origins, had as many as they may have.
    Full,
}

impl Relayed {
    /// Everything that can come of one.
    pub const ALL: [Self; 3] = [Self::Served, Self::OriginFailed, Self::Full];

    /// The stable word for it in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::OriginFailed => "origin_failed",
            Self::Full => "full",
        }
    }
}

/// The access record of a connection on a tcp listener.
#[derive(Clone, Copy, Debug)]
pub struct RelayRecord<'r> {
    /// The domain.
    pub domain: &'r str,
    /// The client's address.
    pub client: IpAddr,
    /// The listener's name.
    pub listener: &'r str,
    /// The origin that it was connected to, or that was asked last; empty when none was asked.
    pub origin: &'r str,
    /// Bytes towards the client so far, inside TLS.
    pub sent: u64,
    /// Bytes from the client so far, inside TLS.
    pub received: u64,
    /// Since the handshake.
    pub duration: Duration,
    /// How it ended.
    pub outcome: &'static str,
}

impl RelayRecord<'_> {
    /// Writes the record to the log.
    pub fn write(&self, event: Event) {
        let message = match event {
            Event::StreamStarted => "relay started",
            Event::StreamRunning => "relay running",
            Event::Request | Event::StreamEnded => "relay ended",
        };
        tracing::info!(
            target: "access",
            domain = self.domain,
            client = %self.client,
            scheme = "tcp",
            listener = self.listener,
            origin = self.origin,
            sent = self.sent,
            received = self.received,
            duration_ms = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX),
            outcome = self.outcome,
            "{message}"
        );
    }
}
