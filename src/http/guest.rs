use std::cell::Cell;
use std::sync::Arc;

use tokio::time::Instant;

use crate::snapshot::{Domain, HttpsWatch, Snapshot};

/// An exchange for a domain other than the one that its TLS connection was made for: it ends with
/// its own domain's HTTPS, while the connection goes on.
pub(super) struct Guest {
    https: HttpsWatch,
    cut_at: Cell<Option<Instant>>,
}

impl Guest {
    pub(super) fn new(domain: Arc<Domain>, generation: u64) -> Self {
        Self {
            https: HttpsWatch::new(domain, generation),
            cut_at: Cell::new(None),
        }
    }

    /// Whether the exchange shall end.
    pub(super) fn is_over(&self, now: Instant, snapshot: &Snapshot) -> bool {
        if self.https.is_over(snapshot) && self.cut_at.get().is_none() {
            let grace = snapshot.settings.timeouts.https_off_grace;
            self.cut_at.set(Some(now + grace));
        }
        self.cut_at.get().is_some_and(|cut_at| cut_at <= now)
    }
}
