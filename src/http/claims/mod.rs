//! What a proxy says of the client that it relays a request for: believed where the proxy's network
//! is trusted, dropped from anybody else.

mod chain;
mod forwarded;

use std::net::IpAddr;

use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};

use super::forward::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO};
use super::target::Target;
use crate::config::Trusted;
use chain::Walk;

/// What the fields of a request say of its client.
#[derive(Debug)]
pub struct Claims {
    client: IpAddr,
    https: Option<bool>,
    addresses: String,
    elements: String,
    proto: Option<HeaderValue>,
    host: Option<HeaderValue>,
}

impl Claims {
    /// Reads what a trusted proxy says.
    ///
    /// The client is the rightmost address of X-Forwarded-For that is not trusted; where there is no
    /// such field, of `Forwarded` (RFC 7239). What is no address ends the search: then it is the last
    /// one that was found, the proxy itself at least.
    pub fn of(headers: &HeaderMap, proxy: IpAddr, trusted: &Trusted) -> Self {
        let mut addresses = chain::newest(headers);
        let mut forwarded = forwarded::read(headers).unwrap_or_default();
        let mut proto = proto(headers);
        let walk = match headers.contains_key(X_FORWARDED_FOR) {
            true => Walk::back(proxy, chain::addresses(&addresses), trusted),
            false => {
                let elements = forwarded.elements.iter().rev();
                let walk = Walk::back(proxy, elements.clone().map(|it| it.node), trusted);
                let found = elements.take(walk.hops).next_back();
                proto = proto.or_else(|| found?.https.map(scheme));
                walk
            }
        };
        // Who reads one of the two only shall not take the proxy for the client.
        if walk.hops > 0 && addresses.is_empty() {
            addresses = walk.client.to_string();
        }
        if walk.hops > 0 && forwarded.elements.is_empty() {
            forwarded.text = format!("for={}", node(walk.client));
        }
        Self {
            client: walk.client,
            https: proto.as_ref().map(is_secure),
            addresses,
            elements: forwarded.text,
            proto,
            host: host(headers),
        }
    }

    /// Whom the request is from.
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// Whether the client asked over TLS, where that is said.
    pub fn https(&self) -> Option<bool> {
        self.https
    }

    /// Puts what was said before or in the place of what we say ourselves.
    pub fn complete(&self, headers: &mut HeaderMap) {
        prepend(headers, &X_FORWARDED_FOR, &self.addresses);
        prepend(headers, &FORWARDED, &self.elements);
        let kept = [
            (X_FORWARDED_PROTO, &self.proto),
            (X_FORWARDED_HOST, &self.host),
        ];
        for (name, value) in kept {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }
}

/// An address as `Forwarded` has it (RFC 7239 section 6).
pub(super) fn node(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    }
}

fn prepend(headers: &mut HeaderMap, name: &HeaderName, before: &str) {
    let Some(ours) = headers.get_mut(name).filter(|_| !before.is_empty()) else {
        return;
    };
    let both = [before.as_bytes(), b", ", ours.as_bytes()].concat();
    if let Ok(both) = HeaderValue::from_bytes(&both) {
        *ours = both;
    }
}

/// The one value of a field that may be there once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// A list would leave open which of them counts.
fn proto(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = one(headers, &X_FORWARDED_PROTO)?;
    let known = ["http", "https", "ws", "wss"];
    let is = |known: &&str| value.as_bytes().eq_ignore_ascii_case(known.as_bytes());
    known.iter().any(is).then(|| value.clone())
}

fn is_secure(proto: &HeaderValue) -> bool {
    matches!(proto.as_bytes().last(), Some(b's' | b'S')) && proto.len() != b"ws".len()
}

fn scheme(https: bool) -> HeaderValue {
    HeaderValue::from_static(if https { "https" } else { "http" })
}

fn host(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = one(headers, &X_FORWARDED_HOST)?;
    Target::parse(value.to_str().ok()?).ok()?;
    Some(value.clone())
}

/// As many bytes as are kept of what was there, of each field.
const MOST: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        map
    }

    fn claims(fields: &[(&'static str, &str)]) -> Claims {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        let trusted = trusted.iter().map(|it| it.parse().unwrap()).collect();
        Claims::of(&map(fields), "10.0.0.1".parse().unwrap(), &trusted)
    }

    #[test]
    fn the_client_is_the_rightmost_that_is_not_trusted() {
        let long = format!("{}203.0.113.1", "10.0.0.2, ".repeat(400));
        for (chain, client) in [
            ("", "10.0.0.1"),
            ("203.0.113.1", "203.0.113.1"),
            ("6.6.6.6, 203.0.113.1", "203.0.113.1"),
            ("203.0.113.1, 10.0.0.2", "203.0.113.1"),
            ("6.6.6.6,203.0.113.1 ,\t10.0.0.2,2001:db8::1", "203.0.113.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("203.0.113.1:4711, 10.0.0.2:80", "203.0.113.1"),
            ("[2001:db9::1]:4711, [2001:db8::1]", "2001:db9::1"),
            ("::ffff:203.0.113.1", "203.0.113.1"),
            ("203.0.113.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("203.0.113.1, unknown", "10.0.0.1"),
            ("203.0.113.1;, 10.0.0.2", "10.0.0.2"),
            ("203.0.113.1,, ,10.0.0.2,", "203.0.113.1"),
            (&long, "203.0.113.1"),
        ] {
            let claims = claims(&[("x-forwarded-for", chain)]);
            assert_eq!(claims.client().to_string(), client, "{chain}");
        }
        let several = [
            ("x-forwarded-for", "203.0.113.1"),
            ("x-forwarded-for", "10.0.0.2"),
            ("forwarded", "for=6.6.6.6"),
        ];
        assert_eq!(claims(&several).client().to_string(), "203.0.113.1");
        let unreadable = [("x-forwarded-for", "203.0.113.1, \u{e4}")];
        assert_eq!(claims(&unreadable).client().to_string(), "10.0.0.1");
    }

    #[test]
    fn a_chain_is_walked_back_so_far_and_no_further() {
        let chain = format!("203.0.113.1{}", ", 10.0.0.2".repeat(100));
        let claims = claims(&[("x-forwarded-for", &chain)]);
        assert_eq!(claims.client().to_string(), "10.0.0.2");
    }

    #[test]
    fn forwarded_counts_where_there_is_nothing_else() {
        for (value, client, https) in [
            ("for=203.0.113.1;proto=https", "203.0.113.1", Some(true)),
            (
                "For=\"[2001:db9::1]:80\"; Proto=HTTP",
                "2001:db9::1",
                Some(false),
            ),
            (
                "for=203.0.113.1;proto=https, for=10.0.0.2;proto=http",
                "203.0.113.1",
                Some(true),
            ),
            ("for=203.0.113.1, for=unknown;proto=https", "10.0.0.1", None),
            ("for=203.0.113.1;for=6.6.6.6", "10.0.0.1", None),
            ("for=\"203.0.113.1", "10.0.0.1", None),
        ] {
            let claims = claims(&[("forwarded", value)]);
            assert_eq!(claims.client().to_string(), client, "{value}");
            assert_eq!(claims.https(), https, "{value}");
        }
    }

    #[test]
    fn one_protocol_and_one_host_are_kept() {
        for (fields, https) in [
            (&[("x-forwarded-proto", "https")][..], Some(true)),
            (&[("x-forwarded-proto", "WSS")], Some(true)),
            (&[("x-forwarded-proto", "http")], Some(false)),
            (&[("x-forwarded-proto", "ws")], Some(false)),
            (&[("x-forwarded-proto", "gopher")], None),
            (&[("x-forwarded-proto", "https, http")], None),
            (
                &[
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-proto", "https"),
                ],
                None,
            ),
            (&[], None),
        ] {
            assert_eq!(claims(fields).https(), https, "{fields:?}");
        }
        let host = |value| claims(&[("x-forwarded-host", value)]).host;
        assert_eq!(host("a.test:81").unwrap(), "a.test:81");
        assert!(host("a.test, b.test").is_none() && host("a b").is_none());
    }

    #[test]
    fn what_was_said_stands_before_what_we_say() {
        let ours = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "play.test"),
            ("forwarded", "for=10.0.0.1"),
        ];
        let complete = |fields| {
            let mut headers = map(&ours);
            claims(fields).complete(&mut headers);
            ours.map(|(name, _)| headers[name].to_str().unwrap().to_owned())
        };
        assert_eq!(complete(&[]), ours.map(|(_, value)| value.to_owned()));
        let theirs = [
            ("x-forwarded-for", "203.0.113.1"),
            ("x-forwarded-for", "10.0.0.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "other.test"),
            ("forwarded", "for=203.0.113.1"),
            ("forwarded", "for=10.0.0.2"),
        ];
        let expected = [
            "203.0.113.1, 10.0.0.2, 10.0.0.1",
            "https",
            "other.test",
            "for=203.0.113.1, for=10.0.0.2, for=10.0.0.1",
        ];
        assert_eq!(complete(&theirs), expected);
        let bad = [("x-forwarded-proto", "x"), ("forwarded", "for=\"")];
        assert_eq!(complete(&bad), ours.map(|(_, value)| value.to_owned()));
        // What one of them says is said in the other as well.
        let [chain, _, _, elements] = complete(&[("x-forwarded-for", "2001:db9::1, 10.0.0.2")]);
        assert_eq!(chain, "2001:db9::1, 10.0.0.2, 10.0.0.1");
        assert_eq!(elements, "for=\"[2001:db9::1]\", for=10.0.0.1");
        let [chain, proto, _, _] = complete(&[("forwarded", "for=203.0.113.1;proto=https")]);
        assert_eq!((&*chain, &*proto), ("203.0.113.1, 10.0.0.1", "https"));
    }

    #[test]
    fn the_oldest_is_dropped_of_what_is_too_long() {
        let (chain, elements) = ("6.6.6.6, ".repeat(1000), "for=6.6.6.6,".repeat(1000));
        let fields = [
            ("x-forwarded-for", &*format!("{chain}203.0.113.1")),
            ("forwarded", &*format!("{elements}for=203.0.113.1")),
        ];
        let claims = claims(&fields);
        for (kept, end) in [
            (&claims.addresses, "6.6.6.6, 203.0.113.1"),
            (&claims.elements, "for=6.6.6.6,for=203.0.113.1"),
        ] {
            assert!((MOST - 20..=MOST).contains(&kept.len()), "{}", kept.len());
            assert!(kept.ends_with(end), "{kept}");
            assert!(
                kept.starts_with("6.6.6.6") || kept.starts_with("for=6"),
                "{kept}"
            );
        }
    }
}
