//! A connection on a tcp listener: its bytes, whatever they mean, go to an origin of its domain, and
//! those of the origin come back.
//!
//! TLS ends here as on an https listener. From there on each direction ends by itself: close_notify
//! becomes FIN, FIN becomes close_notify. What is cut ends without one, so that nobody takes a part
//! for the whole.

mod account;
mod carry;
mod direction;

use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use account::{Relay, RelayGuard};
use carry::carry;

use crate::config::ListenerName;
use crate::http::{Activity, Served, Worker};
use crate::origin::{Dialed, Dialer, Failed};
use crate::proxy_protocol::Ends;

/// What a relay has to know of its connection.
#[derive(Debug)]
pub struct Arrived<'c> {
    /// The worker that serves it.
    pub worker: &'c Rc<Worker>,
    /// What the connection is doing.
    pub activity: &'c Rc<Activity>,
    /// The client's address, and the one that it connected to.
    pub ends: Ends,
    /// The listener that it came to.
    pub listener: &'c ListenerName,
}

/// Passes a connection on to an origin of its domain, until both directions have ended.
pub async fn run<S>(arrived: Arrived<'_>, served: Served, mut client: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let dialer = &arrived.worker.dialer;
    let relay = RelayGuard::begin(&arrived, served);
    let dialed = match relay.is_one_too_many() {
        true => None,
        // Boxed, since it is short and would make the future of every relay larger.
        false => relay.dialed(Box::pin(dial(&relay, dialer)).await),
    };
    match dialed {
        Some(mut origin) => {
            let ways = [relay.down(), relay.up()];
            relay.set_outcome(carry(ways, &mut client, &mut origin.stream).await);
        }
        // It may be gone already, or take nothing any more.
        None => drop(timeout(FAREWELL, client.shutdown()).await),
    }
}

async fn dial(relay: &Relay, dialer: &Dialer) -> Result<Dialed, Failed> {
    match relay.origins() {
        Some(group) => {
            let (limit, header) = (relay.timeouts().connect, relay.header());
            dialer.dial(group, limit, header.as_deref()).await
        }
        None => Err(Failed::default()),
    }
}

/// How long a client has to take the news that it is over.
const FAREWELL: Duration = Duration::from_secs(5);
