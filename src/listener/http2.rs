use std::error::Error as _;
use std::rc::Rc;

use hyper::server::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::exchanges::{MAX_BUFFER, Streams, drive, service};
use super::registry::Entry;
use super::watched::Watched;
use crate::http::Connection;
use crate::telemetry::Limit;

/// A connection of HTTP/2.
pub(super) async fn http2<S>(stream: S, connection: Rc<Connection>, entry: &Entry)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let io = TokioIo::new(Watched::new(stream, Rc::clone(&entry.activity), false));
    let streams = Streams::default();
    let mut builder = http2::Builder::new(streams.clone());
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(MAX_BUFFER)
        .max_local_error_reset_streams(MAX_ERRORS)
        .max_header_list_size(MAX_HEADERS)
        .enable_connect_protocol();
    let mut http = builder.serve_connection(io, service(&connection, Some(streams)));
    let driven = drive(&mut http, entry, |http| http.graceful_shutdown(), || false).await;
    if let Some(Err(error)) = driven.end
        && is_flood(&error)
    {
        connection.ended_by(Limit::Frames);
    }
}

/// Whether h2 ended the connection because its client was told to calm down (RFC 9113 section 7).
fn is_flood(error: &hyper::Error) -> bool {
    let error = error.source().and_then(|it| it.downcast_ref::<h2::Error>());
    error.is_some_and(|it| it.is_library() && it.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM))
}

/// Bounds the request headers of HTTP/2, by their decoded size.
const MAX_HEADERS: u32 = 64 * 1024;

/// Streams of one connection that break the rules (CVE-2025-8671); the next one ends it.
const MAX_ERRORS: usize = 100;

/// A browser page opens some tens.
const MAX_STREAMS: u32 = 128;
