use std::cell::Cell;
use std::sync::Arc;

use tokio::time::Instant;

use crate::snapshot::{Domain, HttpsWatch, Snapshot};

/// Up to when somebody may go on whose domain loses its HTTPS.
#[derive(Debug)]
pub struct HttpsGrace {
    https: HttpsWatch,
    cut_at: Cell<Option<Instant>>,
}

impl HttpsGrace {
    /// Begins with the domain as it was in a generation.
    pub fn new(domain: Arc<Domain>, generation: u64) -> Self {
        Self {
            https: HttpsWatch::new(domain, generation),
            cut_at: Cell::new(None),
        }
    }

    /// Whether that is over.
    pub fn is_over(&self, now: Instant, snapshot: &Snapshot) -> bool {
        if self.https.is_over(snapshot) && self.cut_at.get().is_none() {
            let grace = snapshot.settings.timeouts.https_off_grace;
            self.cut_at.set(Some(now + grace));
        }
        self.cut_at.get().is_some_and(|cut_at| cut_at <= now)
    }
}
