//! The way to the origins: connections, kept and shared within one worker, and the built-in
//! demonstration origin.

mod connect;
pub mod demo;
mod error;
mod pool;

pub use connect::{Connector, InvalidRoots};
pub use error::Error;
pub use pool::{Deadlines, Failed, Lease, Pool};
