use std::cell::Cell;
use std::time::Duration;

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
    leaving: Cell<bool>,
    rests: Cell<bool>,
    /// Whether there was an exchange already.
    asked: Cell<bool>,
    /// Streams that the client may still give up.
    patience: Cell<u32>,
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
            leaving: Cell::new(false),
            rests: Cell::new(false),
            asked: Cell::new(false),
            patience: Cell::new(PATIENCE),
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
    pub fn cut(&self) {
        self.cut.set(true);
    }

    /// Whether the running exchanges shall end, whatever they have still to say.
    pub fn is_leaving(&self) -> bool {
        self.leaving.get()
    }

    /// Has the running exchanges end, each in its own way.
    pub fn leave(&self) {
        self.leaving.set(true);
    }

    /// Whether the connection was idle for so long that what its next request needs can be given
    /// back.
    pub fn is_resting(&self) -> bool {
        self.rests.get() && self.phase.get() == Phase::Idle && !self.is_writing()
    }

    /// Notes that there was nothing to do for a while, if it is so; true once. To be called four
    /// times a second.
    pub fn begins_to_rest(&self, now: Instant) -> bool {
        let idle = now.saturating_duration_since(self.since.get());
        let tired = self.phase.get() == Phase::Idle && idle >= REST;
        tired && !self.rests.replace(true)
    }

    /// Whether a request is on its way, or may be: a client connects because it has something to
    /// ask, and hears of no connection that ended before the answer without seeing an error.
    pub fn is_asking(&self, now: Instant) -> bool {
        match self.phase.get() {
            Phase::Headers => true,
            Phase::Idle => !self.asked.get() && now - self.since.get() < FIRST_REQUEST,
            Phase::Handshake | Phase::Busy => false,
        }
    }

    /// An HTTP/2 client gave up a stream before its answer was whole: the origin has worked for
    /// nothing. Says whether that was once too often, and has the connection end then.
    pub(super) fn given_up(&self) -> bool {
        if self.is_cut() {
            return false;
        }
        let left = self.patience.get().saturating_sub(1);
        self.patience.set(left);
        if left == 0 {
            self.cut();
        }
        left == 0
    }

    /// An answer was whole: as many may be given up as are taken.
    pub(super) fn taken(&self) {
        self.grow_patient(1);
    }

    /// Lets the patience grow again with time. To be called four times a second.
    pub fn rest(&self) {
        self.grow_patient(PATIENCE_IN_A_TICK);
    }

    fn grow_patient(&self, by: u32) {
        self.patience.set((self.patience.get() + by).min(PATIENCE));
    }

    /// An exchange begins, or something that outlives its response.
    pub fn exchange_begins(&self) {
        self.exchanges.set(self.exchanges.get() + 1);
        self.phase.set(Phase::Busy);
        self.rests.set(false);
        self.asked.set(true);
    }

    /// One of them ends.
    pub fn exchange_ends(&self) {
        let left = self.exchanges.get().saturating_sub(1);
        self.exchanges.set(left);
        if left == 0 {
            self.enter(Phase::Idle);
        }
    }
}

/// A request comes in the packet behind the last one of a handshake; longer waits are those of
/// connections that a browser opens in advance.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

/// Players ask for a playlist every few seconds, for segments less often.
const REST: Duration = Duration::from_secs(1);

/// Streams that a client may give up at once: a player that seeks drops some, a flood thousands
/// (CVE-2023-44487).
const PATIENCE: u32 = 200;

/// What comes back of it in a quarter of a second: 20 a second.
const PATIENCE_IN_A_TICK: u32 = 5;
