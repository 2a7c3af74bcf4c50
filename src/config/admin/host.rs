use std::net::IpAddr;
use std::str::FromStr;

use crate::domain::Name;

/// A name or an address that the admin listener may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminHost {
    /// A host name.
    Name(Name),
    /// An address.
    Address(IpAddr),
}

/// A text that is neither a host name nor an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a host name nor an address")]
pub struct InvalidAdminHost;

impl FromStr for AdminHost {
    type Err = InvalidAdminHost;

    /// Reads a host as URLs write it: IPv6 addresses with or without brackets.
    fn from_str(text: &str) -> Result<Self, InvalidAdminHost> {
        let inner = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        if let Some(inner) = inner {
            let address = inner.parse().map(IpAddr::V6);
            return address.map(Self::Address).map_err(|_| InvalidAdminHost);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        text.parse().map(Self::Name).map_err(|_| InvalidAdminHost)
    }
}

impl AdminHost {
    /// Whether it can mean nothing but this machine (RFC 6761 section 6.3 for `localhost`).
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name.as_str() == "localhost",
            Self::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_apart() {
        for (text, loopback) in [
            ("LocalHost", true),
            ("localhost.", true),
            ("127.8.9.1", true),
            ("[::1]", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("admin.example.com", false),
            ("localhost.example.com", false),
        ] {
            let host: AdminHost = text.parse().unwrap();
            assert_eq!(host.is_loopback(), loopback, "{text}");
        }
        for text in ["", "a b", "a:80", "[127.0.0.1]", "[::1", "127.1", "0x7f.1"] {
            assert!(text.parse::<AdminHost>().is_err(), "{text}");
        }
    }
}
