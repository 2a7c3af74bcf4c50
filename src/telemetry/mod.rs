//! What the program says of itself: logs, the access record, and the counters behind `/metrics`.

mod access;
mod counters;
mod header_fault;
mod log;
mod relay;

pub use access::{Event, Record};
pub use counters::{Counters, Cut, DomainCounters, Handshake, Limit, ListenerKind, ReloadResult};
pub use header_fault::HeaderFault;
pub use log::{LogGuard, init, init_for_command};
pub use relay::{RelayRecord, Relayed};
