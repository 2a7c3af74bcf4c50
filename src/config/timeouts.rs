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
    /// Until a connection to an origin stands, TLS included. 5 s by default.
    pub connect: Duration,
    /// From the last byte of the request to the origin's response headers. 60 s by default.
    pub first_byte: Duration,
    /// How long responses go on after their domain's HTTPS was switched off. 60 s by default.
    pub https_off_grace: Duration,
    /// How long responses go on after SIGTERM. 30 s by default.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            https_off_grace: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// Takes the keys out of `[timeouts]`.
    pub(super) fn read(mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let mut take = |key, default| table.duration(key).unwrap_or(default);
        let timeouts = Self {
            handshake: take("handshake", default.handshake),
            headers: take("headers", default.headers),
            idle: take("idle", default.idle),
            connect: take("connect", default.connect),
            first_byte: take("first_byte", default.first_byte),
            https_off_grace: take("https_off_grace", default.https_off_grace),
            drain: take("drain", default.drain),
        };
        table.finish();
        timeouts
    }
}
