use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::read::{LOCAL, PROXY, SIGNATURE, TCP_V4, TCP_V6};
use super::{Ends, Version};

impl Version {
    /// The header of a connection that is relayed for somebody. Where the ends are of two families,
    /// the one of IPv4 is written as one of IPv6.
    pub fn relayed(self, ends: Ends) -> Vec<u8> {
        let ends = of_one_family(ends);
        match self {
            Self::V1 => line(ends),
            Self::V2 => binary(ends),
        }
    }

    /// The header of a connection of our own.
    pub fn own(self) -> Vec<u8> {
        match self {
            Self::V1 => b"PROXY UNKNOWN\r\n".to_vec(),
            Self::V2 => [&SIGNATURE[..], &[LOCAL, 0, 0, 0]].concat(),
        }
    }
}

fn line(ends: Ends) -> Vec<u8> {
    let family = if ends.source.is_ipv4() {
        "TCP4"
    } else {
        "TCP6"
    };
    let (source, destination) = (ends.source.ip(), ends.destination.ip());
    let (port, to_port) = (ends.source.port(), ends.destination.port());
    format!("PROXY {family} {source} {destination} {port} {to_port}\r\n").into_bytes()
}

fn binary(ends: Ends) -> Vec<u8> {
    let (family, mut addresses) = match (ends.source.ip(), ends.destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            (TCP_V4, [source.octets(), destination.octets()].concat())
        }
        (source, destination) => {
            let octets = [v6(source).octets(), v6(destination).octets()];
            (TCP_V6, octets.concat())
        }
    };
    for end in [ends.source, ends.destination] {
        addresses.extend_from_slice(&end.port().to_be_bytes());
    }
    let length = u16::try_from(addresses.len()).unwrap_or_default();
    let length = length.to_be_bytes();
    [&SIGNATURE[..], &[PROXY, family], &length, &addresses].concat()
}

fn of_one_family(ends: Ends) -> Ends {
    let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    let (source, destination) = (canonical(ends.source), canonical(ends.destination));
    let of_v6 = |end: SocketAddr| SocketAddr::new(v6(end.ip()).into(), end.port());
    match source.is_ipv4() == destination.is_ipv4() {
        true => Ends {
            source,
            destination,
        },
        false => Ends {
            source: of_v6(source),
            destination: of_v6(destination),
        },
    }
}

fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Header, read};
    use super::*;

    fn ends(source: &str, destination: &str) -> Ends {
        Ends {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (v4, v6) = ("192.0.2.1:12345", "[2001:db8::1]:443");
        let cases = [
            (ends(v4, "198.51.100.2:80"), ends(v4, "198.51.100.2:80")),
            (ends(v6, "[::1]:80"), ends(v6, "[::1]:80")),
            (ends(v4, v6), ends("[::ffff:192.0.2.1]:12345", v6)),
            (ends(v6, v4), ends(v6, "[::ffff:192.0.2.1]:12345")),
            (
                ends("[::ffff:192.0.2.1]:12345", "10.0.0.1:1"),
                ends(v4, "10.0.0.1:1"),
            ),
        ];
        for (written, expected) in cases {
            for version in [Version::V1, Version::V2] {
                let bytes = version.relayed(written);
                let (length, ends) = (bytes.len(), Some(expected));
                assert_eq!(read(&bytes), Ok(Some(Header { length, ends })), "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_connection_of_our_own_tells_nothing() {
        for version in [Version::V1, Version::V2] {
            let bytes = version.own();
            let length = bytes.len();
            assert_eq!(read(&bytes), Ok(Some(Header { length, ends: None })));
        }
    }

    #[test]
    fn the_text_is_that_of_the_specification() {
        let ends = ends("192.0.2.1:12345", "198.51.100.2:443");
        let line = b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n";
        assert_eq!(Version::V1.relayed(ends), line);
    }
}
