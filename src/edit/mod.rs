//! Edits of the files that operators edit by hand as well.
//!
//! An edit is made of two parts. What a file shall hold is a pure function of what it holds
//! ([`domains`], [`options`]): all that is not edited stays as it was written, to the byte. What is
//! written goes to the disk together, each file whole, or nothing does ([`files`]). From there it
//! takes the way of any changed file: nobody tells the reload of it.

pub mod domains;
mod fault;
pub mod files;
mod key;
pub mod options;
mod table;
mod value;

pub use fault::EditFault;
pub use key::Key;
pub use value::{Fields, Value};
