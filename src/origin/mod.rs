//! The way to the origins: connections, kept and shared within one worker, and the built-in
//! demonstration origin.

mod addresses;
mod again;
mod choice;
mod connect;
pub mod demo;
mod ejection;
mod endpoint;
mod error;
mod fault;
mod hash;
mod heard;
mod lease;
mod load;
mod origins;
mod pool;

pub use connect::{Connection, Connector, InvalidRoots};
pub use endpoint::{Directory, Endpoint};
pub use error::Error;
pub use fault::Fault;
pub use lease::Lease;
pub use load::Kind;
pub use origins::{Group, Origins};
pub use pool::{Deadlines, Failed, Pool, Upload};
