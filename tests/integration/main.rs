//! The whole program on real sockets, between clients and origins that the tests script themselves.
//!
//! Each test starts a `lockgate` of its own with a directory of its own; LOCKGATE_BIN names another
//! binary than the one that cargo built. The figures of `timing` are taken by
//! `cargo test --release --test integration -- --ignored --nocapture`; `floods` and `soak` have recipes
//! of their own.

mod support;

mod admin_access;
mod balance;
mod behind;
mod client_auth;
mod coalescing;
mod commands;
mod corpus;
mod crowds;
mod deadlines;
mod draining;
mod failover;
mod fields;
mod floods;
mod flow;
mod history;
mod hsts;
mod kill;
mod layouts;
mod limits;
mod loss;
mod managing;
mod metrics;
mod origin_h2;
mod origin_limits;
mod origins;
mod pages;
mod policy;
mod proof;
mod proxying;
mod quarantine;
mod redirects;
mod response_headers;
mod rotation;
mod shipped;
mod shutdown;
mod smuggling;
mod sni;
mod soak;
mod stalls;
mod startup;
mod states;
mod status;
mod status_command;
mod streaming;
mod switching_off;
mod tcp;
mod tickets;
mod timing;
mod upgrading;
mod watching;
mod webhook;
mod websocket;
mod websocket_h2;
