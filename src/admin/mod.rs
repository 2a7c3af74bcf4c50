//! The admin listener: metrics and health, for machines that watch this one.

mod metrics;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::proof::Proofs;
use crate::reload::Status;
use crate::snapshot::Current;
use crate::telemetry::Counters;
use crate::webhook::Alerts;

/// What the admin listener tells about.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The snapshot in place.
    pub current: Current,
    /// What is in use and what is wrong.
    pub status: watch::Receiver<Arc<Status>>,
    /// Counters of the process.
    pub counters: Arc<Counters>,
    /// Whether new connections are welcome: not before the start is done, not while draining.
    pub ready: Arc<AtomicBool>,
    /// What has been proven to be served.
    pub proofs: Arc<Proofs>,
    /// The events for the operator.
    pub alerts: Alerts,
}

/// Accepts connections for ever.
pub async fn serve(listener: TcpListener, admin: Admin) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, admin.clone()));
            }
            Err(error) => {
                tracing::error!(%error, "the admin listener cannot accept; trying again in a moment");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

const BACK_OFF: std::time::Duration = std::time::Duration::from_millis(200);

async fn connection(stream: TcpStream, admin: Admin) {
    let service = service_fn(move |request| {
        let response = admin.respond(&request);
        async { Ok::<_, Infallible>(response) }
    });
    let mut builder = http1::Builder::new();
    // With a timer, hyper bounds the time for headers and between requests: 30 s.
    builder.timer(TokioTimer::new());
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Admin {
    fn respond<B>(&self, request: &Request<B>) -> Response<String> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n".to_owned());
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
            "/readyz" if self.ready.load(Ordering::Relaxed) => {
                text(StatusCode::OK, "ready\n".to_owned())
            }
            "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned()),
            "/metrics" => match self.metrics() {
                Ok(metrics) => {
                    let mut response = text(StatusCode::OK, metrics);
                    let content_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
                    response.headers_mut().insert(CONTENT_TYPE, content_type);
                    response
                }
                Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
            },
            _ => text(
                StatusCode::NOT_FOUND,
                "here are /metrics, /healthz and /readyz\n".to_owned(),
            ),
        }
    }
}

fn text(status: StatusCode, text: String) -> Response<String> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
