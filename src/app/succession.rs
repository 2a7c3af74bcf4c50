use std::path::Path;

use tokio::sync::mpsc;

use super::inherited::Inherited;
use super::notify::Notifier;
use crate::handover::{Giver, Handed, Successor, Taker};
use crate::snapshot::Current;
use crate::ticket::Keys;

/// The process's place between the one before and the one that may follow.
#[derive(Debug)]
pub(super) struct Succession {
    /// None when the state directory has no place for its socket.
    giver: Option<Giver>,
    successors: mpsc::Receiver<Successor>,
}

impl Succession {
    /// Has the process before leave, since this one serves, and gets ready to be followed.
    pub(super) fn begin(
        inherited: Inherited,
        state: &Path,
        sockets: Vec<Handed>,
        current: Current,
        notifier: Notifier,
    ) -> Self {
        inherited.report();
        if let Some(Err(error)) = inherited.predecessor.map(Taker::ready) {
            let reason = error.code();
            tracing::warn!(%error, reason, "the process before may go on beside this one");
        }
        let (left, successors) = mpsc::channel(1);
        let leave = move |successor: Successor| {
            // Before the other one says that it is ready: it is not heard until then.
            notifier.followed_by(successor.pid);
            // Only one is ever told of.
            let _ = left.try_send(successor);
        };
        let giver = Giver::start(state, sockets, move || keys(&current), leave);
        let warn = |error: &std::io::Error| {
            tracing::warn!(
                %error,
                reason = "handover_failed",
                "no process can take over from this one; look at state.directory"
            );
        };
        Self {
            giver: giver.inspect_err(warn).ok(),
            successors,
        }
    }

    /// Ready when another process has taken over.
    pub(super) async fn is_over(&mut self) -> Successor {
        match self.successors.recv().await {
            Some(successor) => successor,
            None => std::future::pending().await,
        }
    }

    /// Lets go of the sockets; with `for_good` there is nobody to follow.
    pub(super) fn end(&self, for_good: bool) {
        match &self.giver {
            Some(giver) if for_good => giver.end(),
            Some(giver) => giver.close(),
            None => {}
        }
    }
}

/// The process's own ones: those of files are read by the successor as well.
fn keys(current: &Current) -> Vec<zeroize::Zeroizing<Vec<u8>>> {
    let snapshot = current.load();
    match snapshot.settings.tickets.directory {
        Some(_) => Vec::new(),
        None => Keys::secrets(&snapshot.tickets),
    }
}
