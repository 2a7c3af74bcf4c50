//! Messages that one server could read in another way than the next: raw HTTP/1.1 requests, raw
//! HTTP/2 frames and raw answers of origins, in files, each with what has to come of it beside it.
//!
//! Whatever reaches the origin is read twice: by a parser that takes nothing but what RFC 9112
//! allows, and by some that are as lenient as servers are known to be. All have to agree.

mod answers;
mod case;
mod expected;
pub(crate) mod frames;
mod front;
mod lenient;
mod recorder;
mod requests;
mod scripts;
mod strict;
