//! The admin listener: metrics, health and status, for machines that watch this one, and for the
//! commands and the [`console`] that ask it. [`access`] says who may ask what.

mod access;
mod answer;
mod audit;
mod body;
mod change;
mod console;
mod facts;
mod fault;
mod metrics;
mod offline;
mod openapi;
mod percent;
mod question;
mod range;
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
use http_body::Body;
use tokio::sync::watch;
use zeroize::Zeroizing;

pub use access::Access;
use access::{Asked, Peer};
pub use audit::Audit;
pub use change::Changes;
use facts::Facts;
use fault::Fault;
pub use offline::Offline;
pub(crate) use percent::encode;
use question::Question;
use range::Range;
use route::Route;
pub use serve::serve;
pub use socket::{Listener, Place, Socket, SocketError, SocketFile, SocketFileError, Tls};
pub use work::Work;

use crate::certificate::{Name, Timestamp};
use crate::manage::{Tag, Who};
use crate::proof::Proofs;
use crate::reload::{Status, Way};
use crate::snapshot::Current;
use crate::state::Role;
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
    /// Makes changes.
    pub changes: Changes,
}

impl Admin {
    async fn respond<B: Body>(
        self,
        request: Request<B>,
        peer: &Peer,
        work: &Work,
    ) -> Response<String> {
        let answer = self.answer(request, peer, work).await;
        answer.unwrap_or_else(Fault::answer)
    }

    async fn answer<B: Body>(
        self,
        request: Request<B>,
        peer: &Peer,
        work: &Work,
    ) -> Result<Response<String>, Fault> {
        let asked = Asked::of(&request);
        let settings = Arc::clone(&self.current.load().settings);
        let role = self.access.admit(&asked, peer, &settings.admin)?;
        let route = Route::of(request.uri().path())?;
        if !route.takes(request.method()) {
            return Err(Fault::Method(route.methods()));
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return self.change(request, role, peer).await;
        }
        match route {
            Route::Health => Ok(answer::text(StatusCode::OK, "ok\n")),
            Route::Ready => Ok(self.readiness()),
            Route::Console(asset) => Ok(console::answer(asset)),
            Route::Session => Ok(answer::session(role)),
            Route::OpenApi => {
                let document = openapi::DOCUMENT.to_owned();
                Ok(answer::json(StatusCode::OK, document))
            }
            Route::Metrics => {
                let metrics = work.run(move || self.metrics()).await?;
                Ok(answer::metrics(metrics))
            }
            Route::Audit => {
                let range = Range::parse(request.uri().query().unwrap_or_default())?;
                let audits = work.run(move || self.changes.audit().read(&range)).await?;
                Ok(answer::json(StatusCode::OK, answer::write(&audits)))
            }
            Route::History(name) => self.history(question::certificate(name)?, work).await,
            route => {
                let question = Question::parse(route, request.uri().query())?;
                let (json, tag) = self.tell(question, work).await?;
                Ok(answer::tagged(answer::json(StatusCode::OK, json), tag))
            }
        }
    }

    fn readiness(&self) -> Response<String> {
        match self.ready.load(Ordering::Relaxed) {
            true => answer::text(StatusCode::OK, "ready\n"),
            false => answer::text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        }
    }

    /// The answer to a question, and the tag of what it is about.
    async fn tell(self, question: Question, work: &Work) -> Result<(String, Option<Tag>), Fault> {
        let now = SystemTime::now().into();
        let answer = work.run(move || {
            // Before the rest: who changes what has changed since is told.
            let tag = match &question {
                Question::Domain(name) => self.changes.tag_of_domain(name),
                Question::Certificate(name) => self.changes.tag_of_certificate(name),
                _ => None,
            };
            Ok((Facts::of(&self, now).answer(&question)?, tag))
        });
        answer.await?
    }

    /// What history has of a certificate.
    async fn history(self, name: Name, work: &Work) -> Result<Response<String>, Fault> {
        let history = work.run(move || self.changes.history(&name)).await??;
        Ok(answer::json(StatusCode::OK, answer::write(&history)))
    }

    async fn change<B: Body>(
        self,
        request: Request<B>,
        role: Option<Role>,
        peer: &Peer,
    ) -> Result<Response<String>, Fault> {
        let (parts, body) = request.into_parts();
        let body = Zeroizing::new(body::read(body).await?);
        let who = Who {
            way: Way::Api,
            role: role.map_or("none", Role::name),
            peer: peer.name(),
        };
        let (status, json) = self.changes.make(parts, body, who).await?;
        Ok(answer::json(status, json))
    }
}
