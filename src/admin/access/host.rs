use http::header::HOST;

use super::decision::Asked;
use super::peer::Peer;
use crate::config::AdminHost;

/// A host and the port beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    pub(super) host: AdminHost,
    pub(super) port: Option<u16>,
}

impl HostPort {
    /// Reads `HOST` or `HOST:PORT` (RFC 9110 section 7.2).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            // A colon inside of brackets is the address's own.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        if host.contains(':') && !host.starts_with('[') {
            return None;
        }
        Some(Self {
            host: host.parse().ok()?,
            port: match port {
                None | Some("") => None,
                Some(port) => Some(port.parse().ok()?),
            },
        })
    }
}

/// What a request calls us. None when it does not say, or says two things.
pub(super) fn named(asked: &Asked<'_>) -> Option<HostPort> {
    let mut values = asked.headers.get_all(HOST).iter();
    let value = values.next()?;
    match values.next() {
        Some(_) => None,
        None => HostPort::parse(value.to_str().ok()?),
    }
}

/// Whether a request calls us by a name that is ours. A web page whose name was made to lead here
/// (DNS rebinding) calls us by its own.
///
/// An address is ours if the connection was made to it: no page can have come from there unless we
/// served it.
pub(super) fn is_ours(asked: &Asked<'_>, peer: &Peer, hosts: &[AdminHost]) -> bool {
    if peer.is_unix() {
        return true;
    }
    let is_known = |named: HostPort| {
        let is_local = matches!(&named.host, AdminHost::Address(address)
            if peer.local.map(|it| it.to_canonical()) == Some(address.to_canonical()));
        is_local || named.host.is_loopback() || hosts.contains(&named.host)
    };
    // Of a target in absolute form, its host counts as well (RFC 9112 section 3.2.2).
    let target = asked.authority;
    let target_is_known = target.is_none_or(|target| HostPort::parse(target).is_some_and(is_known));
    target_is_known && named(asked).is_some_and(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_with_and_without_ports() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("LOCALHOST:9180", "localhost", Some(9180)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("[::1]", "::1", None),
            ("[::1]:9180", "::1", Some(9180)),
            ("a.example.com:", "a.example.com", None),
        ] {
            let parsed = HostPort::parse(text).unwrap();
            assert_eq!(parsed.host, host.parse().unwrap(), "{text}");
            assert_eq!(parsed.port, port, "{text}");
        }
        for text in [
            "", ":80", "::1", "a:b", "a:65536", "a b", "u@a", "[::1]x", "a:1:2",
        ] {
            assert_eq!(HostPort::parse(text), None, "{text}");
        }
    }
}
