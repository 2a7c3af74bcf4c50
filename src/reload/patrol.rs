use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::config::Scope;

/// When everything is looked at, be that at once, where events ask for it, or a little at a time
/// without an event; and how much of the processor that may take.
#[derive(Debug)]
pub(super) struct Patrol {
    /// When the last such look began.
    last: Option<Instant>,
    /// When the next part of one that is under way may be taken.
    next_part: Instant,
    /// Whether the one under way is in a hurry: what changed before it made no event.
    hurries: bool,
    /// Whether events ask for a look at everything.
    wanted: bool,
    /// When the next one at once may be: they shall not keep all cores busy.
    calm: Instant,
}

impl Patrol {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            last: None,
            next_part: now,
            hurries: false,
            wanted: false,
            calm: now,
        }
    }

    /// When there is something to do: the next part, or the next look at everything.
    pub(super) fn next(&self, interval: Duration, under_way: bool) -> Instant {
        let next = match (under_way, self.last) {
            (true, _) | (_, None) => self.next_part,
            (_, Some(last)) => last + interval,
        };
        match self.wanted {
            true => next.min(self.calm),
            false => next,
        }
    }

    /// How far to look when this changed.
    pub(super) fn scope(&mut self, changed: Scope, now: Instant) -> Scope {
        self.wanted |= changed.is_everything();
        match changed {
            _ if self.wanted && self.calm <= now => Scope::Everything,
            Scope::Everything | Scope::Afresh => Scope::default(),
            items => items,
        }
    }

    /// Whether it is time for another look at everything. The first one is at once.
    pub(super) fn begins(&self, interval: Duration, now: Instant) -> bool {
        self.last.is_none_or(|last| last + interval <= now)
    }

    /// One begins.
    pub(super) fn began(&mut self, now: Instant) {
        self.hurries = self.last.is_none();
        self.last = Some(now);
    }

    /// Notes that everything was looked at at once.
    pub(super) fn looked(&mut self, began: Instant) {
        let now = Instant::now();
        self.wanted = false;
        self.calm = now + (now - began) * CALM;
    }

    /// Whether the next part of one that is under way may be taken.
    pub(super) fn part_is_due(&self, now: Instant) -> bool {
        self.next_part <= now
    }

    /// Does some work, and puts the next part off by what makes it a fiftieth of a processor.
    pub(super) fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = processor_time();
        let result = work();
        let spent = processor_time().saturating_sub(before);
        let pause = match self.hurries {
            true => Duration::ZERO,
            false => spent * (SHARE - 1),
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

/// How many times as long as a look at everything took, until events may cause the next one.
const CALM: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn looks_at_everything_that_events_ask_for_keep_a_distance() {
        let mut patrol = Patrol::new();
        let began = Instant::now();
        let scope = |patrol: &mut Patrol, changed| patrol.scope(changed, Instant::now());
        assert_eq!(scope(&mut patrol, Scope::Everything), Scope::Everything);
        tokio::time::advance(Duration::from_secs(1)).await;
        patrol.looked(began);
        assert_eq!(scope(&mut patrol, Scope::Everything), Scope::default());
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(scope(&mut patrol, Scope::default()), Scope::default());
        tokio::time::advance(Duration::from_secs(1)).await;
        // It is not forgotten meanwhile.
        assert_eq!(scope(&mut patrol, Scope::default()), Scope::Everything);
        patrol.looked(Instant::now());
        assert_eq!(scope(&mut patrol, Scope::default()), Scope::default());
    }

    /// A shorter interval counts at once, not after the longer one.
    #[tokio::test(start_paused = true)]
    async fn the_scan_interval_counts_from_the_last_scan() {
        let mut patrol = Patrol::new();
        assert!(patrol.begins(HOUR, Instant::now()));
        patrol.began(Instant::now());
        let minute = Duration::from_secs(60);
        tokio::time::advance(minute).await;
        let now = Instant::now();
        assert!(!patrol.begins(HOUR, now) && patrol.begins(minute, now));
        assert_eq!(patrol.next(minute, false), now);
    }
}
