use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use super::registry::Entry;
use crate::http::Phase;

/// The TLS handshakes under way on one worker.
///
/// When there are too many, the oldest one ends: whoever opens connections and says nothing takes
/// the place of others of his kind, and not that of the next viewer.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    waiting: Cell<usize>,
    /// All that wait, the oldest first, and some that are done.
    queue: RefCell<VecDeque<Weak<Entry>>>,
}

/// A handshake under way, until it is dropped.
pub(super) struct Waiting(Rc<Crowd>);

impl Crowd {
    /// One more. Where that is more than so many, the oldest ends; says whether it did.
    pub(super) fn enter(self: &Rc<Self>, entry: &Rc<Entry>, most: usize) -> (Waiting, bool) {
        let mut queue = self.queue.borrow_mut();
        self.waiting.set(self.waiting.get() + 1);
        if queue.len() >= 2 * self.waiting.get() + SLACK {
            queue.retain(|entry| is_waiting(entry).is_some());
        }
        queue.push_back(Rc::downgrade(entry));
        let is_full = self.waiting.get() > most;
        if is_full {
            let mut oldest = std::iter::from_fn(|| queue.pop_front());
            if let Some(oldest) = oldest.find_map(|entry| is_waiting(&entry)) {
                oldest.end();
            }
        }
        (Waiting(Rc::clone(self)), is_full)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get() - 1);
    }
}

fn is_waiting(entry: &Weak<Entry>) -> Option<Rc<Entry>> {
    let entry = entry.upgrade()?;
    (entry.activity.phase().0 == Phase::Handshake).then_some(entry)
}

/// Handshakes that are done, and wait to be forgotten.
const SLACK: usize = 64;

#[cfg(test)]
mod tests {
    use super::super::registry::Registry;
    use super::*;

    #[test]
    fn the_oldest_ends_for_one_too_many() {
        let (registry, crowd) = (Rc::new(Registry::default()), Rc::new(Crowd::default()));
        let [done, oldest, next, last] = [(); 4].map(|()| registry.enter(Phase::Handshake));
        let enter = |entry| crowd.enter(entry, 2);
        let first = enter(&done);
        let _second = enter(&oldest);
        done.activity.enter(Phase::Idle);
        drop(first);
        assert!(!enter(&next).1);
        let (_third, is_full) = enter(&next);
        assert!(!is_full && !oldest.is_over());
        assert!(enter(&last).1);
        assert!(oldest.is_over() && !done.is_over() && !next.is_over());
    }

    #[test]
    fn what_is_done_is_forgotten() {
        let (registry, crowd) = (Rc::new(Registry::default()), Rc::new(Crowd::default()));
        let slow = registry.enter(Phase::Handshake);
        let _slow = crowd.enter(&slow, 10);
        for _ in 0..10_000 {
            let entry = registry.enter(Phase::Handshake);
            assert!(!crowd.enter(&entry, 10).1);
            entry.activity.enter(Phase::Idle);
        }
        assert!(crowd.queue.borrow().len() <= SLACK + 10);
        assert!(!slow.is_over());
    }
}
