//! Configuration: from the files of a directory to checked settings and domains.
//!
//! [`Source`] is the only part that does I/O; parsing is a pure function of bytes that reports all
//! problems at once, each with its place.

mod domain;
mod origin_url;
mod problem;
mod raw;
mod settings;
mod source;
mod webhook_url;

pub use domain::{Binding, Domain, DomainFile, HttpMode, parse_domains};
pub use origin_url::{InvalidOrigin, OriginUrl};
pub use problem::{Place, Problem, Reason};
pub use settings::{
    Certificates, HttpsListener, Listeners, PlainHttp, Settings, Timeouts, parse_settings,
};
pub use source::{Changes, Content, Duplicate, Lost, Source};
pub use webhook_url::{InvalidWebhook, WebhookUrl};
