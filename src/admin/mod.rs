//! The admin listener: metrics, health and status, for machines that watch this one, and for the
//! commands that ask it. [`access`] says who may ask what.

mod access;
mod answer;
mod body;
mod facts;
mod fault;
mod metrics;
mod percent;
mod question;
mod route;
mod select;
mod serve;
mod socket;
pub mod view;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use http::{Method, Request, Response, StatusCode};
use tokio::sync::watch;

pub use access::Access;
use access::{Asked, Peer};
use facts::Facts;
use fault::Fault;
pub(crate) use percent::encode;
use question::Question;
use route::Route;
pub use serve::serve;
pub use socket::{Listener, Place, Socket, SocketError, SocketFile, SocketFileError, Tls};
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
    /// Who may ask.
    pub access: Access,
}

impl Admin {
    async fn respond<B>(self, request: &Request<B>, peer: &Peer, work: &Work) -> Response<String> {
        let answer = self.answer(request, peer, work).await;
        answer.unwrap_or_else(Fault::answer)
    }

    async fn answer<B>(
        self,
        request: &Request<B>,
        peer: &Peer,
        work: &Work,
    ) -> Result<Response<String>, Fault> {
        let asked = Asked::of(request);
        let settings = Arc::clone(&self.current.load().settings);
        self.access.admit(&asked, peer, &settings.admin)?;
        let route = Route::of(request.uri().path())?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Fault::Method(route.methods()));
        }
        match route {
            Route::Health => Ok(answer::text(StatusCode::OK, "ok\n")),
            Route::Ready => Ok(self.readiness()),
            Route::Metrics => {
                let metrics = work.run(move || self.metrics()).await?;
                Ok(answer::metrics(metrics))
            }
            route => {
                let question = Question::parse(route, request.uri().query())?;
                let json = self.tell(question, work).await?;
                Ok(answer::json(StatusCode::OK, json))
            }
        }
    }

    fn readiness(&self) -> Response<String> {
        match self.ready.load(Ordering::Relaxed) {
            true => answer::text(StatusCode::OK, "ready\n"),
            false => answer::text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        }
    }

    async fn tell(self, question: Question, work: &Work) -> Result<String, Fault> {
        let now = SystemTime::now().into();
        let answer = work.run(move || Facts::of(&self, now).answer(&question));
        answer.await?
    }
}
