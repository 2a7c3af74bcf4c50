use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::SendRequest;
use tokio::task::yield_now;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::connect::Connector;
use super::error::Error;
use crate::config::OriginUrl;

/// The connections of one worker to all origins: kept while idle, the freshest used first.
///
/// Cheap to clone; all clones are the same pool.
pub struct Pool<B>(Rc<Shared<B>>);

struct Shared<B> {
    connector: Connector,
    idle: RefCell<HashMap<OriginUrl, Vec<Idle<B>>>>,
    turn: Cell<usize>,
}

struct Idle<B> {
    sender: SendRequest<B>,
    since: Instant,
}

impl<B> Pool<B>
where
    B: Body<Data: Send, Error: std::error::Error + Send + Sync> + 'static,
{
    /// An empty pool.
    pub fn new(connector: Connector) -> Self {
        Self(Rc::new(Shared {
            connector,
            idle: RefCell::default(),
            turn: Cell::new(0),
        }))
    }

    /// Sends a request to one of a domain's endpoints, each in its turn, and waits for the
    /// response's headers.
    ///
    /// As long as nothing of the request was sent, the next endpoint is asked. A kept connection
    /// may have been closed by the origin in the same moment: hyper gives the request back unsent,
    /// and it goes out on another one. `progress` counts what went out of the request's body: an
    /// upload may take as long as it goes on.
    ///
    /// # Errors
    ///
    /// When no endpoint gave a response; the failure of the last one that was asked.
    pub async fn send(
        &self,
        origins: &[OriginUrl],
        request: Request<B>,
        deadlines: Deadlines,
        progress: impl Fn() -> u64,
    ) -> Result<(Response<Incoming>, Lease<B>), Failed> {
        let turn = self.0.turn.get();
        self.0.turn.set(turn.wrapping_add(1));
        let mut unsent = Some(request);
        let mut failed = None;
        for step in 0..origins.len() {
            let Some(request) = unsent.take() else { break };
            let index = turn.wrapping_add(step) % origins.len();
            let origin = &origins[index];
            let sent = self.send_to(origin, request, &mut unsent, deadlines, &progress);
            match sent.await {
                Ok((response, sender)) => return Ok((response, self.lease(origin, sender))),
                Err(error) => failed = Some(Failed { index, error }),
            }
        }
        Err(failed.unwrap_or(Failed {
            index: 0,
            error: Error::ConnectTimeout,
        }))
    }

    /// On failure leaves the request in `unsent` if nothing of it was sent.
    async fn send_to(
        &self,
        origin: &OriginUrl,
        mut request: Request<B>,
        unsent: &mut Option<Request<B>>,
        deadlines: Deadlines,
        progress: impl Fn() -> u64,
    ) -> Result<(Response<Incoming>, SendRequest<B>), Error> {
        loop {
            let kept = self.take(origin).await;
            let fresh = kept.is_none();
            let mut sender = match kept {
                Some(sender) => sender,
                None => match self.connect(origin, deadlines.connect).await {
                    Ok(sender) => sender,
                    Err(error) => {
                        *unsent = Some(request);
                        return Err(error);
                    }
                },
            };
            let response = sender.try_send_request(request);
            let response = while_progressing(deadlines.first_byte, &progress, response).await;
            match response.map_err(|_elapsed| Error::FirstByteTimeout)? {
                Ok(response) => return Ok((response, sender)),
                Err(mut failed) => match failed.take_message() {
                    Some(again) if !fresh => request = again,
                    message => {
                        *unsent = message;
                        return Err(Error::Http(failed.into_error()));
                    }
                },
            }
        }
    }

    async fn connect(&self, origin: &OriginUrl, limit: Duration) -> Result<SendRequest<B>, Error> {
        let connect = self.0.connector.connect(origin);
        let sender = timeout(limit, connect).await;
        sender.map_err(|_elapsed| Error::ConnectTimeout)?
    }

    /// A kept connection that is still open.
    async fn take(&self, origin: &OriginUrl) -> Option<SendRequest<B>> {
        loop {
            let sender = self.0.idle.borrow_mut().get_mut(origin)?.pop()?.sender;
            if !sender.is_ready() && !sender.is_closed() {
                // It may not have seen yet that its last response is over: that takes one turn of
                // its own task.
                yield_now().await;
            }
            if sender.is_ready() {
                return Some(sender);
            }
        }
    }

    fn lease(&self, origin: &OriginUrl, sender: SendRequest<B>) -> Lease<B> {
        Lease {
            pool: Rc::clone(&self.0),
            origin: origin.clone(),
            sender,
        }
    }

    /// Drops connections that were closed, or idle for longer than origins keep them open.
    pub fn sweep(&self, now: Instant) {
        self.0.idle.borrow_mut().retain(|_, idle| {
            idle.retain(|idle| !idle.sender.is_closed() && now - idle.since < MAX_IDLE);
            !idle.is_empty()
        });
    }
}

impl<B> Clone for Pool<B> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
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
    /// Its place among the domain's origins.
    pub index: usize,
    /// Why.
    pub error: Error,
}

/// How long an exchange waits for an origin.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the last byte of the request to the response's headers.
    pub first_byte: Duration,
}

/// The connection of an exchange that is under way. Dropping it closes the connection; giving it
/// back keeps it for the next request.
pub struct Lease<B> {
    pool: Rc<Shared<B>>,
    origin: OriginUrl,
    sender: SendRequest<B>,
}

impl<B> Lease<B> {
    /// The endpoint that the connection leads to.
    pub fn origin(&self) -> &OriginUrl {
        &self.origin
    }

    /// Gives the connection back: the response was read to its end.
    pub fn give_back(self) {
        let mut idle = self.pool.idle.borrow_mut();
        let idle = match idle.get_mut(&self.origin) {
            Some(idle) => idle,
            None => idle.entry(self.origin).or_default(),
        };
        if idle.len() < MAX_KEPT && !self.sender.is_closed() {
            idle.push(Idle {
                sender: self.sender,
                since: Instant::now(),
            });
        }
    }
}

impl<B> std::fmt::Debug for Lease<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// Waits for `future` until `limit` has passed without progress.
async fn while_progressing<F: Future>(
    limit: Duration,
    progress: impl Fn() -> u64,
    future: F,
) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    loop {
        let before = progress();
        match timeout(limit, &mut future).await {
            Err(elapsed) if progress() == before => return Err(elapsed),
            Err(_) => {}
            Ok(output) => return Ok(output),
        }
    }
}

/// For each origin and worker: enough for the peaks of a busy one, few enough for its limits.
const MAX_KEPT: usize = 128;

/// Below the 75 s of nginx, so that we close first. Servers that keep less close by themselves, and
/// the next request notices.
const MAX_IDLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

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
        let done = while_progressing(LIMIT, || sent.get(), upload).await;
        assert!(done.is_err());
        assert_eq!(sent.get(), 10);
        assert!(start.elapsed() <= LIMIT * 11);
    }
}
