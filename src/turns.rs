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
/// worker's viewers wait for a second. Between some of these steps and the next, all else that
/// is ready is done.
#[derive(Debug, Default)]
pub struct Turns {
    /// Turns that were given since all else had its own.
    given: Cell<usize>,
    queue: RefCell<VecDeque<Weak<Place>>>,
}

#[derive(Debug, Default)]
struct Place {
    turn: Cell<Option<Given>>,
    waker: RefCell<Option<Waker>>,
}

/// A turn that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    /// Another one may come right behind it.
    OneOfSome,
    /// All else comes behind it.
    Last,
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
        let given = turn.given().await;
        let mut future = pin!(future);
        let first = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if given == Given::Last {
            yield_now().await;
        }
        drop(turn);
        match first {
            Poll::Ready(output) => output,
            Poll::Pending => future.await,
        }
    }

    fn enter(&self) -> Turn<'_> {
        let place = Rc::<Place>::default();
        match self.next() {
            Some(given) => place.turn.set(Some(given)),
            None => self.queue.borrow_mut().push_back(Rc::downgrade(&place)),
        }
        Turn { turns: self, place }
    }

    fn next(&self) -> Option<Given> {
        let given = self.given.get() + 1;
        if given > AT_ONCE {
            return None;
        }
        self.given.set(given);
        Some(match given {
            AT_ONCE => Given::Last,
            _ => Given::OneOfSome,
        })
    }

    /// All else had its turn: to those who still wait.
    fn begin_anew(&self) {
        self.given.set(0);
        let mut queue = self.queue.borrow_mut();
        let mut places = iter::from_fn(|| queue.pop_front()).filter_map(|place| place.upgrade());
        while self.given.get() < AT_ONCE
            && let Some(place) = places.next()
        {
            place.turn.set(self.next());
            if let Some(waker) = place.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Turn<'_> {
    async fn given(&self) -> Given {
        poll_fn(|cx| match self.place.turn.get() {
            Some(given) => Poll::Ready(given),
            None => {
                self.place.waker.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.place.turn.get() == Some(Given::Last) {
            self.turns.begin_anew();
        }
    }
}

/// As many steps take a millisecond, which no viewer sees; to look at all else costs as much as a
/// tenth of a step.
const AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::join;
    use tokio::task::LocalSet;
    use tokio::time::{Duration, timeout};

    use super::*;

    #[tokio::test]
    async fn others_come_between_some_turns_and_the_next() {
        let (turns, log) = (Rc::<Turns>::default(), Rc::new(RefCell::new(Vec::new())));
        let local = LocalSet::new();
        for _ in 0..5 * AT_ONCE {
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
        assert_eq!(
            log.iter().filter(|it| **it != "viewer").count(),
            5 * AT_ONCE
        );
        let mut windows = log.windows(AT_ONCE + 1);
        assert!(windows.all(|some| some.contains(&"viewer")), "{log:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_leaves_the_queue_passes_his_turn_on() {
        let turns = Turns::default();
        let mut running: Vec<_> = (0..AT_ONCE).map(|_| turns.enter()).collect();
        let gone = turns.enter();
        let left = turns.enter();
        drop(gone);
        assert_eq!(left.place.turn.get(), None);
        // The last one.
        drop(running.pop());
        assert_eq!(left.place.turn.get(), Some(Given::OneOfSome));
        drop((running, left));
        // A step that does not end is no turn that does not end.
        let endless = timeout(Duration::from_secs(1), turns.first(pending::<()>()));
        let (endless, other) = join!(endless, turns.first(async { "done" }));
        assert!(endless.is_err() && other == "done");
    }
}
