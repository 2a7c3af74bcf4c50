use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::time::Instant;

use super::order::Order;

/// What makes a reload happen.
#[derive(Debug)]
pub enum Trigger {
    /// Files changed.
    Files,
    /// An operator asks for it: everything is read again.
    Signal,
    /// Somebody wants something changed, and waits for it.
    Order(Box<Order>),
}

/// Makes the queue of triggers: several that come together cause one reload.
pub fn triggers() -> (SyncSender<Trigger>, Receiver<Trigger>) {
    sync_channel(16)
}

/// The end of the queue at which the reload thread waits.
pub(super) struct Bell<'q> {
    triggers: &'q Receiver<Trigger>,
    /// Whether a trigger for files waits in the queue. There is never more than one, so that there
    /// is room for a signal.
    rung: Arc<AtomicBool>,
}

impl<'q> Bell<'q> {
    pub(super) fn new(triggers: &'q Receiver<Trigger>) -> Self {
        Self {
            triggers,
            rung: Arc::default(),
        }
    }

    /// What to call when files changed.
    pub(super) fn ringer(&self, triggers: SyncSender<Trigger>) -> impl Fn() + Send + Sync + use<> {
        let rung = Arc::clone(&self.rung);
        move || {
            if !rung.swap(true, Ordering::AcqRel) && triggers.try_send(Trigger::Files).is_err() {
                // The queue is full of signals: each of them looks at everything.
                rung.store(false, Ordering::Release);
            }
        }
    }

    /// The next trigger; none when the time has come to look without one.
    pub(super) fn wait(&self, until: Instant) -> Option<Trigger> {
        let wait = until.saturating_duration_since(Instant::now());
        let trigger = self.receive(wait)?;
        Some(self.gather(trigger))
    }

    /// Waits until a burst of events is over, but not for long: files that are written slowly are
    /// looked at while they are. A signal or an order among them counts for more.
    fn gather(&self, first: Trigger) -> Trigger {
        let end = Instant::now() + LONGEST_BURST;
        let mut trigger = first;
        while matches!(trigger, Trigger::Files) {
            let left = end.saturating_duration_since(Instant::now());
            match self.receive(QUIET.min(left)) {
                Some(next) => trigger = next,
                None => break,
            }
        }
        trigger
    }

    fn receive(&self, wait: Duration) -> Option<Trigger> {
        let trigger = self.triggers.recv_timeout(wait).ok()?;
        if matches!(trigger, Trigger::Files) {
            self.rung.store(false, Ordering::Release);
        }
        Some(trigger)
    }
}

/// After this long without an event, a burst is over.
pub(super) const QUIET: Duration = Duration::from_millis(20);

const LONGEST_BURST: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal is an operator's wish: changed files do not crowd it out.
    #[test]
    fn a_signal_finds_room_in_a_flood_of_events() {
        let (sender, triggers) = triggers();
        let bell = Bell::new(&triggers);
        let ring = bell.ringer(sender.clone());
        let wait = || bell.wait(Instant::now() + Duration::from_secs(60));
        (0..100).for_each(|_| ring());
        sender.try_send(Trigger::Signal).unwrap();
        (0..100).for_each(|_| ring());
        assert!(matches!(wait(), Some(Trigger::Signal)));
        // And what came after it is heard as well.
        ring();
        assert!(matches!(wait(), Some(Trigger::Files)));
    }
}
