//! TLS towards clients: the ClientHello chooses the domain from the snapshot, and the domain's
//! certificate does the rest, all under one deadline.

mod config;
mod handshake;

pub use config::Configs;
pub use handshake::{Accepted, Protocol, accept};
