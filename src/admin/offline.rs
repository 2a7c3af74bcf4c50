use std::sync::Arc;
use std::time::SystemTime;

use http::{Method, Request, Response, StatusCode};
use rustix::process::getuid;

use super::Audit;
use super::answer;
use super::change;
use super::facts::Facts;
use super::fault::Fault;
use super::question::Question;
use super::route::Route;
use crate::manage::{Manager, Who};
use crate::reload::Way;

/// Answers what the admin listener would, in the process that asks, while none serves the files:
/// who may write them needs no token. What only a running process can tell or do has no path here.
#[derive(Debug)]
pub struct Offline {
    /// Makes changes. What it says is in place is what the files hold.
    pub manager: Manager,
    /// The record of changes.
    pub audit: Audit,
}

impl Offline {
    /// Answers a request, and returns when that is done.
    pub fn answer(&self, request: Request<String>) -> Response<String> {
        self.respond(request).unwrap_or_else(Fault::answer)
    }

    fn respond(&self, request: Request<String>) -> Result<Response<String>, Fault> {
        let (parts, body) = request.into_parts();
        let route = Route::of(parts.uri.path())?;
        if !is_of_files(route) {
            return Err(Fault::NoSuchPath(None));
        }
        if !route.takes(&parts.method) {
            return Err(Fault::Method(route.methods()));
        }
        if parts.method != Method::GET {
            let (manager, audit) = (&self.manager, &self.audit);
            let (status, json) = change::make(manager, audit, &parts, body.as_bytes(), who())?;
            return Ok(answer::json(status, json));
        }
        let question = Question::parse(route, parts.uri.query())?;
        let json = self.facts().answer(&question)?;
        Ok(answer::json(StatusCode::OK, json))
    }

    fn facts(&self) -> Facts {
        let status = Arc::clone(&self.manager.status.borrow());
        Facts::offline(&self.manager.current, status, SystemTime::now().into())
    }
}

/// Whether the files have all that it takes.
fn is_of_files(route: Route<'_>) -> bool {
    matches!(
        route,
        Route::Domains
            | Route::Domain(_)
            | Route::Certificates
            | Route::Certificate(_)
            | Route::Bindings
    )
}

fn who() -> Who {
    Who {
        way: Way::Offline,
        role: "none",
        peer: format!("uid {}", getuid().as_raw()),
    }
}
