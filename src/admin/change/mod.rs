//! Requests that change something: from their bodies to operations, and from what came of them to
//! the answer.

mod input;
mod invalid;
mod keys;
mod told;

use std::io;
use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{Method, StatusCode};
use zeroize::Zeroizing;

use super::Audit;
use super::Work;
use super::answer;
use super::fault::Fault;
use super::route::{INSPECT, Route};
use super::view;
use crate::certificate;
use crate::domain;
use crate::manage::{Manager, Operation, Request, Tag, Who};
use input::Query;
pub(super) use invalid::InvalidBody;

/// Makes changes, one after the other, on a thread of its own.
#[derive(Clone, Debug)]
pub struct Changes {
    manager: Manager,
    work: Work,
    audit: Audit,
}

impl Changes {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub fn start(manager: Manager, audit: Audit) -> io::Result<Self> {
        let work = Work::start("manage", LONGEST)?;
        Ok(Self {
            manager,
            work,
            audit,
        })
    }

    /// Makes the change that a request asks for, and tells what came of it.
    pub(super) async fn make(
        self,
        parts: Parts,
        body: Zeroizing<Vec<u8>>,
        who: Who,
    ) -> Result<(StatusCode, String), Fault> {
        let Self {
            manager,
            work,
            audit,
        } = self;
        let made = work.run(move || make(&manager, &audit, &parts, &body, who));
        made.await?
    }

    /// The record of changes.
    pub(super) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// What history has of a certificate.
    pub(super) fn history(&self, name: &certificate::Name) -> Result<view::History, Fault> {
        let shelved = self.manager.history(name)?;
        Ok(told::history(name, &shelved))
    }

    /// The tag of a domain's table, if it is there.
    pub(super) fn tag_of_domain(&self, name: &domain::Pattern) -> Option<Tag> {
        self.manager.tag_of_domain(name)
    }

    /// The tag of a certificate's files, if they are there.
    pub(super) fn tag_of_certificate(&self, name: &certificate::Name) -> Option<Tag> {
        self.manager.tag_of_certificate(name)
    }
}

/// Makes the change that a request asks for, and returns when it is made.
pub(super) fn make(
    manager: &Manager,
    audit: &Audit,
    parts: &Parts,
    body: &[u8],
    who: Who,
) -> Result<(StatusCode, String), Fault> {
    match Route::of(parts.uri.path())? {
        Route::Certificate(INSPECT) if parts.method == Method::POST => {
            let inspected = manager.inspect(&input::pairs(body)?)?;
            let told = told::inspection(&inspected, SystemTime::now().into());
            Ok((StatusCode::OK, answer::write(&told)))
        }
        route => perform(manager, audit, parse(route, parts, body, who)?),
    }
}

fn parse(route: Route<'_>, parts: &Parts, body: &[u8], who: Who) -> Result<Request, Fault> {
    let query = Query::parse(parts.uri.query())?;
    Ok(Request {
        operation: input::operation(route, &parts.method, query, body)?,
        dry_run: query.dry_run,
        condition: input::condition(&parts.headers)?,
        who,
    })
}

fn perform(
    manager: &Manager,
    audit: &Audit,
    request: Request,
) -> Result<(StatusCode, String), Fault> {
    let (dry_run, creates) = (request.dry_run, creates(&request));
    let actor = request.actor();
    let outcome = manager.perform(request).inspect_err(|rejection| {
        if !dry_run {
            audit.refused(actor, rejection.code());
        }
    })?;
    let status = match creates {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok((status, answer::write(&told::outcome(outcome, dry_run))))
}

fn creates(request: &Request) -> bool {
    matches!(request.operation, Operation::AddDomain(..)) && !request.dry_run
}

/// For all changes that wait before it, and itself: longer than the reload may take.
const LONGEST: Duration = Duration::from_secs(90);
