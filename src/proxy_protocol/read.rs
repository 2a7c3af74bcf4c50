use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::Ends;

/// A header that was found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many bytes it has; the relayed ones begin behind them.
    pub length: usize,
    /// What it tells. None where the connection is the proxy's own (LOCAL), or where it knows no
    /// addresses of the Internet (UNKNOWN, AF_UNSPEC, AF_UNIX): then those of the socket count.
    pub ends: Option<Ends>,
}

/// Why bytes are not the beginning of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// They begin like none.
    Missing,
    /// They begin like one, but are none.
    Invalid,
    /// It is longer than it may be.
    TooLong,
}

/// The longest header that is read, in bytes. The addresses need 232 at most; what follows them
/// (TLVs) is skipped.
pub const LONGEST: usize = 4096;

/// Reads the header that these bytes begin with. None when they may be the beginning of one, but
/// not all of it: then all of them belong to it.
///
/// # Errors
///
/// When no header begins like this.
pub fn read(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    if begins(bytes, SIGNATURE) {
        binary(bytes)
    } else if begins(bytes, PREFIX) {
        text(bytes)
    } else {
        Err(Malformed::Missing)
    }
}

/// Whether one of the two begins with the other.
fn begins(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(one, other)| one == other)
}

/// Version 1, section 2.1.
fn text(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let room = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = room.iter().position(|byte| *byte == b'\n') else {
        return match room.len() {
            LONGEST_LINE => Err(Malformed::TooLong),
            _ => Ok(None),
        };
    };
    let line = room[..end].strip_suffix(b"\r");
    let line = line.and_then(|line| str::from_utf8(line).ok());
    let ends = line.and_then(line_ends).ok_or(Malformed::Invalid)?;
    let length = end + 1;
    Ok(Some(Header { length, ends }))
}

/// What a line tells; none if it is no header.
fn line_ends(line: &str) -> Option<Option<Ends>> {
    if !line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let mut words = line.split(' ').skip(1);
    let ends = match words.next()? {
        // Whatever follows is to be ignored.
        "UNKNOWN" => return Some(None),
        "TCP4" => addresses::<Ipv4Addr>(&mut words)?,
        "TCP6" => addresses::<Ipv6Addr>(&mut words)?,
        _ => return None,
    };
    words.next().is_none().then_some(Some(ends))
}

/// Both addresses, then both ports.
fn addresses<'l, A>(words: &mut impl Iterator<Item = &'l str>) -> Option<Ends>
where
    A: FromStr + Into<IpAddr>,
{
    let mut address = || Some(words.next()?.parse::<A>().ok()?.into());
    let (source, destination) = (address()?, address()?);
    let mut port = || port(words.next()?);
    Some(Ends {
        source: SocketAddr::new(source, port()?),
        destination: SocketAddr::new(destination, port()?),
    })
}

/// A number without a sign or zeros before it.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_number && is_plain)
}

/// Version 2, section 2.2.
fn binary(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(None);
    };
    let [.., command, family, high, low] = *fixed;
    let announced = usize::from(u16::from_be_bytes([high, low]));
    let length = FIXED + announced;
    let least = match (command, family) {
        // The proxy's own connection, a health check say: the rest means nothing.
        (LOCAL, _) | (PROXY, UNSPECIFIED) => 0,
        (PROXY, TCP_V4) => 12,
        (PROXY, TCP_V6) => 36,
        (PROXY, UNIX_STREAM) => 216,
        _ => return Err(Malformed::Invalid),
    };
    if announced < least {
        return Err(Malformed::Invalid);
    }
    if length > LONGEST {
        return Err(Malformed::TooLong);
    }
    let Some(block) = rest.get(..announced) else {
        return Ok(None);
    };
    let ends = match (command, family) {
        (PROXY, TCP_V4) => block_ends::<4>(block),
        (PROXY, TCP_V6) => block_ends::<16>(block),
        _ => None,
    };
    Ok(Some(Header { length, ends }))
}

/// Both addresses, then both ports, in the order of the network.
fn block_ends<const N: usize>(block: &[u8]) -> Option<Ends>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = block.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (ports, _) = rest.split_first_chunk::<4>()?;
    let [high, low, to_high, to_low] = *ports;
    Some(Ends {
        source: SocketAddr::new((*source).into(), u16::from_be_bytes([high, low])),
        destination: SocketAddr::new((*destination).into(), u16::from_be_bytes([to_high, to_low])),
    })
}

/// What a header of version 2 begins with.
pub(super) const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// What a header of version 1 begins with.
const PREFIX: &[u8; 6] = b"PROXY ";

/// The longest header of version 1, with the end of the line.
const LONGEST_LINE: usize = 107;

/// What comes before the addresses of version 2.
const FIXED: usize = 16;

/// Version and command of version 2.
pub(super) const LOCAL: u8 = 0x20;
pub(super) const PROXY: u8 = 0x21;

/// Family and transport. Datagrams come over no listener of ours.
const UNSPECIFIED: u8 = 0x00;
pub(super) const TCP_V4: u8 = 0x11;
pub(super) const TCP_V6: u8 = 0x21;
const UNIX_STREAM: u8 = 0x31;

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(source: &str, destination: &str) -> Option<Ends> {
        Some(Ends {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
        })
    }

    fn binary(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, block].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x01, 0xbb];

    fn v6() -> Vec<u8> {
        let (source, destination): (Ipv6Addr, Ipv6Addr) =
            ("2001:db8::1".parse().unwrap(), "::2".parse().unwrap());
        let ports = [0x30, 0x39, 0x01, 0xbb];
        [&source.octets()[..], &destination.octets(), &ports].concat()
    }

    /// Whole headers, and what they tell.
    fn good() -> Vec<(Vec<u8>, Option<Ends>)> {
        let v4 = ends("192.0.2.1:12345", "198.51.100.2:443");
        let v6_ends = ends("[2001:db8::1]:12345", "[::2]:443");
        let text = |line: &str| line.as_bytes().to_vec();
        let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(107 - 16));
        assert_eq!(longest.len(), LONGEST_LINE);
        vec![
            (text("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n"), v4),
            (text("PROXY TCP6 2001:db8::1 ::2 12345 443\r\n"), v6_ends),
            (
                text("PROXY TCP6 2001:DB8::1 0:0:0:0:0:0:0:2 12345 443\r\n"),
                v6_ends,
            ),
            (
                text("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"),
                ends("0.0.0.0:0", "255.255.255.255:65535"),
            ),
            (text("PROXY UNKNOWN\r\n"), None),
            (text("PROXY UNKNOWN ffff::1 ::1 65535 65535\r\n"), None),
            (text(&longest), None),
            (binary(PROXY, TCP_V4, &V4), v4),
            (binary(PROXY, TCP_V6, &v6()), v6_ends),
            (binary(PROXY, TCP_V4, &[&V4[..], &[4, 0, 0]].concat()), v4),
            (
                binary(PROXY, TCP_V4, &[&V4[..], &[9; LONGEST - 28]].concat()),
                v4,
            ),
            (binary(PROXY, UNIX_STREAM, &[b'/'; 216]), None),
            (binary(PROXY, UNSPECIFIED, &[]), None),
            (binary(LOCAL, UNSPECIFIED, &[]), None),
            (binary(LOCAL, TCP_V4, &V4), None),
            (binary(LOCAL, 0xff, &[1; 7]), None),
        ]
    }

    #[test]
    fn a_whole_header_is_read_to_its_end_and_no_further() {
        for (mut bytes, ends) in good() {
            let length = bytes.len();
            assert_eq!(read(&bytes), Ok(Some(Header { length, ends })), "{bytes:?}");
            bytes.extend_from_slice(b"\r\n\x16PROXY ");
            assert_eq!(read(&bytes), Ok(Some(Header { length, ends })), "{bytes:?}");
        }
    }

    #[test]
    fn one_that_is_cut_off_anywhere_waits_for_the_rest() {
        for (bytes, _) in good() {
            for end in 0..bytes.len() {
                assert_eq!(read(&bytes[..end]), Ok(None), "{:?}", &bytes[..end]);
            }
        }
    }

    #[test]
    fn what_is_no_header() {
        for text in [
            "GET / HTTP/1.1\r\n",
            "\x16\x03\x01",
            "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            " PROXY",
            "\r\n\r\n\0\r\nQUIT\r",
            "PROXYTCP4",
        ] {
            assert_eq!(read(text.as_bytes()), Err(Malformed::Missing), "{text:?}");
        }
        for text in [
            "PROXY \r\n",
            "PROXY TCP4\r\n",
            "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
            "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1\r 2\r\n",
            "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
            "PROXY TCP4 2001:db8::1 ::2 1 2\r\n",
            "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
            "PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n",
            "PROXY UNKNOWNS\r\n",
            "PROXY UNKNOWN \0\r\n",
            "PROXY UNKNOWN \u{e4}\r\n",
        ] {
            assert_eq!(read(text.as_bytes()), Err(Malformed::Invalid), "{text:?}");
        }
        for (command, family, block) in [
            (0x11, TCP_V4, &V4[..]),
            (0x22, TCP_V4, &V4),
            (PROXY, TCP_V4, &V4[..11]),
            (PROXY, TCP_V6, &V4),
            (PROXY, UNIX_STREAM, &V4),
            (PROXY, 0x12, &V4),
            (PROXY, 0x41, &V4),
        ] {
            let bytes = binary(command, family, block);
            assert_eq!(read(&bytes), Err(Malformed::Invalid), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_waited_for() {
        let line = format!("PROXY UNKNOWN {}", "x".repeat(107));
        assert_eq!(read(line.as_bytes()), Err(Malformed::TooLong));
        assert_eq!(read(&line.as_bytes()[..106]), Ok(None));
        let bytes = binary(LOCAL, UNSPECIFIED, &[0; LONGEST - 15]);
        assert_eq!(read(&bytes[..FIXED]), Err(Malformed::TooLong));
    }
}
