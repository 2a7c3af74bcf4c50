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
pub struct Pool<B> {
    connector: Connector,
    endpoints: RefCell<HashMap<OriginUrl, Rc<Endpoint<B>>>>,
    turn: Cell<u64>,
}

/// The kept connections to one endpoint.
struct Endpoint<B> {
    idle: RefCell<Vec<Idle<B>>>,
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
        Self {
            connector,
            endpoints: RefCell::default(),
            turn: Cell::new(0),
        }
    }

    /// Sends a request to one of a domain's endpoints, each in its turn, and waits for the
    /// response's headers.
    ///
    /// As long as nothing of the request was sent, it stays in `unsent`, and the next endpoint is
    /// asked. `progress` counts what went out of the request's body: an upload may take as long as
    /// it goes on.
    ///
    /// # Errors
    ///
    /// When no endpoint gave a response; the failure of the last one that was asked.
    pub async fn send(
        &self,
        origins: &[OriginUrl],
        unsent: &mut Option<Request<B>>,
        deadlines: Deadlines,
        progress: impl Fn() -> u64,
    ) -> Result<(Response<Incoming>, Lease<B>), Failed> {
        let turn = self.next_turn();
        let mut step = 0;
        loop {
            let index = turn.wrapping_add(step) % origins.len().max(1);
            let sent = self.send_to(origins, index, unsent, deadlines, &progress);
            let error = match sent.await {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            step += 1;
            if unsent.is_none() || step >= origins.len() {
                return Err(Failed { index, error });
            }
        }
    }

    /// A kept connection may have been closed by the origin in the same moment: hyper gives the
    /// request back unsent, and it goes out on another one.
    async fn send_to(
        &self,
        origins: &[OriginUrl],
        index: usize,
        unsent: &mut Option<Request<B>>,
        deadlines: Deadlines,
        progress: impl Fn() -> u64,
    ) -> Result<(Response<Incoming>, Lease<B>), Error> {
        let origin = origins.get(index).ok_or(Error::NoEndpoint)?;
        let endpoint = self.endpoint(origin);
        loop {
            let kept = endpoint.take().await;
            let fresh = kept.is_none();
            let mut sender = match kept {
                Some(sender) => sender,
                // Boxed, since it is rare and would make the future of every request larger.
                None => Box::pin(self.connect(origin, deadlines.connect)).await?,
            };
            let request = unsent.take().ok_or(Error::NoEndpoint)?;
            let response = sender.try_send_request(request);
            let response = while_progressing(deadlines.first_byte, &progress, response).await;
            match response.map_err(|_elapsed| Error::FirstByteTimeout)? {
                Ok(response) => {
                    let lease = Lease {
                        endpoint,
                        index,
                        sender,
                    };
                    return Ok((response, lease));
                }
                Err(mut failed) => {
                    *unsent = failed.take_message();
                    if fresh || unsent.is_none() {
                        return Err(Error::Http(failed.into_error()));
                    }
                }
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

    fn endpoint(&self, origin: &OriginUrl) -> Rc<Endpoint<B>> {
        let mut endpoints = self.endpoints.borrow_mut();
        if let Some(endpoint) = endpoints.get(origin) {
            return Rc::clone(endpoint);
        }
        let endpoint = Rc::new(Endpoint {
            idle: RefCell::default(),
        });
        endpoints.insert(origin.clone(), Rc::clone(&endpoint));
        endpoint
    }

    async fn connect(&self, origin: &OriginUrl, limit: Duration) -> Result<SendRequest<B>, Error> {
        let connect = self.connector.connect(origin);
        let sender = timeout(limit, connect).await;
        sender.map_err(|_elapsed| Error::ConnectTimeout)?
    }

    /// Drops connections that were closed, or idle for longer than origins keep them open, and
    /// endpoints that nobody uses any more.
    pub fn sweep(&self, now: Instant) {
        self.endpoints.borrow_mut().retain(|_, endpoint| {
            let mut idle = endpoint.idle.borrow_mut();
            idle.retain(|idle| !idle.sender.is_closed() && now - idle.since < MAX_IDLE);
            !idle.is_empty() || Rc::strong_count(endpoint) > 1
        });
    }
}

impl<B> Endpoint<B> {
    /// A kept connection that is ready for a request.
    async fn take(&self) -> Option<SendRequest<B>>
    where
        B: 'static,
    {
        loop {
            let sender = self.idle.borrow_mut().pop()?.sender;
            if !sender.is_ready() && !sender.is_closed() {
                // It may not have seen yet that its last response is over: that takes one turn of
                // its own task. One that is busy with the rest of a request by then is of no use.
                yield_now().await;
            }
            if sender.is_ready() {
                return Some(sender);
            }
        }
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
    endpoint: Rc<Endpoint<B>>,
    index: usize,
    sender: SendRequest<B>,
}

impl<B> Lease<B> {
    /// The endpoint's place among the domain's origins.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Gives the connection back: the response was read to its end.
    pub fn give_back(self) {
        let mut idle = self.endpoint.idle.borrow_mut();
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
