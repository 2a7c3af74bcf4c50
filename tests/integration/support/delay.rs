//! A long way between two ends: what goes in comes out later, and as much as goes in.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::apart::Apart;

/// A relay of TCP connections, on a thread of its own. What TCP itself makes of a long way it does
/// not show: that is the same for all that goes over it.
pub(crate) struct DelayLine {
    address: SocketAddr,
    _relaying: Apart<()>,
}

impl DelayLine {
    /// A way to an address that takes so long in each direction.
    pub(crate) async fn to(address: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port").into_std();
        let listener = listener.expect("a socket leaves its runtime");
        let own = listener.local_addr().expect("an address");
        Self {
            address: own,
            _relaying: Apart::run(relay(listener, address, delay)),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn relay(listener: std::net::TcpListener, to: SocketAddr, delay: Duration) {
    let listener = TcpListener::from_std(listener).expect("a runtime takes a socket");
    let mut ways = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let far = TcpStream::connect(to).await.expect("somebody is there");
        for stream in [&near, &far] {
            stream.set_nodelay(true).expect("a socket takes the option");
        }
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        for (from, to) in [(near_in, far_out), (far_in, near_out)] {
            let (sender, receiver) = channel(UNDER_WAY);
            ways.spawn(enter(from, sender, delay));
            ways.spawn(leave(to, receiver));
        }
    }
}

async fn enter(mut from: OwnedReadHalf, way: Sender<(Instant, Bytes)>, delay: Duration) {
    let mut buffer = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let piece = Bytes::copy_from_slice(&buffer[..length]);
        if way.send((Instant::now() + delay, piece)).await.is_err() {
            return;
        }
    }
}

async fn leave(mut to: OwnedWriteHalf, mut way: Receiver<(Instant, Bytes)>) {
    while let Some((moment, piece)) = way.recv().await {
        sleep_until(moment).await;
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}

const PIECE: usize = 64 * 1024;

/// Pieces: far more than any of the tests has under way.
const UNDER_WAY: usize = 4096;
