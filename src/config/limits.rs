use super::raw::Table;

/// How much is served at once. They may change while the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of viewers in all. By default as many as the open files allow, each with one to
    /// an origin.
    pub connections: Option<usize>,
    /// Connections of one client: an IPv4 address, or the first 64 bits of an IPv6 one. None by
    /// default, since many viewers may share an address.
    pub connections_per_client: Option<usize>,
    /// TLS handshakes under way for each worker; the oldest ends for one more. 4,096 by default.
    pub handshakes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: None,
            connections_per_client: None,
            handshakes: 4096,
        }
    }
}

impl Limits {
    /// Takes the keys out of `[limits]`.
    pub(super) fn read(mut table: Table<'_, '_>) -> Self {
        let default = Self::default();
        let mut take = |key| table.number(key, 1..=MOST, "a number from 1 to 10000000");
        let limits = Self {
            connections: take("connections"),
            connections_per_client: take("connections_per_client"),
            handshakes: take("handshakes").unwrap_or(default.handshakes),
        };
        table.finish();
        limits
    }
}

/// More than a machine has memory for.
const MOST: u64 = 10_000_000;
