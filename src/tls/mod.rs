//! TLS towards clients: the ClientHello chooses the domain from the snapshot, and the domain's
//! policy and certificate do the rest, all under one deadline.

mod handshake;
mod peek;

pub use handshake::{Accepted, Inside, Protocol, accept};
pub use peek::Peek;
