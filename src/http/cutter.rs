use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Ends a stream of an HTTP/2 connection from outside, whatever it waits for: hyper does not ask for
/// the body while the client's flow control lets nothing through.
#[derive(Debug, Default)]
pub struct Cutter {
    cut: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    follower: RefCell<Option<Rc<Self>>>,
}

impl Cutter {
    /// Ends the stream: the client gets RST_STREAM.
    pub(super) fn cut(&self) {
        self.cut.set(true);
        self.wake();
        if let Some(follower) = self.follower.take() {
            follower.cut();
        }
    }

    /// Has the stream look around.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Another one that is cut with this one: that of a second task for the same stream.
    pub fn follower(&self) -> Rc<Self> {
        let follower = Rc::default();
        self.follower.replace(Some(Rc::clone(&follower)));
        follower
    }

    /// Carries the stream on to its end, or until it is cut.
    pub async fn run(self: Rc<Self>, stream: impl Future<Output = ()>) {
        let mut stream = pin!(stream);
        poll_fn(|cx| {
            if self.cut.get() {
                return Poll::Ready(());
            }
            let mut waker = self.waker.borrow_mut();
            match &mut *waker {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *waker = Some(cx.waker().clone()),
            }
            drop(waker);
            stream.as_mut().poll(cx)
        })
        .await;
    }
}
