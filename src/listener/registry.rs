use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use slab::Slab;
use tokio::time::Instant;

use super::drain::Drain;
use crate::config::Timeouts;
use crate::http::{Activity, Phase, Served};
use crate::snapshot::{HttpsWatch, Snapshot};

/// The connections of one worker, for what is done to them from outside: deadlines, the end of a
/// domain's HTTPS, shutdown.
///
/// A sweep looks at all of them four times a second. That costs less than a timer for every request,
/// and needs no lock.
#[derive(Debug, Default)]
pub struct Registry {
    entries: RefCell<Slab<Rc<Entry>>>,
    drain: Cell<Option<Drain>>,
}

impl Registry {
    pub(super) fn enter(self: &Rc<Self>, phase: Phase) -> Registered {
        let entry = Rc::new(Entry {
            activity: Rc::new(Activity::new(phase)),
            https: RefCell::default(),
            cut_at: Cell::new(None),
            goodbye: Cell::new(None),
            leaves_at: Cell::new(None),
            order: Cell::new(Order::None),
            waker: RefCell::default(),
        });
        if let Some(drain) = self.drain.get() {
            entry.leave_at(drain.moment(0, 1), drain);
        }
        let key = self.entries.borrow_mut().insert(Rc::clone(&entry));
        Registered {
            registry: Rc::clone(self),
            entry,
            key,
        }
    }

    /// Gives each connection the order that is due.
    pub fn sweep(&self, now: Instant, snapshot: &Snapshot) {
        for (_, entry) in &*self.entries.borrow() {
            entry.sweep(now, snapshot);
        }
    }

    /// Asks all connections to end, and those that come: after their running exchanges, or each at
    /// a moment of its own.
    pub fn drain(&self, drain: Drain) {
        self.drain.set(Some(drain));
        let entries = self.entries.borrow();
        for (index, (_, entry)) in entries.iter().enumerate() {
            entry.leave_at(drain.moment(index, entries.len()), drain);
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A connection as the sweep sees it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) activity: Rc<Activity>,
    https: RefCell<Option<HttpsWatch>>,
    cut_at: Cell<Option<Instant>>,
    goodbye: Cell<Option<Instant>>,
    leaves_at: Cell<Option<Instant>>,
    order: Cell<Order>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    None,
    Drain,
    Cut,
}

impl Entry {
    /// The handshake is done: from here on the connection ends with its domain's HTTPS.
    pub(super) fn serves(&self, served: &Served) {
        let domain = Arc::clone(&served.domain);
        let watch = HttpsWatch::new(domain, served.generation);
        self.https.replace(Some(watch));
    }

    fn sweep(&self, now: Instant, snapshot: &Snapshot) {
        self.activity.rest();
        if self.activity.begins_to_rest(now) {
            self.wake();
        }
        if self.activity.is_cut() {
            self.order(Order::Cut);
            return;
        }
        if let Some(cut_at) = self.cut_at.get() {
            if cut_at <= now {
                self.order(Order::Cut);
            } else {
                self.leave(now);
            }
            return;
        }
        let timeouts = &snapshot.settings.timeouts;
        if self.lost_https(snapshot) {
            self.drain(now + timeouts.https_off_grace);
            return;
        }
        if let Some(goodbye) = self.goodbye.get() {
            // A request that crossed the goodbye on its way is served like any other.
            if self.activity.phase().0 == Phase::Busy {
                self.goodbye.set(Some(now));
            } else if now - goodbye >= GOODBYE {
                self.order(Order::Cut);
            }
            return;
        }
        match overdue(&self.activity, now, timeouts) {
            Some(Phase::Idle) => {
                self.goodbye.set(Some(now));
                self.order(Order::Drain);
            }
            Some(_) => self.order(Order::Cut),
            None => {}
        }
    }

    fn lost_https(&self, snapshot: &Snapshot) -> bool {
        let https = self.https.borrow();
        https.as_ref().is_some_and(|watch| watch.is_over(snapshot))
    }

    /// Ends what has to leave by now; the exchanges have until `cut_at` to do so in their own way.
    fn leave(&self, now: Instant) {
        let is_due = self.leaves_at.get().is_some_and(|moment| moment <= now);
        if is_due && !self.activity.is_leaving() {
            self.activity.leave();
            match self.activity.phase().0 {
                Phase::Busy => self.wake(),
                _ => self.order(Order::Cut),
            }
        } else if self.order.get() == Order::Drain {
            // It had a request on its way.
            self.wake();
        }
    }

    fn leave_at(&self, moment: Instant, drain: Drain) {
        self.leaves_at.set(Some(moment));
        self.drain(drain.latest(moment));
    }

    fn drain(&self, cut_at: Instant) {
        let earliest = self.cut_at.get().map_or(cut_at, |other| other.min(cut_at));
        self.cut_at.set(Some(earliest));
        if self.order.get() == Order::None {
            self.order(Order::Drain);
        }
    }

    fn order(&self, order: Order) {
        self.order.set(order);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whether the connection shall end after its running exchanges; true once, and not while a
    /// request is on its way.
    pub(super) fn shall_drain(&self) -> bool {
        let drain = self.order.get() == Order::Drain && !self.activity.is_asking(Instant::now());
        if drain {
            self.order.set(Order::None);
        }
        drain
    }

    /// Whether the head of a request has not come in time.
    pub(super) fn is_late_with_head(&self, timeouts: &Timeouts) -> bool {
        overdue(&self.activity, Instant::now(), timeouts) == Some(Phase::Headers)
    }

    /// Has the connection end at once.
    pub(super) fn end(&self) {
        self.order(Order::Cut);
    }

    /// Whether it has to.
    #[cfg(test)]
    pub(super) fn is_over(&self) -> bool {
        self.order.get() == Order::Cut
    }

    /// Ready when the connection shall end at once.
    pub(super) async fn cut(&self) {
        poll_fn(|cx| self.poll_cut(cx)).await;
    }

    fn poll_cut(&self, cx: &Context<'_>) -> Poll<()> {
        if self.order.get() == Order::Cut {
            return Poll::Ready(());
        }
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// The phase whose deadline has passed.
fn overdue(activity: &Activity, now: Instant, timeouts: &Timeouts) -> Option<Phase> {
    let (phase, since) = activity.phase();
    let limit = match phase {
        Phase::Headers => timeouts.headers,
        // The end of a response is on its way to a viewer who pauses.
        Phase::Idle if activity.is_writing() => timeouts.exchange.viewer_stall,
        Phase::Idle => timeouts.idle,
        Phase::Handshake | Phase::Busy => return None,
    };
    (now.saturating_duration_since(since) > limit).then_some(phase)
}

/// How long an idle client has for its part of the goodbye: the answer to GOAWAY and PING, and to
/// read the end of a response that it holds back by HTTP/2's flow control.
const GOODBYE: Duration = Duration::from_secs(30);

/// A connection's place in the registry; dropping it gives the place back.
pub(super) struct Registered {
    registry: Rc<Registry>,
    entry: Rc<Entry>,
    key: usize,
}

impl std::ops::Deref for Registered {
    type Target = Rc<Entry>;

    fn deref(&self) -> &Rc<Entry> {
        &self.entry
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.registry.entries.borrow_mut().try_remove(self.key);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn is_overdue(activity: &Activity) -> Option<Phase> {
        overdue(activity, Instant::now(), &Timeouts::default())
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_deadline() {
        let cases = [
            (Phase::Headers, Some(10)),
            (Phase::Idle, Some(75)),
            (Phase::Busy, None),
            (Phase::Handshake, None),
        ];
        for (phase, limit) in cases {
            let activity = Activity::new(phase);
            advance(Duration::from_secs(limit.unwrap_or(1_000_000))).await;
            assert_eq!(is_overdue(&activity), None, "{phase:?}");
            advance(Duration::from_secs(1)).await;
            assert_eq!(is_overdue(&activity), limit.map(|_| phase), "{phase:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_viewer_who_pauses_near_the_end_has_time() {
        let (activity, pause) = (Activity::new(Phase::Idle), Duration::from_secs(30));
        activity.set_writing(true);
        advance(pause).await;
        assert_eq!(is_overdue(&activity), None);
        activity.set_writing(false);
        activity.set_writing(true);
        advance(pause).await;
        assert_eq!(is_overdue(&activity), None, "some bytes were taken");
        advance(Duration::from_secs(1)).await;
        assert_eq!(is_overdue(&activity), Some(Phase::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_crosses_the_goodbye_is_not_cut() {
        let registry = Rc::new(Registry::default());
        let entry = registry.enter(Phase::Idle);
        let snapshot = Snapshot::empty();
        advance(Duration::from_secs(76)).await;
        registry.sweep(Instant::now(), &snapshot);
        assert!(entry.shall_drain());
        entry.activity.enter(Phase::Busy);
        advance(GOODBYE * 2).await;
        registry.sweep(Instant::now(), &snapshot);
        assert_eq!(entry.order.get(), Order::None);
        entry.activity.enter(Phase::Idle);
        advance(GOODBYE).await;
        registry.sweep(Instant::now(), &snapshot);
        assert_eq!(entry.order.get(), Order::Cut);
    }
}
