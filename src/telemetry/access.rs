use std::net::IpAddr;
use std::time::Duration;

/// The access record of one exchange: a request and its response, or a WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    /// The domain; empty for a request that named none of ours.
    pub domain: &'r str,
    /// The client's address.
    pub client: IpAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// `HTTP/1.1` and the like.
    pub protocol: &'static str,
    /// The request's method.
    pub method: &'r str,
    /// The request's path without its query, which may hold a viewer's token.
    pub path: &'r str,
    /// The answer's status; 0 when the client left before there was one.
    pub status: u16,
    /// The origin that answered; empty when none was asked.
    pub origin: &'r str,
    /// Body bytes towards the client so far.
    pub sent: u64,
    /// Body bytes from the client so far.
    pub received: u64,
    /// Since the request's headers were read.
    pub duration: Duration,
    /// How it ended.
    pub outcome: &'static str,
}

/// What a record is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request that is over.
    Request,
    /// A response that did not end soon: a stream.
    StreamStarted,
    /// A stream, once a minute.
    StreamRunning,
    /// A stream that is over.
    StreamEnded,
}

impl Record<'_> {
    /// Writes the record to the log.
    pub fn write(&self, event: Event) {
        let message = match event {
            Event::Request => "request",
            Event::StreamStarted => "stream started",
            Event::StreamRunning => "stream running",
            Event::StreamEnded => "stream ended",
        };
        tracing::info!(
            target: "access",
            domain = self.domain,
            client = %self.client,
            scheme = self.scheme,
            protocol = self.protocol,
            method = self.method,
            path = self.path,
            status = self.status,
            origin = self.origin,
            sent = self.sent,
            received = self.received,
            duration_ms = u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX),
            outcome = self.outcome,
            "{message}"
        );
    }
}
