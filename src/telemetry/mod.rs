//! What the program says of itself: logs, the access record, and the counters behind `/metrics`.

mod access;
mod counters;
mod log;

pub use access::{Event, Record};
pub use counters::{Counters, Cut, DomainCounters, Handshake, Limit, ListenerKind, ReloadResult};
pub use log::{LogGuard, init, init_for_command};
