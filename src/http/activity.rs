use std::cell::Cell;

use tokio::time::Instant;

/// What a connection is doing, for the deadlines that are about progress.
///
/// The parts of the connection's own task write it as things happen; the sweep of its worker reads
/// it. No timer is set or reset for a request.
#[derive(Debug)]
pub struct Activity {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    exchanges: Cell<u32>,
    writing: Cell<bool>,
    cut: Cell<bool>,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// For the TLS handshake, which has a deadline of its own.
    Handshake,
    /// For the rest of a request's headers (HTTP/1 only).
    Headers,
    /// For the next request.
    Idle,
    /// For nobody in particular: an exchange is under way.
    Busy,
}

impl Activity {
    /// A connection that was just accepted.
    pub fn new(phase: Phase) -> Self {
        Self {
            phase: Cell::new(phase),
            since: Cell::new(Instant::now()),
            exchanges: Cell::new(0),
            writing: Cell::new(false),
            cut: Cell::new(false),
        }
    }

    /// The present phase and its beginning.
    pub fn phase(&self) -> (Phase, Instant) {
        (self.phase.get(), self.since.get())
    }

    /// Changes to another phase now.
    pub fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// The first bytes of a request came.
    pub fn bytes_came(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Headers);
        }
    }

    /// Whether bytes wait to be taken by the client.
    pub fn is_writing(&self) -> bool {
        self.writing.get()
    }

    /// Notes whether bytes wait to be taken by the client. Whenever some are taken, an idle
    /// connection begins anew to be idle.
    pub fn set_writing(&self, writing: bool) {
        if self.writing.replace(writing) && !writing && self.phase.get() == Phase::Idle {
            self.enter(Phase::Idle);
        }
    }

    /// Whether the connection shall end at once.
    pub fn is_cut(&self) -> bool {
        self.cut.get()
    }

    /// Has the connection end at once.
    pub(super) fn cut(&self) {
        self.cut.set(true);
    }

    /// An exchange begins, or something that outlives its response.
    pub(super) fn exchange_begins(&self) {
        self.exchanges.set(self.exchanges.get() + 1);
        self.phase.set(Phase::Busy);
    }

    pub(super) fn exchange_ends(&self) {
        let left = self.exchanges.get().saturating_sub(1);
        self.exchanges.set(left);
        if left == 0 {
            self.enter(Phase::Idle);
        }
    }
}
