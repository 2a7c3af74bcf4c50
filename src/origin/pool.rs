use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::again::Copies;
use super::choice::Choice;
use super::connect::{Connection, Connector};
use super::endpoint::Endpoint;
use super::error::Error;
use super::heard::Heard;
use super::lease::{Kept, Lease};
use super::origins::Group;
use crate::config::OriginUrl;

/// The connections of one worker to all origins: kept while idle, the freshest used first.
pub struct Pool<B> {
    connector: Connector,
    /// By the endpoint's number.
    kept: RefCell<HashMap<u64, Rc<Kept<B>>>>,
    copies: Copies,
    turn: Cell<u64>,
}

/// The body of a request, as seen from outside.
pub trait Upload<B> {
    /// How many bytes of it went out: it may take as long as it goes on.
    fn progress(&self) -> u64;

    /// An empty one, for the same request once more.
    fn none(&self) -> B;
}

impl<B> Pool<B>
where
    B: Body<Data: Send, Error: std::error::Error + Send + Sync> + 'static,
{
    /// An empty pool.
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            kept: RefCell::default(),
            copies: Copies::default(),
            turn: Cell::new(0),
        }
    }

    /// Sends a request to one of the endpoints, and waits for the response's headers.
    ///
    /// As long as nothing of the request was sent, it stays in `unsent`, and the next endpoint is
    /// asked. One that may be done twice is asked once more when its connection ended before a byte
    /// of the response: on a fresh connection if it was a kept one, else at the next endpoint. After
    /// the first byte, nothing is.
    ///
    /// # Errors
    ///
    /// When no endpoint gave a response; the failure of the last one that was asked.
    pub async fn send(
        &self,
        group: &Group,
        unsent: &mut Option<Request<B>>,
        deadlines: Deadlines,
        upload: &impl Upload<B>,
    ) -> Result<(Response<Incoming>, Lease<B>), Failed> {
        let path = unsent.as_ref().map_or("", |request| request.uri().path());
        let mut choice = Choice::new(group, self.next_turn(), path);
        let mut failed = Failed::default();
        let mut repeats = Repeats::new(group.endpoints.len() > 1);
        while unsent.is_some()
            && let Some((index, endpoint)) = choice.next()
        {
            let Some(mut lease) = Lease::begin(self.kept(endpoint), index, group.limits) else {
                failed.full(index);
                continue;
            };
            let sent = self.send_on(&mut lease, unsent, deadlines, &mut repeats, upload);
            match sent.await {
                Ok(response) => {
                    endpoint.succeeded();
                    return Ok((response, lease));
                }
                Err(error) => {
                    endpoint.failed(&error);
                    failed = Failed { index, error };
                }
            }
        }
        Err(failed)
    }

    /// A kept connection may have been closed by the origin in the same moment: hyper gives the
    /// request back unsent, or it is sent and nothing comes back.
    async fn send_on(
        &self,
        lease: &mut Lease<B>,
        unsent: &mut Option<Request<B>>,
        deadlines: Deadlines,
        repeats: &mut Repeats,
        upload: &impl Upload<B>,
    ) -> Result<Response<Incoming>, Error> {
        let kept = Rc::clone(&lease.kept);
        let mut stale = false;
        loop {
            let taken = if stale { None } else { kept.take().await };
            let fresh = taken.is_none();
            let connection = match taken {
                Some(connection) => connection,
                // Boxed, since it is rare and would make the future of every request larger.
                None => Box::pin(self.connect(kept.endpoint.url(), deadlines.connect)).await?,
            };
            let connection = lease.connection.insert(connection);
            let request = unsent.take().ok_or(Error::NoEndpoint)?;
            let copy = repeats.may(fresh).then(|| self.copies.copy(&request));
            let mut copy = copy.flatten();
            connection.heard.reset();
            let response = connection.sender.try_send_request(request);
            let response = while_progressing(deadlines.first_byte, upload, response).await;
            let mut failed = match response.map_err(|_elapsed| Error::FirstByteTimeout)? {
                Err(failed) => failed,
                Ok(response) => {
                    copy.into_iter()
                        .for_each(|copy| self.copies.give_back(copy));
                    return Ok(response);
                }
            };
            *unsent = failed.take_message();
            let is_unsent = unsent.is_some();
            let error = broken(failed.into_error(), &connection.heard);
            if let (false, Error::Broke(_), Some(copy)) = (is_unsent, &error, copy.take()) {
                *unsent = Some(copy.into_request(upload.none()));
                repeats.note();
                kept.endpoint.asked_again();
                stale = !fresh;
            }
            if fresh || unsent.is_none() {
                return Err(error);
            }
        }
    }

    /// Where to begin among a domain's endpoints. All domains share the count, and the multiplier
    /// (2^64 by the golden ratio) spreads it evenly for each of them, whatever rhythm they ask in.
    fn next_turn(&self) -> usize {
        let turn = self.turn.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.turn.set(turn);
        usize::try_from(turn >> 33).unwrap_or_default()
    }

    fn kept(&self, endpoint: &Arc<Endpoint>) -> Rc<Kept<B>> {
        let mut kept = self.kept.borrow_mut();
        let kept = kept.entry(endpoint.number());
        let kept = kept.or_insert_with(|| Rc::new(Kept::new(Arc::clone(endpoint))));
        Rc::clone(kept)
    }

    async fn connect(&self, origin: &OriginUrl, limit: Duration) -> Result<Connection<B>, Error> {
        let connect = self.connector.connect(origin);
        let connection = timeout(limit, connect).await;
        connection.map_err(|_elapsed| Error::ConnectTimeout)?
    }

    /// Drops connections that were closed, or idle for longer than origins keep them open, and
    /// endpoints that nobody uses any more.
    pub fn sweep(&self, now: Instant) {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|_, kept| kept.sweep(now) > 0 || Rc::strong_count(kept) > 1);
    }
}

impl<B> std::fmt::Debug for Pool<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// The endpoint that was asked last, and why it gave no response.
#[derive(Debug)]
pub struct Failed {
    /// Its place in the group.
    pub index: usize,
    /// Why.
    pub error: Error,
}

impl Failed {
    /// Notes that an endpoint could not even be asked, which says less than that another one failed.
    fn full(&mut self, index: usize) {
        if let Error::NoEndpoint = self.error {
            let error = Error::Full;
            *self = Self { index, error };
        }
    }
}

impl Default for Failed {
    fn default() -> Self {
        let (index, error) = (0, Error::NoEndpoint);
        Self { index, error }
    }
}

/// How long an exchange waits for an origin.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the last byte of the request to the response's headers.
    pub first_byte: Duration,
}

/// Whether a request may be asked once more.
struct Repeats {
    left: bool,
    elsewhere: bool,
}

impl Repeats {
    /// `elsewhere` says whether there is another endpoint to ask.
    fn new(elsewhere: bool) -> Self {
        let left = true;
        Self { left, elsewhere }
    }

    /// A fresh connection that broke says something about its endpoint: asking that one again would
    /// be of no use.
    fn may(&self, fresh: bool) -> bool {
        self.left && (self.elsewhere || !fresh)
    }

    fn note(&mut self) {
        self.left = false;
    }
}

/// What a request came to that was sent, but not answered. A body of the client's that broke is not
/// the endpoint's fault.
fn broken(error: hyper::Error, heard: &Heard) -> Error {
    match error.is_user() || heard.anything() {
        true => Error::Http(error),
        false => Error::Broke(error),
    }
}

/// Waits for `future` until `limit` has passed without progress.
async fn while_progressing<B, F: Future>(
    limit: Duration,
    upload: &impl Upload<B>,
    future: F,
) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    loop {
        let before = upload.progress();
        match timeout(limit, &mut future).await {
            Err(elapsed) if upload.progress() == before => return Err(elapsed),
            Err(_) => {}
            Ok(output) => return Ok(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    impl Upload<()> for Cell<u64> {
        fn progress(&self) -> u64 {
            self.get()
        }

        fn none(&self) {}
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_goes_on_is_not_cut() {
        let (start, sent) = (Instant::now(), Cell::new(0));
        let upload = async {
            for _ in 0..10 {
                tokio::time::sleep(LIMIT - Duration::from_secs(1)).await;
                sent.set(sent.get() + 1);
            }
            pending::<()>().await;
        };
        let done = while_progressing(LIMIT, &sent, upload).await;
        assert!(done.is_err());
        assert_eq!(sent.get(), 10);
        assert!(start.elapsed() <= LIMIT * 11);
    }
}
