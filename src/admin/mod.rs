//! The admin listener: metrics, health and status, for machines that watch this one, and for
//! `lockgate status`. It only tells; nothing can be changed here.

mod answer;
mod facts;
mod fault;
mod metrics;
mod percent;
mod question;
mod select;
pub mod view;
mod work;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use http::{Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use facts::Facts;
use fault::Fault;
pub(crate) use percent::encode;
use question::Question;
pub use work::Work;

use crate::certificate::Timestamp;
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
    /// When the process started.
    pub started: Timestamp,
}

/// Accepts connections for ever. What takes more than a moment is left to `work`.
pub async fn serve(listener: TcpListener, admin: Admin, work: Work) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, admin.clone(), work.clone()));
            }
            Err(error) => {
                tracing::error!(%error, "the admin listener cannot accept; trying again in a moment");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

const BACK_OFF: std::time::Duration = std::time::Duration::from_millis(200);

async fn connection(stream: TcpStream, admin: Admin, work: Work) {
    let service = service_fn(move |request| {
        let (admin, work) = (admin.clone(), work.clone());
        async move { Ok::<_, Infallible>(admin.respond(&request, &work).await) }
    });
    let mut builder = http1::Builder::new();
    // With a timer, hyper bounds the time for headers and between requests: 30 s.
    builder.timer(TokioTimer::new());
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Admin {
    async fn respond<B>(self, request: &Request<B>, work: &Work) -> Response<String> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer::read_only();
        }
        let uri = request.uri();
        match uri.path() {
            "/healthz" => answer::text(StatusCode::OK, "ok\n"),
            "/readyz" if self.ready.load(Ordering::Relaxed) => {
                answer::text(StatusCode::OK, "ready\n")
            }
            "/readyz" => answer::text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
            "/metrics" => match work.run(move || self.metrics()).await {
                Ok(metrics) => answer::metrics(metrics),
                Err(fault) => fault.answer(),
            },
            path => match below("/status", path) {
                Some(path) => match self.tell(path, uri.query(), work).await {
                    Ok(json) => answer::json(StatusCode::OK, json),
                    Err(fault) => fault.answer(),
                },
                None => answer::text(StatusCode::NOT_FOUND, HERE),
            },
        }
    }

    async fn tell(self, path: &str, query: Option<&str>, work: &Work) -> Result<String, Fault> {
        let question = Question::parse(path, query)?;
        let now = SystemTime::now().into();
        let answer = work.run(move || Facts::of(&self, now).answer(&question));
        answer.await?
    }
}

const HERE: &str = "here are /status, /metrics, /healthz and /readyz\n";

/// What follows a prefix in a path, if it is that prefix or lies below it.
fn below<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}
