//! Connections to an endpoint that carry several requests at once (RFC 9113), over the h2 crate.
//!
//! ```text
//! Connections ─► Connection ─► Seat ─► Stream ─► pieces of the body
//! ```
//!
//! A task of each connection takes its frames apart; whoever reads a response drives its request's
//! body and gives leave for more, as over HTTP/1.1. A viewer who takes nothing holds what fits into
//! the window of one stream, and the window of the connection has room for all of them: nobody waits
//! for a neighbour.

mod connection;
mod connections;
mod fault;
mod head;
mod keepalive;
mod stream;

pub(super) use connection::{Connection, Seat};
pub(super) use connections::Connections;
pub(super) use head::Answer;
pub(super) use stream::Stream;
