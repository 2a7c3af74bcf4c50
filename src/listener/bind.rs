use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}; {hint}", hint = self.hint())]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    #[source]
    pub error: io::Error,
}

impl BindError {
    fn hint(&self) -> &'static str {
        match self.error.kind() {
            io::ErrorKind::AddrInUse => {
                "stop the program that listens there, or choose another port in lockgate.toml"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need the CAP_NET_BIND_SERVICE capability; or choose a port above"
            }
            io::ErrorKind::AddrNotAvailable => "this machine has no such address",
            _ => "choose another address in lockgate.toml",
        }
    }
}

/// Opens one socket for each of `count` workers on the same address; the kernel spreads the
/// connections among them. Port 0 takes a free one, the same for all.
///
/// # Errors
///
/// When the address is in use, not ours or not allowed.
pub fn bind(address: SocketAddr, count: usize) -> Result<Vec<TcpListener>, BindError> {
    let failed = |error| BindError { address, error };
    // Without this, a second process of the same user would silently take half of the connections.
    let probe = open(address, false).map_err(failed)?;
    let address = local_address(&probe).map_err(failed)?;
    drop(probe);
    let sockets = (0..count).map(|_| Ok(open(address, true)?.into()));
    sockets.collect::<io::Result<_>>().map_err(failed)
}

/// Takes sockets that somebody else has bound to an address, for each of `count` workers: where they
/// are fewer, workers share one.
///
/// # Errors
///
/// When the system refuses what a socket needs.
pub fn adopt(
    address: SocketAddr,
    sockets: Vec<OwnedFd>,
    count: usize,
) -> Result<Vec<TcpListener>, BindError> {
    let failed = |error| BindError { address, error };
    let mut adopted: Vec<TcpListener> = Vec::new();
    for socket in sockets {
        let socket = Socket::from(socket);
        socket.set_nonblocking(true).map_err(failed)?;
        set_for_viewers(&socket).map_err(failed)?;
        adopted.push(socket.into());
    }
    let given = adopted.len();
    for index in given..count {
        let shared = adopted[index % given].try_clone().map_err(failed)?;
        adopted.push(shared);
    }
    Ok(adopted)
}

fn open(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        // `0.0.0.0` and `[::]` are configured side by side.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    set_for_viewers(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// What Linux hands on to each accepted connection: no call for it on the way of a handshake.
fn set_for_viewers(socket: &Socket) -> io::Result<()> {
    // Small writes are whole messages here; holding them back would only add delay.
    socket.set_tcp_nodelay(true)?;
    // A client that has vanished is gone after 30 s, whether we write or not.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(15))
        .with_interval(Duration::from_secs(5))
        .with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(VANISHED))?;
    // What a viewer cannot take yet waits at the origin, not in the kernel.
    socket.set_tcp_notsent_lowat(MOST_UNSENT)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    let address = socket.local_addr()?.as_socket();
    address.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// How long the network may keep what we sent from being acknowledged.
const VANISHED: Duration = Duration::from_secs(30);

/// Bytes in the kernel that are not on their way: some milliseconds' worth of the fastest stream, so
/// that the line does not run dry between two turns of ours.
const MOST_UNSENT: u32 = 128 * 1024;

/// The kernel cuts it down to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_workers_listen_on_the_same_port_and_nobody_else_does() {
        let address = "127.0.0.1:0".parse().unwrap();
        let sockets = bind(address, 3).unwrap();
        let taken = sockets[0].local_addr().unwrap();
        assert!(
            sockets
                .iter()
                .all(|socket| socket.local_addr().unwrap() == taken)
        );
        let error = bind(taken, 1).unwrap_err();
        assert_eq!(error.error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains("stop the program"), "{error}");
    }
}
