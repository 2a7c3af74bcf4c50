//! The header of the PROXY protocol that a connection begins with, where its listener says so.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::{Service, Speaks};
use crate::config::Trusted;
use crate::http::Peer;
use crate::proxy_protocol::{Ends, Header, LONGEST, Malformed, read};
use crate::snapshot::Snapshot;
use crate::telemetry::HeaderFault;

/// Reads whose connection it is that was opened between these ends, and nothing behind that. None
/// when that cannot be told: it is counted and logged then, and the connection is to be closed.
pub(super) async fn announced(
    stream: &mut TcpStream,
    ends: Ends,
    begun: Instant,
    service: &Service,
) -> Option<Peer> {
    let snapshot = service.worker.current.hold();
    let trusted = &snapshot.settings.listeners.trusted;
    let deadline = begun + patience(service, &snapshot);
    match peer(stream, ends, deadline, trusted).await {
        Ok(peer) => Some(peer),
        Err(fault) => {
            refuse(service, fault, ends.source);
            None
        }
    }
}

async fn peer(
    stream: &mut TcpStream,
    ends: Ends,
    deadline: Instant,
    trusted: &Trusted,
) -> Result<Peer, HeaderFault> {
    let is_trusted = trusted.contain(ends.source.ip());
    // This machine itself, which proves its service: it may say that a connection is its own.
    let is_own = ends.source.ip() == ends.destination.ip();
    if !is_trusted && !is_own {
        return Err(HeaderFault::Untrusted);
    }
    let header = timeout_at(deadline, take(stream)).await;
    match header.map_err(|_elapsed| HeaderFault::Timeout)??.ends {
        Some(ends) if is_trusted => Ok(Peer {
            ends,
            is_proxy: trusted.contain(ends.source.ip()),
        }),
        Some(_) => Err(HeaderFault::Untrusted),
        // Whoever it is that was relayed, if anybody was, is not to be believed.
        None => Ok(Peer {
            ends,
            is_proxy: false,
        }),
    }
}

/// What comes is looked at before it is taken off the stream, so that no byte behind the header is.
async fn take(stream: &mut TcpStream) -> Result<Header, HeaderFault> {
    let mut room = [0; LONGEST];
    let mut taken = 0;
    loop {
        let seen = match stream.peek(&mut room[taken..]).await {
            Ok(0) | Err(_) => return Err(HeaderFault::ClientGone),
            Ok(seen) => taken + seen,
        };
        let header = read(&room[..seen])?;
        let end = header.map_or(seen, |header| header.length);
        let read = stream.read_exact(&mut room[taken..end]).await;
        read.map_err(|_| HeaderFault::ClientGone)?;
        if let Some(header) = header {
            return Ok(header);
        }
        taken = end;
    }
}

impl From<Malformed> for HeaderFault {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Missing => Self::Missing,
            Malformed::Invalid => Self::Malformed,
            Malformed::TooLong => Self::TooLong,
        }
    }
}

fn patience(service: &Service, snapshot: &Snapshot) -> Duration {
    let timeouts = &snapshot.settings.timeouts;
    match service.speaks {
        Speaks::Http => timeouts.headers,
        Speaks::Https(_) | Speaks::Tcp(_) => timeouts.handshake,
    }
}

fn refuse(service: &Service, fault: HeaderFault, peer: SocketAddr) {
    let count = service.worker.counters.header_refused(fault);
    let (reason, peer) = (fault.code(), peer.ip().to_canonical());
    match fault {
        // A proxy that was forgotten, or anybody who tries: a line each time that they have doubled.
        HeaderFault::Untrusted if count.is_power_of_two() => {
            tracing::warn!(reason, %peer, count, "PROXY header refused");
        }
        HeaderFault::Untrusted | HeaderFault::ClientGone => {
            tracing::debug!(reason, %peer, "PROXY header refused");
        }
        _ => tracing::info!(reason, %peer, "PROXY header refused"),
    }
}
