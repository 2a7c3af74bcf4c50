use std::collections::BTreeSet;
use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use super::bell::Trigger;
use super::problem::Problem;
use super::report::{By, Report};
use crate::certificate::Name;
use crate::config::Items;
use crate::domain::Pattern;
use crate::edit::files::WriteFault;

/// A change that somebody asks for, and waits for: it puts files in place, and is done when what
/// they hold is published.
pub struct Order {
    commit: Box<dyn FnOnce() -> Result<(), WriteFault> + Send>,
    wanted: Wanted,
    reply: Option<SyncSender<Result<Done, WriteFault>>>,
}

/// What an order is about: where to look, and what needs no patience, since nobody is in the middle
/// of writing it.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What to look at.
    pub items: Items,
    /// Domains that are not to be served any more.
    pub removed: BTreeSet<Pattern>,
    /// Whether all files are to be read again.
    pub afresh: bool,
    /// Who wants it.
    pub by: By,
}

/// What came of an order.
#[derive(Clone, Debug)]
pub struct Done {
    /// The generation that is in place.
    pub generation: u64,
    /// Problems that began.
    pub problems: Vec<Problem>,
}

/// Why it is not known what came of an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// Others are waiting already. Nothing has changed.
    #[error("too many changes are waiting")]
    Busy,
    /// The reload has not answered in time.
    #[error("the reload has not come to it within {} s", LONGEST.as_secs())]
    Timeout,
    /// A bug.
    #[error("a bug ended the reload")]
    Bug,
}

/// The way by which orders come to the reload.
#[derive(Clone, Debug)]
pub struct Orders(SyncSender<Trigger>);

impl Orders {
    /// Orders go where triggers go.
    pub fn new(triggers: SyncSender<Trigger>) -> Self {
        Self(triggers)
    }

    /// Gives an order, and waits until it is done.
    ///
    /// # Errors
    ///
    /// When the files cannot be put in place: then nothing has changed. Or when it is not known what
    /// came of it.
    pub fn place(&self, mut order: Order) -> Result<Result<Done, WriteFault>, OrderFault> {
        let (reply, done) = sync_channel(1);
        order.reply = Some(reply);
        let sent = self.0.try_send(Trigger::Order(Box::new(order)));
        sent.map_err(|error| match error {
            TrySendError::Full(_) => OrderFault::Busy,
            TrySendError::Disconnected(_) => OrderFault::Bug,
        })?;
        done.recv_timeout(LONGEST).map_err(|error| match error {
            RecvTimeoutError::Timeout => OrderFault::Timeout,
            RecvTimeoutError::Disconnected => OrderFault::Bug,
        })
    }
}

impl Order {
    /// An order that puts files in place by `commit`, which must not wait for anything.
    pub fn new(
        wanted: Wanted,
        commit: impl FnOnce() -> Result<(), WriteFault> + Send + 'static,
    ) -> Self {
        Self {
            commit: Box::new(commit),
            wanted,
            reply: None,
        }
    }

    /// The certificates that it is about.
    pub(super) fn certificates(&self) -> &BTreeSet<Name> {
        &self.wanted.items.certificates
    }

    /// Puts the files in place. What is to be looked at then, and who waits for it; nothing if that
    /// failed.
    pub(super) fn carry_out(self) -> (Wanted, Option<Waiting>) {
        let waiting = self.reply.map(Waiting);
        match ((self.commit)(), waiting) {
            (Ok(()), waiting) => (self.wanted, waiting),
            (Err(fault), waiting) => {
                if let Some(Waiting(reply)) = waiting {
                    // Who asked may have given up.
                    let _ = reply.try_send(Err(fault));
                }
                (Wanted::default(), None)
            }
        }
    }
}

impl Wanted {
    /// All files, read again.
    pub fn all(by: By) -> Self {
        Self {
            afresh: true,
            by,
            ..Self::default()
        }
    }
}

/// Who waits for an order.
pub(super) struct Waiting(SyncSender<Result<Done, WriteFault>>);

impl Waiting {
    pub(super) fn tell(self, generation: u64, report: &Report) {
        let problems = report.problems.clone();
        let done = Done {
            generation,
            problems,
        };
        // Who asked may have given up.
        let _ = self.0.try_send(Ok(done));
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl OrderFault {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Timeout => "reload_timeout",
            Self::Bug => "bug",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy => "ask again in a second",
            Self::Timeout => "the files are written, or are about to be: look at the status later",
            Self::Bug => "the log says more; please report it",
        }
    }
}

/// A look at 100,000 certificates may come before it, on a slow disk.
const LONGEST: Duration = Duration::from_secs(60);
