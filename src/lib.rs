//! Lockgate: a TLS-terminating edge reverse proxy for live-streaming playback domains.
//!
//! It stands in front of live origins, chooses each domain's certificate by SNI from a table that
//! is replaced while streams run, takes over certificates as their files are dropped into a
//! watched directory, and serves a domain over plain HTTP while its HTTPS is off or no certificate
//! is bound to it.
//!
//! ```text
//! config dir ─► source ─► parse ─► build ─► publish           control plane
//!                 ▲ events · SIGHUP · scan      │
//!                                           Snapshot          replaced whole, read without a lock
//!                                               │ Current
//! client ─► listener ─► tls ─► http ─► origin ─► live origin  data plane
//! ```
//!
//! The modules in reading order; each uses only those below it, which a test checks:
//!
//! | module | idea |
//! | --- | --- |
//! | [`cli`] | what a person types |
//! | [`app`] | the process from start to end |
//! | [`admin`] | metrics, health and status, and who may ask |
//! | [`proof`] | that what was published is served |
//! | [`webhook`] | events for the operator, posted |
//! | [`health`] | whether origins are well |
//! | [`manage`] | changes that somebody asks for |
//! | [`reload`] | from changed files to the next snapshot |
//! | [`listener`] | accepts connections, and one way for each of them |
//! | [`tls`] | from the ClientHello to the certificate |
//! | [`relay`] | bytes that are not HTTP, between a client and an origin |
//! | [`http`] | the life of a request |
//! | [`snapshot`] | all that a connection looks up, immutable |
//! | [`policy`] | what a domain's TLS clients are offered and asked for |
//! | [`ticket`] | session tickets, and the keys that seal them |
//! | [`origin`] | connections to the live origins |
//! | [`edit`] | changes of the files that operators edit by hand |
//! | [`config`] | from files to checked values |
//! | [`handover`] | from a process to the one that takes its place |
//! | [`state`] | what outlives the process: history, rollback pins and tokens |
//! | [`disk`] | what has to last a crash |
//! | [`hsts`] | what browsers were told of HTTPS, and up to when |
//! | [`pump`] | bytes from one stream to another |
//! | [`turns`] | costly steps, one at a time |
//! | [`certificate`] | from files to a verified pair |
//! | [`domain`] | names, and the table they are looked up in |
//! | [`table`] | a hash table whose clones share their entries |
//! | [`framing`] | where a message of HTTP/1.1 ends |
//! | [`proxy_protocol`] | whose connection it is that a proxy relays |
//! | [`telemetry`] | logs and counters |

pub mod admin;
pub mod app;
pub mod certificate;
pub mod cli;
pub mod config;
pub mod disk;
pub mod domain;
pub mod edit;
pub mod framing;
pub mod handover;
pub mod health;
pub mod hsts;
pub mod http;
pub mod listener;
pub mod manage;
pub mod origin;
pub mod policy;
pub mod proof;
pub mod proxy_protocol;
pub mod pump;
pub mod relay;
pub mod reload;
pub mod snapshot;
pub mod state;
pub mod table;
pub mod telemetry;
pub mod ticket;
pub mod tls;
pub mod turns;
pub mod webhook;

#[cfg(test)]
mod layering;
#[cfg(test)]
mod observing;
