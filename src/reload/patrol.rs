use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// When all files are looked at without an event, and how much of the processor that may take.
#[derive(Debug)]
pub(super) struct Patrol {
    next: Instant,
    /// When the next part of one that is under way may be taken.
    next_part: Instant,
    /// Whether the one under way is in a hurry.
    hurries: bool,
}

impl Patrol {
    pub(super) fn new(interval: Duration) -> Self {
        let now = Instant::now();
        Self {
            next: now + interval,
            next_part: now,
            hurries: false,
        }
    }

    /// When there is something to do: the next part, or the next patrol.
    pub(super) fn next(&self, under_way: bool) -> Instant {
        match under_way {
            true => self.next_part,
            false => self.next,
        }
    }

    /// Whether it is time for another one.
    pub(super) fn begins(&self, now: Instant) -> bool {
        self.next <= now
    }

    /// Whether the next part of one that is under way may be taken.
    pub(super) fn part_is_due(&self, now: Instant) -> bool {
        self.next_part <= now
    }

    /// One begins. It hurries where files are known to have changed without an event.
    pub(super) fn began(&mut self, now: Instant, interval: Duration, hurries: bool) {
        self.next = now + interval;
        self.hurries = hurries;
    }

    /// Does some work, and puts the next part off by what makes it a fiftieth of a processor.
    pub(super) fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = processor_time();
        let result = work();
        let spent = processor_time().saturating_sub(before);
        let pause = if self.hurries {
            Duration::ZERO
        } else {
            spent * (SHARE - 1)
        };
        self.next_part = Instant::now() + pause;
        result
    }
}

/// What the calling thread has had of the processor. Waiting for a slow disk does not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

/// One part of so many.
const SHARE: u32 = 50;
