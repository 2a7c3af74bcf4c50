use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// What moves in one direction of a relay: its task writes it, the sweep reads it.
#[derive(Debug)]
pub(super) struct Direction {
    bytes: Cell<u64>,
    counted: Cell<u64>,
    /// Whether something waits to be taken at its end.
    waits: Cell<bool>,
    /// Since when nothing was taken though it waits.
    still_since: Cell<Instant>,
}

impl Direction {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bytes: Cell::new(0),
            counted: Cell::new(0),
            waits: Cell::new(false),
            still_since: Cell::new(now),
        }
    }

    pub(super) fn moved(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes as u64);
    }

    pub(super) fn set_waits(&self, waits: bool) {
        self.waits.set(waits);
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Bytes since the last look.
    pub(super) fn count(&self) -> u64 {
        self.bytes.get() - self.counted.replace(self.bytes.get())
    }

    /// Takes a look, which found that so many bytes were taken since the last one.
    pub(super) fn look(&self, count: u64, now: Instant) {
        if count > 0 || !self.waits.get() {
            self.still_since.set(now);
        }
    }

    /// Whether its end has taken nothing for longer than it may.
    pub(super) fn stalls(&self, limit: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.still_since.get()) > limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_and_is_not_taken_stalls() {
        let (start, limit) = (Instant::now(), Duration::from_secs(10));
        let direction = Direction::new(start);
        let mut now = start;
        let mut stalls = |waits, bytes| {
            now += Duration::from_secs(11);
            direction.set_waits(waits);
            direction.moved(bytes);
            direction.look(direction.count(), now);
            direction.stalls(limit, now)
        };
        assert!(!stalls(false, 0));
        assert!(!stalls(true, 1));
        assert!(stalls(true, 0));
        assert!(!stalls(true, 1));
        assert_eq!(direction.bytes(), 2);
    }
}
