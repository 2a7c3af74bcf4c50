use std::net::IpAddr;
use std::str::FromStr;

use toml::Spanned;

use super::raw::Table;

/// A network: addresses that begin with the same bits (RFC 4632). An address alone is one, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// What is wrong with a text that shall be a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address, or an address and a number of bits")]
pub struct InvalidNetwork;

impl Network {
    /// Whether an address is one of them. An IPv4 address that an IPv6 socket shows is one of IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let rest = u32::BITS - self.prefix;
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(rest).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let rest = u128::BITS - self.prefix;
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(rest).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let bits = match address {
            IpAddr::V4(_) => u32::BITS,
            IpAddr::V6(_) => u128::BITS,
        };
        let prefix = prefix.map_or(Ok(bits), |prefix| {
            prefix.parse().map_err(|_| InvalidNetwork)
        });
        match prefix? {
            prefix if prefix <= bits => Ok(Self { address, prefix }),
            _ => Err(InvalidNetwork),
        }
    }
}

/// Who may ask for a domain, by the network that they ask from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    allow: Vec<Network>,
    deny: Vec<Network>,
}

impl Access {
    /// Takes `allow` and `deny` out of a domain's table; none if there is neither.
    pub(super) fn read(table: &mut Table<'_, '_>) -> Option<Self> {
        let is_there = table.has("allow") || table.has("deny");
        let (allow, deny) = (networks(table, "allow"), networks(table, "deny"));
        is_there.then_some(Self { allow, deny })
    }

    /// Whether a client may: it is denied nowhere, and allowed somewhere if anybody is.
    pub fn admits(&self, client: IpAddr) -> bool {
        let is_in = |networks: &[Network]| is_in(networks, client);
        !is_in(&self.deny) && (self.allow.is_empty() || is_in(&self.allow))
    }
}

/// Proxies that are believed what they say of their clients, by their networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted(Vec<Network>);

impl Trusted {
    /// Takes `trusted` out of the table of the listeners.
    pub(super) fn read(table: &mut Table<'_, '_>) -> Self {
        Self(networks(table, "trusted"))
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is of one of the networks.
    pub fn contain(&self, address: IpAddr) -> bool {
        is_in(&self.0, address)
    }
}

impl FromIterator<Network> for Trusted {
    fn from_iter<N: IntoIterator<Item = Network>>(networks: N) -> Self {
        Self(networks.into_iter().collect())
    }
}

fn networks(table: &mut Table<'_, '_>, key: &'static str) -> Vec<Network> {
    let texts: Vec<Spanned<String>> = table.strings(key).unwrap_or_default();
    let allowed = "networks like \"192.0.2.0/24\" or \"2001:db8::/32\"";
    let networks = texts
        .iter()
        .filter_map(|text| table.parse(key, allowed, text, |text| text.parse().ok()));
    networks.collect()
}

fn is_in(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|it| it.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_like_it() {
        for (network, address, expected) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.77/24", "192.0.2.1", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "::1", true),
            ("::/0", "192.0.2.1", false),
        ] {
            let contains = network.parse::<Network>().unwrap();
            let contains = contains.contains(address.parse().unwrap());
            assert_eq!(contains, expected, "{address} in {network}");
        }
        for text in [
            "",
            "192.0.2.0/33",
            "192.0.2.0/",
            "::/129",
            "a.test",
            "192.0.2.0/-1",
        ] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text}");
        }
    }

    #[test]
    fn who_is_denied_is_not_allowed() {
        let networks = |texts: &[&str]| texts.iter().map(|it| it.parse().unwrap()).collect();
        let access = |allow, deny| Access {
            allow: networks(allow),
            deny: networks(deny),
        };
        let client = "192.0.2.7".parse().unwrap();
        assert!(access(&[], &[]).admits(client));
        assert!(!access(&[], &["192.0.2.0/24"]).admits(client));
        assert!(access(&["192.0.2.0/24"], &[]).admits(client));
        assert!(!access(&["198.51.100.0/24"], &[]).admits(client));
        assert!(!access(&["192.0.2.0/24"], &["192.0.2.7"]).admits(client));
    }
}
