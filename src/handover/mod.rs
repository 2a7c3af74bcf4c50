//! From a process to the one that takes its place: its listening sockets, so that no connect is
//! refused, and its ticket keys, so that sessions resume.
//!
//! ```text
//! successor                              predecessor: upgrade.sock in the state directory
//!   │ ── hello ──────────────────────────► │
//!   │ ◄─ socket (with its descriptor) … ── │
//!   │ ◄─ ticket key … ──────────────────── │
//!   │ ◄─ that is all ───────────────────── │
//!   │    loads, binds what is new, serves  │ serves
//!   │ ── ready ──────────────────────────► │
//!   │ ◄─ leaving ───────────────────────── │ drains
//! ```
//!
//! A socket that both have is the same socket: whoever stands in its queue is accepted by either.
//! Until the successor says that it is ready, nothing changes for the predecessor; if it never
//! does, nothing has happened. What goes over stays in memory.

mod giver;
mod message;
mod taker;
mod wire;

use std::os::fd::OwnedFd;

use zeroize::Zeroizing;

pub use giver::{Giver, Successor};
pub use taker::{HandoverError, Taken, Taker};

/// A listening socket that goes over.
#[derive(Debug)]
pub struct Handed {
    /// Which it is.
    pub place: Place,
    /// The socket itself.
    pub socket: OwnedFd,
}

/// What a socket is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What is spoken there.
    pub role: Role,
    /// Sockets with the same number share an address; another listener may be configured alike.
    pub group: u32,
    /// The address or path as it is configured.
    pub at: String,
}

/// What is spoken on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Plain HTTP.
    Http,
    /// TLS.
    Https,
    /// TLS with something else than HTTP inside.
    Tcp,
    /// The admin listener.
    Admin,
}

impl Role {
    const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Tcp, Self::Admin];

    fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Admin => "admin",
        }
    }
}

/// The secret that a ticket key is made of.
pub type Secret = Zeroizing<Vec<u8>>;

/// The socket's name in the state directory.
const NAME: &str = "upgrade.sock";

#[cfg(test)]
mod tests;
