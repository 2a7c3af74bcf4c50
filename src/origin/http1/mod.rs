//! One connection to an endpoint that takes one HTTP/1.1 request after the other.
//!
//! ```text
//! request ─► head, body ─► Stream ─► Answer ─► Head, Framing ─► Decoder ─► pieces of the body
//! ```
//!
//! Whoever reads a response drives its connection: no task and no queue stand between an origin's
//! socket and a viewer's, so that a chunk wakes one task, and a stream that waits holds no buffer.

mod answer;
mod connection;
mod decoder;
mod head;
mod invalid;
mod room;
mod stream;

pub(super) use answer::Answer;
pub(super) use connection::Connection;
pub(super) use decoder::Decoder;
pub use invalid::Invalid;
pub(super) use room::Room;
pub use stream::Stream;
