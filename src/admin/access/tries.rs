use std::time::Duration;

use tokio::time::Instant;

use super::peer::Who;
use super::recent::{PERIOD, Recent};

/// Who showed tokens that are none: after ten of them within a minute, an address has to wait for
/// one, whatever it shows. Others do not.
#[derive(Debug, Default)]
pub(super) struct Tries(Recent<u32>);

impl Tries {
    /// An address showed a token that is none.
    pub(super) fn failed(&mut self, who: Who, now: Instant) {
        let entry = self.0.remember(who, now);
        entry.value += 1;
        if entry.value >= LIMIT {
            // The wait begins with the last try.
            entry.since = now;
        }
    }

    /// How long an address has to wait.
    pub(super) fn wait(&self, who: &Who, now: Instant) -> Option<Duration> {
        let entry = self.0.get(who, now).filter(|it| it.value >= LIMIT)?;
        Some(PERIOD.saturating_sub(now.saturating_duration_since(entry.since)))
    }
}

/// More than a person mistypes in a minute.
const LIMIT: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_ten_times_in_a_minute_waits_for_one() {
        let (mut tries, start) = (Tries::default(), Instant::now());
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|it| Who::of(it.parse().ok()));
        for _ in 1..LIMIT {
            tries.failed(one, start);
        }
        assert_eq!(tries.wait(&one, start), None);
        let last = start + Duration::from_secs(50);
        tries.failed(one, last);
        assert_eq!(tries.wait(&one, last), Some(PERIOD));
        assert_eq!(tries.wait(&other, last), None);
        let later = last + Duration::from_secs(59);
        assert_eq!(tries.wait(&one, later), Some(Duration::from_secs(1)));
        assert_eq!(tries.wait(&one, last + PERIOD), None);
    }

    #[test]
    fn failures_of_more_than_a_minute_ago_do_not_count() {
        let (mut tries, start) = (Tries::default(), Instant::now());
        let who = Who::of(None);
        for minute in 0..20 {
            tries.failed(who, start + PERIOD * minute);
            assert_eq!(tries.wait(&who, start + PERIOD * minute), None);
        }
    }
}
