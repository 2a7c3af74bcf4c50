use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::body::Body;
use super::choice::Choice;
use super::connect::Connector;
use super::endpoint::Endpoint;
use super::error::Error;
use super::http1::{Answer, Connection, Room};
use super::http2::{self, Seat};
use super::lease::{Kept, Lease};
use super::origins::Group;
use super::outgoing::Outgoing;
use super::upload::Upload;
use crate::turns::Turns;

/// The connections of one worker to all origins: kept while idle, the freshest used first.
pub struct Pool {
    connector: Connector,
    /// By the endpoint's number.
    kept: RefCell<HashMap<u64, Rc<Kept>>>,
    room: Rc<Room>,
    /// To begin a connection takes the kernel as long as to carry some hundred kilobytes.
    turns: Turns,
    turn: Cell<u64>,
}

impl Pool {
    /// An empty pool.
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            kept: RefCell::default(),
            room: Rc::default(),
            turns: Turns::default(),
            turn: Cell::new(0),
        }
    }

    /// Sends a request to one of the endpoints, and waits for the response's headers.
    ///
    /// As long as nothing of the request was sent, the next endpoint is asked. One that may be done
    /// twice is asked once more when its connection ended before a byte of the response: on a fresh
    /// connection if it was a kept one, else at the next endpoint. After the first byte, nothing is.
    ///
    /// A connection that begins with a `header` (of the PROXY protocol) belongs to one client: it is
    /// a fresh one, and not kept.
    ///
    /// # Errors
    ///
    /// When no endpoint gave a response; the failure of the last one that was asked.
    pub async fn send<B>(
        &self,
        group: &Group,
        request: Request<B>,
        deadlines: Deadlines,
        header: Option<&[u8]>,
    ) -> Result<Response<Body<B>>, Failed>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let mut choice = Choice::new(group, self.next_turn(), request.uri().path());
        let mut request = Outgoing::new(request, &self.room);
        let mut failed = Failed::default();
        let mut again = None;
        while let Some((index, endpoint)) = choice.next() {
            let Some(mut lease) = Lease::begin(self.kept(endpoint), index, group.limits) else {
                failed.full(index);
                continue;
            };
            if let Some(before) = again.take() {
                request.repeat();
                Endpoint::asked_again(before);
            }
            lease.is_for_one = header.is_some();
            let sent = match endpoint.url().is_http2() {
                true => Box::pin(self.send_on_http2(&lease, &mut request, deadlines, header))
                    .await
                    .map(Answered::Http2),
                false => self
                    .send_on(&mut lease, &mut request, deadlines, header)
                    .await
                    .map(Answered::Http1),
            };
            match sent {
                Ok(answered) => {
                    endpoint.succeeded();
                    return Ok(answered.response(lease, request.into_upload(&self.room)));
                }
                Err(error) => {
                    endpoint.failed(&error);
                    again = may_repeat(&request, &error).then_some(endpoint);
                    failed = Failed { index, error };
                    if again.is_none() && !request.is_unsent() {
                        break;
                    }
                }
            }
        }
        Err(failed)
    }

    /// A kept connection may have been closed by the origin in the same moment.
    async fn send_on<B>(
        &self,
        lease: &mut Lease,
        request: &mut Outgoing<B>,
        deadlines: Deadlines,
        header: Option<&[u8]>,
    ) -> Result<(Answer, Bytes), Error>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        while header.is_none()
            && let Some(kept) = lease.kept.take()
        {
            match ask(lease.connection.insert(kept), request, deadlines).await {
                Err(Error::Broke(_)) if request.is_unsent() => {}
                Err(error) if may_repeat(request, &error) => {
                    request.repeat();
                    lease.kept.endpoint.asked_again();
                    break;
                }
                answer => return answer,
            }
        }
        let connect = self.connector.connect(lease.kept.endpoint.url(), header);
        // Boxed, since it is rare and would make the future of every request larger.
        let connect = Box::pin(self.turns.first(connect));
        let stream = timeout(deadlines.connect, connect).await;
        let stream = stream.map_err(|_elapsed| Error::ConnectTimeout)??;
        let fresh = Connection::new(stream, Rc::clone(&self.room));
        ask(lease.connection.insert(fresh), request, deadlines).await
    }

    /// A shared connection may go away in the same moment, or have less room than we know of: then
    /// another one is asked, once.
    async fn send_on_http2<B>(
        &self,
        lease: &Lease,
        request: &mut Outgoing<B>,
        deadlines: Deadlines,
        header: Option<&[u8]>,
    ) -> Result<(http2::Answer, http2::Stream), Error>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        if request.is_upgrade() {
            return Err(Error::WebSocket);
        }
        if header.is_none()
            && let Some(seat) = lease.kept.http2.take()
        {
            match ask_http2(seat, request, deadlines).await {
                Err(Error::Broke(_) | Error::Refused) if request.is_unsent() => {}
                Err(error) if may_repeat(request, &error) => {
                    request.repeat();
                    lease.kept.endpoint.asked_again();
                }
                answer => return answer,
            }
        }
        let seat = Box::pin(self.seat(&lease.kept, header));
        let seat = timeout(deadlines.connect, seat).await;
        let seat = seat.map_err(|_elapsed| Error::ConnectTimeout)??;
        ask_http2(seat, request, deadlines).await
    }

    /// A place on a connection that another request has opened meanwhile, or on a fresh one.
    async fn seat(&self, kept: &Kept, header: Option<&[u8]>) -> Result<Seat, Error> {
        let url = kept.endpoint.url();
        if header.is_some() {
            let stream = self.connector.connect(url, header).await?;
            return Ok(Seat::on(http2::Connection::begin(stream).await?));
        }
        let _turn = kept.http2.turn().await;
        if let Some(seat) = kept.http2.take() {
            return Ok(seat);
        }
        let stream = self.connector.connect(url, None).await?;
        let connection = http2::Connection::begin(stream).await?;
        Ok(kept.http2.add(connection))
    }

    /// Where to begin among a domain's endpoints. All domains share the count, and the multiplier
    /// (2^64 by the golden ratio) spreads it evenly for each of them, whatever rhythm they ask in.
    fn next_turn(&self) -> usize {
        let turn = self.turn.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.turn.set(turn);
        usize::try_from(turn >> 33).unwrap_or_default()
    }

    fn kept(&self, endpoint: &Arc<Endpoint>) -> Rc<Kept> {
        let mut kept = self.kept.borrow_mut();
        let kept = kept.entry(endpoint.number());
        let kept = kept.or_insert_with(|| Rc::new(Kept::new(Arc::clone(endpoint))));
        Rc::clone(kept)
    }

    /// Drops connections that were closed, or idle for longer than origins keep them open, and
    /// endpoints that nobody uses any more.
    pub fn sweep(&self, now: Instant) {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|_, kept| kept.sweep(now) > 0 || Rc::strong_count(kept) > 1);
    }
}

impl std::fmt::Debug for Pool {
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
    pub(super) fn full(&mut self, index: usize) {
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

/// What an endpoint has answered, and what the rest of it is read from.
enum Answered {
    Http1((Answer, Bytes)),
    Http2((http2::Answer, http2::Stream)),
}

impl Answered {
    fn response<B>(self, lease: Lease, upload: Option<Box<Upload<B>>>) -> Response<Body<B>>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        match self {
            Self::Http1((answer, rest)) => {
                let body = Body::new(lease, &answer, rest, upload);
                answer.head.map(|()| body)
            }
            Self::Http2((answer, stream)) => {
                let body = Body::over_http2(lease, &answer, stream, upload);
                answer.head.map(|()| body)
            }
        }
    }
}

/// Whether a request that was sent, but not answered, may be sent once more.
fn may_repeat<B>(request: &Outgoing<B>, error: &Error) -> bool
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    matches!(error, Error::Broke(_)) && request.may_repeat()
}

async fn ask<B>(
    connection: &mut Connection,
    request: &mut Outgoing<B>,
    deadlines: Deadlines,
) -> Result<(Answer, Bytes), Error>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let sent = Cell::new(0);
    let asking = connection.ask(request, &sent);
    let answer = while_progressing(deadlines.first_byte, &sent, asking).await;
    answer.map_err(|_elapsed| too_late(request))?
}

async fn ask_http2<B>(
    seat: Seat,
    request: &mut Outgoing<B>,
    deadlines: Deadlines,
) -> Result<(http2::Answer, http2::Stream), Error>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let sent = Cell::new(0);
    let asking = seat.ask(request, &sent);
    let answer = while_progressing(deadlines.first_byte, &sent, asking).await;
    answer.map_err(|_elapsed| too_late(request))?
}

/// No client's silence speaks against an endpoint.
fn too_late<B>(request: &Outgoing<B>) -> Error
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    match request.awaits_client() {
        true => Error::UploadStalled,
        false => Error::FirstByteTimeout,
    }
}

/// Waits for `future` until `limit` has passed without progress.
async fn while_progressing<F: Future>(
    limit: Duration,
    progress: &Cell<usize>,
    future: F,
) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    loop {
        let before = progress.get();
        match timeout(limit, &mut future).await {
            Err(elapsed) if progress.get() == before => return Err(elapsed),
            Err(_) => {}
            Ok(output) => return Ok(output),
        }
    }
}

#[cfg(test)]
mod tests {
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
        let done = while_progressing(LIMIT, &sent, upload).await;
        assert!(done.is_err());
        assert_eq!(sent.get(), 10);
        assert!(start.elapsed() <= LIMIT * 11);
    }
}
