use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who is at the other end of a connection, and how it came about.
#[derive(Clone, Copy, Debug)]
pub(in crate::admin) struct Peer {
    /// Where it comes from. None over a unix socket.
    pub(in crate::admin) address: Option<IpAddr>,
    /// The address of ours that it connected to. None over a unix socket.
    pub(in crate::admin) local: Option<IpAddr>,
    /// Whether it speaks TLS.
    pub(in crate::admin) tls: bool,
}

impl Peer {
    /// Who it counts as.
    pub(super) fn who(&self) -> Who {
        Who::of(self.address)
    }

    /// Where it comes from, for the audit log.
    pub(in crate::admin) fn name(&self) -> String {
        let address = self.address.map(|address| address.to_canonical());
        address.map_or_else(|| "unix".to_owned(), |address| address.to_string())
    }

    /// Whether it came over a unix socket, which no web page can.
    pub(super) fn is_unix(&self) -> bool {
        self.address.is_none()
    }
}

/// All that one attacker can be expected to have: an address, or a network of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Whoever may open the unix socket.
    Unix,
    /// An address; all of loopback is one.
    Address(Ipv4Addr),
    /// The first 64 bits: one machine may take any address below them.
    Network(Ipv6Addr),
}

impl Who {
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unix,
            Some(address) if address.is_loopback() => Self::Address(Ipv4Addr::LOCALHOST),
            Some(IpAddr::V4(address)) => Self::Address(address),
            Some(IpAddr::V6(address)) => {
                Self::Network(Ipv6Addr::from_bits(address.to_bits() & NETWORK))
            }
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix => f.write_str("unix"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Network(network) => write!(f, "{network}/64"),
        }
    }
}

const NETWORK: u128 = u128::MAX << 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_one_is_one() {
        for (address, expected) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.9.9.9", "127.0.0.1"),
            ("::1", "127.0.0.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ] {
            let who = Who::of(address.parse().ok());
            assert_eq!(who.to_string(), expected, "{address}");
        }
        assert_eq!(Who::of(None).to_string(), "unix");
    }
}
