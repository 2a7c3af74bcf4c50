//! Changes that somebody asks for: each becomes edits of files, which then take the way of any
//! changed file, and is answered when it is published.
//!
//! ```text
//! Request ─► Plan ─► prepare ─► Order ─► reload ─► Outcome
//!            pure but for reading;       puts the files in place, looks at them, publishes once
//!            refuses what is bad
//! ```
//!
//! What would be refused by the reload is refused before anything is written: no file gets worse by
//! an operation. Operations are done one after the other; they block, so they have a thread of their
//! own.

mod bind;
mod certificates;
mod operation;
mod outcome;
mod place;
mod plan;
mod predict;
mod rejection;
mod rollback;
mod shelf;
mod tag;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use tokio::sync::watch;

pub use operation::{Bind, Keys, Operation, Request, Switch, Target, Upload, Who};
pub use outcome::{CertificateChange, DomainChange, DomainResult, Done, Outcome, Reason, Served};
use plan::{Plan, Planned};
pub use rejection::Rejection;
use rollback::Pinning;
pub use rollback::Shelved;
pub use shelf::{Kept, Shelf, ShelfFault, Unusable};
pub use tag::{Condition, Tag};
use view::View;

use crate::certificate::{self, PairText, Parsed};
use crate::domain::Pattern;
use crate::edit::domains;
use crate::reload::{Actor, By, Order, Orders, Status, Wanted};
use crate::snapshot::Current;

/// Does what is asked for.
#[derive(Clone, Debug)]
pub struct Manager {
    /// The configuration directory.
    pub root: PathBuf,
    /// The snapshot in place.
    pub current: Current,
    /// What is in use and what is wrong.
    pub status: watch::Receiver<Arc<Status>>,
    /// The way to the reload.
    pub orders: Orders,
    /// Loads keys.
    pub provider: Arc<CryptoProvider>,
    /// Earlier versions of certificates. None if history is switched off.
    pub shelf: Option<Shelf>,
}

impl Manager {
    /// Does what is asked for, and returns when it is published; or tells what would come of it.
    ///
    /// # Errors
    ///
    /// When it cannot be done. Then nothing has changed.
    pub fn perform(&self, request: Request) -> Result<Outcome, Rejection> {
        let (before, actor) = (self.view(), request.actor());
        let Some(mut planned) = plan(request.operation, &request.condition, &before)? else {
            return self.reload(&before, request.dry_run, actor);
        };
        if request.dry_run || planned.changes_nothing() {
            return Ok(planned.outcome(&before, None));
        }
        let done = self.orders.place(order(&mut planned, actor)?)??;
        let outcome = planned.outcome(&before, Some(&self.view()));
        Ok(Outcome {
            generation: done.generation,
            problems: done.problems,
            ..outcome
        })
    }

    fn reload(&self, before: &View, dry_run: bool, by: Actor) -> Result<Outcome, Rejection> {
        let generation = before.snapshot.generation;
        let outcome = Outcome {
            generation,
            ..Outcome::default()
        };
        if dry_run {
            return Ok(outcome);
        }
        let done = self
            .orders
            .place(Order::new(Wanted::all(By::Somebody(by)), || Ok(())))??;
        Ok(Outcome {
            generation: done.generation,
            problems: done.problems,
            ..outcome
        })
    }

    /// What chains and keys are, whether they may take the place of what is in use or not.
    ///
    /// # Errors
    ///
    /// When they could not be served.
    pub fn inspect(&self, pairs: &[PairText]) -> Result<Parsed, Rejection> {
        certificates::inspect(pairs, &self.view())
    }

    /// What history has of a certificate.
    ///
    /// # Errors
    ///
    /// When there is no such certificate, or no history.
    pub fn history(&self, name: &certificate::Name) -> Result<Shelved, Rejection> {
        self.view().shelved(name)
    }

    /// The tag of a domain's table, if it is there.
    pub fn tag_of_domain(&self, name: &Pattern) -> Option<Tag> {
        let path = self.view().file_of(name)?;
        let text = std::fs::read_to_string(path).ok()?;
        domains::table_text(&text, name).map(|text| Tag::of_table(&text))
    }

    /// The tag of a certificate's files, if they are there.
    pub fn tag_of_certificate(&self, name: &certificate::Name) -> Option<Tag> {
        self.view()
            .files_of(name)
            .map(|files| Tag::of_files(&files))
    }

    fn view(&self) -> View {
        View {
            root: self.root.clone(),
            snapshot: self.current.hold(),
            status: Arc::clone(&self.status.borrow()),
            now: SystemTime::now().into(),
            provider: Arc::clone(&self.provider),
            shelf: self.shelf.clone(),
        }
    }
}

/// The order that does what is planned.
fn order(planned: &mut Planned, actor: Actor) -> Result<Order, Rejection> {
    let writes = std::mem::take(&mut planned.writes).prepare()?;
    let pinning = planned.pinning.take();
    Ok(Order::new(planned.wanted(actor), move || {
        writes.commit().map(drop)?;
        pinning.map_or(Ok(()), Pinning::commit)
    }))
}

/// What is to be written; nothing for what writes nothing.
fn plan(
    operation: Operation,
    condition: &Condition,
    view: &View,
) -> Result<Option<Planned>, Rejection> {
    let mut plan = Plan::new(view);
    match operation {
        Operation::AddDomain(name, keys) => plan.add_domain(name, &keys)?,
        Operation::SetDomain(name, keys) => plan.set_domain(name, &keys, condition)?,
        Operation::RemoveDomain(name) => plan.remove_domain(name, condition)?,
        Operation::PutCertificate(name, upload) => {
            plan.put_certificate(name, &upload, condition)?;
        }
        Operation::SetCertificate(name, keys) => plan.set_certificate(name, &keys, condition)?,
        Operation::DeleteCertificate {
            name,
            force_https_off,
        } => plan.delete_certificate(name, force_https_off, condition)?,
        Operation::RollBack(name, version) => plan.roll_back(name, version, condition)?,
        Operation::Release(name) => plan.release(name, condition)?,
        Operation::Bind(bind) => plan.bind(bind, condition)?,
        Operation::Reload => return Ok(None),
    }
    plan.finish().map(Some)
}
