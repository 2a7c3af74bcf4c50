use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;

/// A loopback address whose port nobody has, different at each call.
///
/// It lies below the range from which the kernel gives ports to outgoing connections: those of a
/// flood would take it before the proxy does.
pub(crate) fn free() -> anyhow::Result<SocketAddr> {
    let first = process::id().wrapping_mul(7919);
    let is_free = |address: &SocketAddr| TcpListener::bind(address).is_ok();
    let mut candidates = (0..1000).map(|_| {
        let offset = first.wrapping_add(u32::from(GIVEN.fetch_add(1, Ordering::Relaxed)));
        let port = FIRST + (offset % u32::from(COUNT)) as u16;
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    });
    candidates.find(is_free).context("no free port")
}

static GIVEN: AtomicU16 = AtomicU16::new(0);

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;
