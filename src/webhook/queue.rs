use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::event::Event;
use crate::certificate::Timestamp;

/// Where events are put to be delivered. All clones share one bounded queue.
#[derive(Clone, Default)]
pub struct Alerts(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    outcomes: [AtomicU64; Outcome::ALL.len()],
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Queued>,
    /// Whether the log says already that events are dropped.
    overflows: bool,
}

/// An event with the time at which it was told, by both clocks.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) event: Event,
    pub(super) time: Timestamp,
    pub(super) since: Instant,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted.
    Delivered,
    /// The other end said that trying again is of no use.
    Refused,
    /// It could not be delivered for a whole day.
    GivenUp,
    /// Too many others came after it.
    Dropped,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Refused, Self::GivenUp, Self::Dropped];

    /// The stable word for it in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
        }
    }
}

impl Alerts {
    /// Puts an event into the queue, without waiting. When that is full, the oldest one makes room.
    pub fn send(&self, event: Event) {
        let queued = Queued {
            event,
            time: SystemTime::now().into(),
            since: Instant::now(),
        };
        if self.push(queued) {
            tracing::warn!(
                queued = CAPACITY,
                "events come faster than the webhook takes them; the oldest are dropped"
            );
        }
        self.0.arrived.notify_one();
    }

    /// How many events ended in this way so far.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.0.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, outcome: Outcome) {
        self.0.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether events begin to be dropped.
    fn push(&self, queued: Queued) -> bool {
        let mut waiting = self.waiting();
        waiting.events.push_back(queued);
        if waiting.events.len() <= CAPACITY {
            return false;
        }
        waiting.events.pop_front();
        self.note(Outcome::Dropped);
        !std::mem::replace(&mut waiting.overflows, true)
    }

    /// Takes the oldest event, once there is one. Only one task does this.
    pub(super) async fn next(&self) -> Queued {
        loop {
            if let Some(queued) = self.pop() {
                return queued;
            }
            self.0.arrived.notified().await;
        }
    }

    /// The oldest event, for the tests of those who tell.
    #[cfg(test)]
    pub(crate) async fn told(&self) -> Event {
        self.next().await.event
    }

    fn pop(&self) -> Option<Queued> {
        let mut waiting = self.waiting();
        waiting.overflows = false;
        waiting.events.pop_front()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked left a queue that is as good as before.
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").finish_non_exhaustive()
    }
}

/// Some hundred kilobytes at the most.
const CAPACITY: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Difference;

    fn numbered(number: usize) -> Event {
        Event::ServedAgrees(Difference {
            domain: format!("d{number}.example.com").parse().unwrap(),
            wanted: "refused".to_owned(),
            served: "refused".to_owned(),
            since: Timestamp(0),
        })
    }

    #[tokio::test]
    async fn events_come_out_in_their_order() {
        let alerts = Alerts::default();
        alerts.send(numbered(0));
        alerts.send(numbered(1));
        assert_eq!(alerts.next().await.event, numbered(0));
        assert_eq!(alerts.next().await.event, numbered(1));
    }

    #[tokio::test]
    async fn the_oldest_make_room_when_too_many_wait() {
        let alerts = Alerts::default();
        for number in 0..CAPACITY + 3 {
            alerts.send(numbered(number));
        }
        assert_eq!(alerts.count(Outcome::Dropped), 3);
        assert_eq!(alerts.next().await.event, numbered(3));
    }

    #[test]
    fn one_line_says_that_events_are_dropped() {
        let alerts = Alerts::default();
        let queued = Queued {
            event: numbered(0),
            time: Timestamp(0),
            since: Instant::now(),
        };
        let begins = (0..CAPACITY + 5).filter(|_| alerts.push(queued.clone()));
        assert_eq!(begins.count(), 1);
        alerts.pop();
        alerts.push(queued.clone());
        assert!(alerts.push(queued), "it was over in between");
    }
}
