use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Whether an endpoint is left out, since it failed again and again.
///
/// All workers share it and none waits for another: two that fail in the same moment may count as
/// one, and that is all that can go wrong.
#[derive(Debug)]
pub(super) struct Ejection {
    began: Instant,
    /// Failures in a row.
    failures: AtomicU32,
    /// How often it was left out in a row.
    times: AtomicU32,
    /// Milliseconds after `began`; 0 while it never failed that often.
    until: AtomicU64,
    /// Health checks that failed in a row: what requests come to does not matter to these.
    failed_checks: AtomicU32,
}

impl Ejection {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            failures: AtomicU32::new(0),
            times: AtomicU32::new(0),
            until: AtomicU64::new(0),
            failed_checks: AtomicU32::new(0),
        }
    }

    /// Whether it is left out now. No look at the clock for one that works.
    pub(super) fn is_out(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        let is_ill = self.failed_checks.load(Ordering::Relaxed) >= LIMIT;
        is_ill || until > 0 && self.now() < until
    }

    /// Notes a failure that counts as so many. Says for how long it is left out, if that begins now.
    ///
    /// Once the time is over it is asked again, and a single failure more leaves it out for twice as
    /// long.
    pub(super) fn failed(&self, count: u32) -> Option<Duration> {
        let failures = self.failures.fetch_add(count, Ordering::Relaxed);
        let until = self.until.load(Ordering::Relaxed);
        if failures.saturating_add(count) < LIMIT || self.now() < until {
            return None;
        }
        let doublings = self.times.load(Ordering::Relaxed).min(MOST_DOUBLINGS);
        let period = FIRST * 2_u32.pow(doublings);
        let next = self.now() + millis(period);
        let (done, other) = (Ordering::Relaxed, Ordering::Relaxed);
        let begins = self.until.compare_exchange(until, next, done, other);
        begins.ok()?;
        self.times.fetch_add(1, Ordering::Relaxed);
        Some(period)
    }

    /// Notes a response. Says whether it had been left out before.
    pub(super) fn succeeded(&self) -> bool {
        // Nearly always: nothing is written that other processors would have to read again.
        if self.failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        self.until.store(0, Ordering::Relaxed);
        self.times.swap(0, Ordering::Relaxed) > 0
    }

    /// Notes a health check that failed. Says whether it is left out from now on: until one passes.
    pub(super) fn check_failed(&self) -> bool {
        self.failed_checks.fetch_add(1, Ordering::Relaxed) + 1 == LIMIT
    }

    /// Notes one that passed. Says whether it had been left out for them before; then failures of
    /// requests count no longer either.
    pub(super) fn check_passed(&self) -> bool {
        let was_ill = self.failed_checks.swap(0, Ordering::Relaxed) >= LIMIT;
        if was_ill {
            self.succeeded();
        }
        was_ill
    }

    fn now(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One failure may be an accident, and two the same accident of two viewers.
pub(super) const LIMIT: u32 = 3;

/// Short: an origin that was restarted is back by then.
const FIRST: Duration = Duration::from_secs(1);

/// 64 s at the most: then one viewer in a minute may find out that it is still down.
const MOST_DOUBLINGS: u32 = 6;

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_is_left_out_after_some_failures_in_a_row_and_for_longer_each_time() {
        let ejection = Ejection::new();
        assert!(ejection.failed(1).is_none() && ejection.failed(1).is_none());
        assert!(!ejection.is_out());
        assert_eq!(ejection.failed(1), Some(SECOND));
        assert!(ejection.is_out());
        // What was under way does not make it longer.
        assert_eq!(ejection.failed(1), None);
        advance(SECOND).await;
        assert!(!ejection.is_out());
        for seconds in [2, 4, 8, 16, 32, 64, 64, 64] {
            let period = SECOND * seconds;
            assert_eq!(ejection.failed(1), Some(period));
            advance(period - Duration::from_millis(1)).await;
            assert!(ejection.is_out());
            advance(Duration::from_millis(1)).await;
            assert!(!ejection.is_out());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_checks_fail_no_response_ends_it() {
        let ejection = Ejection::new();
        assert!(!ejection.check_failed() && !ejection.check_failed());
        assert!(!ejection.is_out() && ejection.check_failed());
        assert!(!ejection.check_failed(), "it is told once");
        ejection.succeeded();
        assert!(ejection.is_out());
        ejection.failed(LIMIT);
        assert!(ejection.check_passed());
        assert!(!ejection.is_out(), "it is well, whatever was before");
        ejection.failed(LIMIT);
        assert!(!ejection.check_passed());
        assert!(ejection.is_out(), "requests say more than checks");
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_ends_it_and_all_begins_anew() {
        let ejection = Ejection::new();
        assert!(!ejection.succeeded());
        ejection.failed(2);
        assert!(!ejection.succeeded(), "it was never left out");
        ejection.failed(2);
        assert!(!ejection.is_out(), "not in a row");
        assert_eq!(ejection.failed(LIMIT), Some(SECOND));
        assert!(ejection.succeeded());
        assert!(!ejection.is_out());
        assert_eq!(ejection.failed(LIMIT), Some(SECOND));
    }
}
