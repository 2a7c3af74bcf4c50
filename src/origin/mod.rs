//! The way to the origins: connections, kept and shared within one worker, and the built-in
//! demonstration origin.

mod addresses;
mod body;
mod choice;
mod connect;
pub mod demo;
mod ejection;
mod endpoint;
mod error;
mod fault;
mod hash;
mod http1;
mod http2;
mod lease;
mod load;
mod origins;
mod outgoing;
mod pool;
mod tcp;
mod upload;

pub use body::{Body, Upgraded};
pub use connect::{Connector, InvalidRoots};
pub use endpoint::{Directory, Endpoint};
pub use error::Error;
pub use fault::Fault;
pub use http1::{Invalid, Stream};
pub use lease::Lease;
pub use load::Kind;
pub use origins::{Group, Origins};
pub use pool::{Deadlines, Failed, Pool};
pub use tcp::{Dialed, Dialer};
