use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An https listener, as somebody has to know it who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// Where it is.
    pub address: SocketAddr,
    /// Whether a connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

impl Entrance {
    /// The same at an address that can be connected to: one on all addresses is there on each.
    pub(super) fn reachable(&self) -> Self {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Self {
            address: SocketAddr::new(ip, self.address.port()),
            ..*self
        }
    }
}

/// One whose connections begin with a handshake.
impl From<SocketAddr> for Entrance {
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            proxy_protocol: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_over_loopback() {
        for (listener, expected) in [
            ("0.0.0.0:443", "127.0.0.1:443"),
            ("[::]:443", "[::1]:443"),
            ("192.0.2.1:443", "192.0.2.1:443"),
        ] {
            let entrance: SocketAddr = listener.parse().unwrap();
            let reached = Entrance::from(entrance).reachable();
            assert_eq!(reached.address, expected.parse().unwrap());
        }
    }
}
