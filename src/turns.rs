//! Costly steps, one at a time: what else is ready comes between them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::iter;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use tokio::task::yield_now;

/// Whose turn it is on one worker to do a costly step, in the order in which they came.
///
/// A handshake takes most of a millisecond, so a thousand clients who come at once would have the
/// worker's viewers wait for a second. Between two such steps all else that is ready is done.
#[derive(Debug, Default)]
pub struct Turns {
    taken: Cell<bool>,
    queue: RefCell<VecDeque<Weak<Place>>>,
}

#[derive(Debug, Default)]
struct Place {
    granted: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// A place in the queue, and then the turn; dropped, it is passed on.
struct Turn<'a> {
    turns: &'a Turns,
    place: Rc<Place>,
}

impl Turns {
    /// Carries a future to its end, its first step in a turn of its own.
    pub(crate) async fn first<F: Future>(&self, future: F) -> F::Output {
        let turn = self.enter();
        turn.granted().await;
        let mut future = pin!(future);
        let first = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        yield_now().await;
        drop(turn);
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => future.await,
        }
    }

    fn enter(&self) -> Turn<'_> {
        let place = Rc::<Place>::default();
        match self.taken.replace(true) {
            false => place.granted.set(true),
            true => self.queue.borrow_mut().push_back(Rc::downgrade(&place)),
        }
        Turn { turns: self, place }
    }

    /// To the next one who still waits.
    fn pass_on(&self) {
        let mut queue = self.queue.borrow_mut();
        let mut places = iter::from_fn(|| queue.pop_front());
        match places.find_map(|place| place.upgrade()) {
            Some(place) => place.grant(),
            None => self.taken.set(false),
        }
    }
}

impl Place {
    fn grant(&self) {
        self.granted.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Turn<'_> {
    async fn granted(&self) {
        poll_fn(|cx| match self.place.granted.get() {
            true => Poll::Ready(()),
            false => {
                self.place.waker.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.place.granted.get() {
            self.turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::join;
    use tokio::task::LocalSet;
    use tokio::time::{Duration, timeout};

    use super::*;

    #[tokio::test]
    async fn others_come_between_two_turns() {
        let (turns, log) = (Rc::<Turns>::default(), Rc::new(RefCell::new(Vec::new())));
        let local = LocalSet::new();
        for _ in 0..3 {
            let (turns, log) = (Rc::clone(&turns), Rc::clone(&log));
            local.spawn_local(async move {
                turns
                    .first(async { log.borrow_mut().push("handshake") })
                    .await;
            });
        }
        let viewer = Rc::clone(&log);
        local.spawn_local(async move {
            for _ in 0..10 {
                viewer.borrow_mut().push("viewer");
                yield_now().await;
            }
        });
        local.await;
        let log = log.borrow();
        let mut pairs = log.windows(2);
        assert!(pairs.all(|pair| pair.contains(&"viewer")), "{log:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_leaves_the_queue_passes_his_turn_on() {
        let turns = Turns::default();
        let running = turns.enter();
        let gone = turns.enter();
        let left = turns.enter();
        drop(gone);
        drop(running);
        assert!(left.place.granted.get());
        drop(left);
        // A step that does not end is no turn that does not end.
        let endless = timeout(Duration::from_secs(1), turns.first(pending::<()>()));
        let (endless, other) = join!(endless, turns.first(async { "done" }));
        assert!(endless.is_err() && other == "done");
    }
}
