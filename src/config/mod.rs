//! Configuration: from the files of a directory to checked settings and domains.
//!
//! [`Source`] is the only part that does I/O; parsing is a pure function of bytes that reports all
//! problems at once, each with its place.

mod admin;
mod cors;
mod domain;
mod domain_file;
mod health;
mod hsts;
mod http_mode;
mod limits;
mod listeners;
mod network;
mod options;
mod origin_url;
mod origins;
mod problem;
mod raw;
mod response_headers;
mod settings;
mod source;
mod tcp;
mod tickets;
mod timeouts;
mod tls;
mod webhook_url;

pub use admin::{
    Admin, AdminFound, AdminHost, AdminListen, InvalidAdminHost, OpenPath, parse_admin,
};
pub use cors::Cors;
pub use domain::{Binding, Domain, OnExpiry};
pub use domain_file::{DomainFile, parse_domains};
pub use health::HealthCheck;
pub use http_mode::HttpMode;
pub use limits::Limits;
pub use listeners::{HttpListener, HttpsListener, Listeners, PlainHttp};
pub use network::{Access, InvalidNetwork, Network, Trusted};
pub use options::{Options, parse_options};
pub use origin_url::{InvalidOrigin, InvalidTcpOrigin, OriginUrl};
pub use origins::{Balance, Route};
pub use problem::{Place, Problem, Reason};
pub use response_headers::{InvalidHeader, ResponseHeaders, SetHeader};
pub use settings::{Certificates, Settings, State, parse_settings};
pub use source::{Changes, Content, Duplicate, Items, Look, Lost, Parse, Scope, Source, Unwatched};
pub use tcp::{InvalidListenerName, ListenerName, TcpListener, TcpOrigins};
pub use tickets::Tickets;
pub use timeouts::{DomainTimeouts, ExchangeTimeouts, Timeouts};
pub use tls::{Alpn, ClientAuth, ClientAuthMode, NoClientCa, TlsOptions, TlsPolicy, TlsVersion};
pub use webhook_url::{InvalidWebhook, WebhookUrl};
