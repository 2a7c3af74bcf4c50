//! The PROXY protocol (<https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>): the header
//! that a proxy puts before the first byte of a connection that it relays, to say whose it is.
//!
//! Nothing here does I/O: [`read`] looks at bytes, and [`Version`] makes them.

mod read;
mod write;

use std::net::SocketAddr;

pub use read::{Header, LONGEST, Malformed, read};

/// How a header is written. Whoever reads one has to know both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// The ends of the connection that a header tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Who opened it.
    pub source: SocketAddr,
    /// Where it was opened to.
    pub destination: SocketAddr,
}
