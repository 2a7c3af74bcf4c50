//! Fuzz targets: what reads bytes that somebody else wrote, as functions of any bytes.
//!
//! Each target asserts what must always hold, and panics when it does not. `fuzz_targets/` hands
//! them to libFuzzer; the `smoke` program runs all of them without it.

#![forbid(unsafe_code)]

mod base64;
mod certificate;
mod chain;
mod claims;
mod client_hello;
mod config;
mod fields;
mod message;
mod names;
mod options;
mod pem;
mod proxy_headers;
mod requests;
mod routes;
mod state;
mod targets;
mod ticket_key;

pub use chain::chain;
pub use claims::claims;
pub use client_hello::client_hello;
pub use config::config;
pub use fields::fields;
pub use names::names;
pub use options::options;
pub use pem::pem;
pub use proxy_headers::proxy_headers;
pub use requests::requests;
pub use routes::routes;
pub use state::state;
pub use targets::targets;
pub use ticket_key::ticket_key;

/// A target, and how much of a smoke run it gets.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// As cargo-fuzz and the corpus call it.
    pub name: &'static str,
    /// Takes any bytes; panics when something does not hold.
    pub run: fn(&[u8]),
    /// How many changed inputs a smoke run tries: a few seconds of them, unoptimised.
    pub smoke_inputs: u32,
}

/// All targets.
pub const TARGETS: [Target; 14] = [
    Target::new("pem", pem, 50_000),
    Target::new("chain", chain, 30_000),
    Target::new("options", options, 300_000),
    Target::new("config", config, 40_000),
    Target::new("ticket_key", ticket_key, 150_000),
    Target::new("client_hello", client_hello, 100_000),
    Target::new("state", state, 100_000),
    Target::new("names", names, 300_000),
    Target::new("fields", fields, 200_000),
    Target::new("targets", targets, 200_000),
    Target::new("requests", requests, 200_000),
    Target::new("proxy_headers", proxy_headers, 200_000),
    Target::new("claims", claims, 100_000),
    Target::new("routes", routes, 50_000),
];

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]), smoke_inputs: u32) -> Self {
        Self {
            name,
            run,
            smoke_inputs,
        }
    }
}
