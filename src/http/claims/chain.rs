use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

use super::MOST;
use crate::config::Trusted;
use crate::http::forward::X_FORWARDED_FOR;

/// The way back from a proxy to a client.
pub(super) struct Walk {
    /// Where it ended.
    pub(super) client: IpAddr,
    /// How many addresses of the chain it took.
    pub(super) hops: usize,
}

impl Walk {
    /// Goes from a trusted proxy along the addresses that it was told, the newest first, up to the
    /// first that is not trusted.
    pub(super) fn back(
        proxy: IpAddr,
        chain: impl Iterator<Item = Option<IpAddr>>,
        trusted: &Trusted,
    ) -> Self {
        let mut walk = Self {
            client: proxy,
            hops: 0,
        };
        for address in chain.take(MOST_HOPS) {
            let Some(address) = address else {
                break;
            };
            walk.client = address;
            walk.hops += 1;
            if !trusted.contain(address) {
                break;
            }
        }
        walk
    }
}

/// What X-Forwarded-For says, as one list: the newest end of it where it is long, or cannot be read
/// as text.
pub(super) fn newest(headers: &HeaderMap) -> String {
    let (mut values, mut length) = (Vec::new(), 0);
    for value in headers.get_all(X_FORWARDED_FOR).iter().rev() {
        let Ok(text) = value.to_str() else {
            break;
        };
        values.push(text);
        length += text.len();
        if length > MOST {
            break;
        }
    }
    values.reverse();
    let mut list = values.join(", ");
    if let Some(excess @ 1..) = list.len().checked_sub(MOST) {
        let comma = list.as_bytes()[excess - 1..]
            .iter()
            .position(|byte| *byte == b',');
        list.drain(..comma.map_or(list.len(), |comma| excess + comma));
    }
    let kept = list.trim_matches([' ', '\t', ',']);
    match kept.len() == list.len() {
        true => list,
        false => kept.to_owned(),
    }
}

/// The addresses of such a list, the newest first; none for what is no address.
pub(super) fn addresses(list: &str) -> impl Iterator<Item = Option<IpAddr>> {
    let elements = list.rsplit(',').map(|it| it.trim_matches([' ', '\t']));
    elements.filter(|it| !it.is_empty()).map(address)
}

/// An address as proxies write it: some add a port.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let alone = || text.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        Some(inner.parse::<Ipv6Addr>().ok()?.into())
    };
    let address = alone().or_else(with_port).or_else(in_brackets);
    address.map(|it: IpAddr| it.to_canonical())
}

/// No request comes through so many proxies that are all trusted.
const MOST_HOPS: usize = 32;
