//! Domain names: one type for SNI, Host and configuration, and the table that both are looked up in.

mod map;
mod name;
mod pattern;

pub use map::{Map, Match};
pub use name::{InvalidName, Name};
pub use pattern::Pattern;
