//! Session tickets (RFC 8446 section 4.6.1, RFC 5077): what a client keeps of a TLS session, so that
//! its next connection needs no full handshake.
//!
//! The server keeps nothing but the [`Keys`]. They are immutable and stand in the snapshot: other
//! keys come with another snapshot, so nothing here is locked or swapped. A ticket opens only in the
//! [`Context`] that it was made in, and a session ends 12 hours after its full handshake, however
//! often it is resumed in between.

mod key;
mod keys;
mod ticketer;

pub use key::InvalidKey;
pub use keys::Keys;
pub use ticketer::{Context, Ticketer};
