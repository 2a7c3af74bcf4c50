use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

/// How the connections of a process leave it: over a time, and not all at its end, so that the next
/// process does not get all viewers back in one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    begin: Instant,
    time: Duration,
}

impl Drain {
    /// From now on, for so long.
    pub fn of(time: Duration) -> Self {
        let begin = Instant::now();
        Self { begin, time }
    }

    /// When all of them have ended.
    pub fn end(&self) -> Instant {
        self.begin + self.time
    }

    /// When the one at `index` of `count` leaves, if it has not by itself: each in a slice of its
    /// own of the time, somewhere in it, so that many processes do not beat the same time.
    pub fn moment(&self, index: usize, count: usize) -> Instant {
        let share = (index as f64 + random()) / count.max(1) as f64;
        let (first, last) = (self.time.mul_f64(FIRST), self.time.mul_f64(LAST));
        self.begin + first + (last - first).mul_f64(share.min(1.0))
    }

    /// Up to when one that leaves at a moment has time to do so.
    pub fn latest(&self, moment: Instant) -> Instant {
        moment + self.time.mul_f64(1.0 - LAST).max(LEAST)
    }
}

/// At once.
impl Default for Drain {
    fn default() -> Self {
        Self::of(Duration::ZERO)
    }
}

/// From 0 up to 1.
fn random() -> f64 {
    let random = RandomState::new().hash_one(()) >> 32;
    random as f64 / f64::from(u32::MAX)
}

/// Up to then, as a share of the time, responses end by themselves: a segment or a playlist is whole
/// long before.
const FIRST: f64 = 0.2;

/// What is left after it is for the last ones to say goodbye.
const LAST: f64 = 0.95;

/// Two sweeps find what leaves and have it do so; what they say has to go out.
const LEAST: Duration = Duration::from_millis(600);

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(20);

    #[tokio::test(start_paused = true)]
    async fn moments_are_spread_over_the_time() {
        let drain = Drain::of(TIME);
        let mut seconds = [0; 20];
        for index in 0..300 {
            let after = drain.moment(index, 300) - Instant::now();
            seconds[usize::try_from(after.as_secs()).unwrap()] += 1;
        }
        let mean = 300 / 20;
        assert!(
            seconds.iter().all(|closes| *closes <= 2 * mean),
            "{seconds:?}"
        );
        assert_eq!(seconds[..4].iter().sum::<u32>(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_has_time_to_say_goodbye_and_is_gone_at_the_end() {
        let drain = Drain::of(TIME);
        for (index, count) in [(0, 1), (0, 0), (9, 10)] {
            let moment = drain.moment(index, count);
            assert!(moment < drain.latest(moment));
            assert!(drain.latest(moment) <= drain.end() + LEAST);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_time_everybody_leaves_at_once() {
        assert_eq!(Drain::default().moment(3, 7), Drain::default().end());
    }
}
