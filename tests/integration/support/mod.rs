//! What the tests are written with: the program as a process, its directory, its origins and its
//! clients, as values.

mod apart;
mod ca;
mod config;
mod delay;
mod edge;
mod exchange;
mod hello;
mod http2;
mod http2_origin;
mod log;
mod message;
mod metrics;
mod origin;
mod program;
mod random;
mod sessions;
mod source;
mod stage;
mod staple;
mod tls;
mod viewer;
mod wait;
mod wire;

pub(crate) use apart::Apart;
pub(crate) use ca::{Ca, Pair, fingerprint};
pub(crate) use config::{ConfigDir, Domain};
pub(crate) use delay::DelayLine;
pub(crate) use edge::Edge;
pub(crate) use hello::{ALERT_112, Answer, Hello};
pub(crate) use http2::{Body, Http2, Upload, connect as http2_connect, request as http2_request};
pub(crate) use http2_origin::Http2Origin;
pub(crate) use log::Entry;
pub(crate) use message::{
    ENDLESS, Head, LAST_CHUNK, Response, SWITCHING, chunk, get, ok, switching, upgrade,
};
pub(crate) use metrics::Metrics;
pub(crate) use origin::{Origin, Responder, nowhere};
pub(crate) use program::{Outcome, Program, has_namespaces, outcome, outcome_of};
pub(crate) use random::Random;
pub(crate) use source::{Source, Traffic};
pub(crate) use stage::{PLAY, Stage};
pub(crate) use staple::staple;
pub(crate) use tls::{Refused, Tls, TlsClient, UNRECOGNIZED};
pub(crate) use viewer::{Kind, Stream, Viewer};
pub(crate) use wait::{PATIENCE, SECOND, eventually, pause, throughout, within};
pub(crate) use wire::{Cut, Wire};
