//! What the status is told from: the things inside, turned into the shapes of [`view`].

mod certificates;
mod domains;
mod filter;
mod order;
mod overview;
mod problems;
mod states;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Admin;
use super::answer;
use super::fault::Fault;
use super::question::Question;
use crate::certificate::Timestamp;
use crate::proof::Proofs;
use crate::reload::Status;
use crate::snapshot::{Current, Snapshot};

pub(super) use certificates::pair;
pub(super) use problems::problem;
pub(super) use states::States;

/// All that is in place at one moment.
///
/// An answer takes one pass or two over what there is: at 100,000 domains some milliseconds, and
/// nothing has to be kept in order for it.
#[derive(Debug)]
pub(super) struct Facts {
    snapshot: Arc<Snapshot>,
    status: Arc<Status>,
    proofs: Arc<Proofs>,
    started: Timestamp,
    ready: bool,
    now: Timestamp,
}

impl Facts {
    pub(super) fn of(admin: &Admin, now: Timestamp) -> Self {
        Self {
            snapshot: admin.current.hold(),
            status: Arc::clone(&admin.status.borrow()),
            proofs: Arc::clone(&admin.proofs),
            started: admin.started,
            ready: admin.ready.load(Ordering::Relaxed),
            now,
        }
    }

    /// What files would be, while no process serves them.
    pub(super) fn offline(current: &Current, status: Arc<Status>, now: Timestamp) -> Self {
        Self {
            snapshot: current.hold(),
            status,
            proofs: Arc::default(),
            started: now,
            ready: false,
            now,
        }
    }

    /// The answer as JSON.
    pub(super) fn answer(&self, question: &Question) -> Result<String, Fault> {
        Ok(match question {
            Question::Overview => answer::write(&self.overview()),
            Question::Certificates(range) => answer::write(&self.certificates(range)),
            Question::Certificate(name) => answer::write(&self.certificate(name)?),
            Question::Domains(range, only) => answer::write(&self.domains(range, only)?),
            Question::Domain(name) => answer::write(&self.domain(name)?),
        })
    }
}
