use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::snapshot::{Domain, HttpsWatch, Snapshot};

/// An exchange for a domain other than the one that its TLS connection was made for: it ends with
/// its own domain's HTTPS, while the connection goes on.
pub(super) struct Guest {
    https: HttpsWatch,
    cut_at: Cell<Option<Instant>>,
    cut: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Guest {
    pub(super) fn new(domain: Arc<Domain>, generation: u64) -> Self {
        Self {
            https: HttpsWatch::new(domain, generation),
            cut_at: Cell::new(None),
            cut: Cell::new(false),
            waker: RefCell::default(),
        }
    }

    pub(super) fn sweep(&self, now: Instant, snapshot: &Snapshot) {
        if self.https.is_over(snapshot) && self.cut_at.get().is_none() {
            let grace = snapshot.settings.timeouts.https_off_grace;
            self.cut_at.set(Some(now + grace));
        }
        if self.cut_at.get().is_some_and(|cut_at| cut_at <= now) {
            self.cut.set(true);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }

    /// Ready when the exchange shall end.
    pub(super) fn poll_cut(&self, cx: &Context<'_>) -> Poll<()> {
        if self.cut.get() {
            return Poll::Ready(());
        }
        self.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}
