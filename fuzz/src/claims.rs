use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};
use lockgate::config::Trusted;
use lockgate::http::{Claims, strip_request};

use crate::fields::parse;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Fields of a request that comes from a trusted proxy, a line each: whom it is from, and what is
/// passed on.
pub fn claims(bytes: &[u8]) {
    let fields = parse(bytes);
    let claims = claims_of(&fields, PROXY);
    let (chain, elements) = (said(&fields, &FOR), said(&fields, &FORWARDED));
    match &chain {
        Some(chain) => {
            if let Some(expected) = client(chain) {
                assert_eq!(claims.client(), expected, "{chain}");
            }
        }
        None => from_elements(&claims, &elements.unwrap_or_default()),
    }
    let passed = rewrite(&fields, &claims);
    once_more(&claims, &passed);
}

fn claims_of(fields: &HeaderMap, proxy: &str) -> Claims {
    let trusted: Trusted = TRUSTED
        .map(|it| it.parse().expect("a network"))
        .into_iter()
        .collect();
    Claims::of(fields, ip(proxy), &trusted)
}

/// All values of a field, where there is one and it is text.
fn said(fields: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values = fields.get_all(name).iter();
    let texts: Vec<_> = values.map(|it| it.to_str().unwrap_or("\u{fffd}")).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// The client of a short chain, found in another way.
fn client(chain: &str) -> Option<IpAddr> {
    if chain.len() > 1500 || chain.contains('\u{fffd}') {
        return None;
    }
    let words = chain.split(',').map(|it| it.trim_matches([' ', '\t']));
    let addresses: Vec<_> = words.filter(|it| !it.is_empty()).map(address).collect();
    if addresses.len() > 30 {
        return None;
    }
    let strange = addresses.iter().rposition(|it| !it.is_some_and(is_trusted));
    // Behind the first that is not trusted, or is no address, all are trusted.
    let found = match strange.map(|place| (place, addresses[place])) {
        Some((_, Some(stranger))) => Some(stranger),
        Some((place, None)) => addresses.get(place + 1).copied().flatten(),
        None => addresses.first().copied().flatten(),
    };
    Some(found.unwrap_or(ip(PROXY)))
}

/// Whoever it is, is named there.
fn from_elements(claims: &Claims, text: &str) {
    let words = text.split([',', ';', '=', '"', ' ', '\t']);
    let mut named = words.filter_map(address);
    let client = claims.client();
    assert!(
        client == ip(PROXY) || named.any(|it| it == client),
        "{text}"
    );
}

/// What the origin gets: as much as is kept, then what we say, and nothing else of the kind.
fn rewrite(fields: &HeaderMap, claims: &Claims) -> HeaderMap {
    let mut stripped = fields.clone();
    strip_request(&mut stripped);
    let mut passed = stripped.clone();
    for (name, value) in OURS {
        let before = passed.insert(name, HeaderValue::from_static(value));
        assert!(before.is_none(), "{before:?}");
    }
    claims.complete(&mut passed);
    let mut rest = passed.clone();
    for (name, ours) in OURS {
        one_value(&passed, &name, ours);
        rest.remove(&name);
    }
    assert_eq!(rest, stripped);
    passed
}

fn one_value(passed: &HeaderMap, name: &HeaderName, ours: &str) {
    let values: Vec<_> = passed.get_all(name).iter().collect();
    let [value] = values[..] else {
        panic!("{name}: {values:?}");
    };
    let value = value.to_str().expect("text alone is kept");
    let before = value.strip_suffix(ours);
    if *name == FOR || *name == FORWARDED {
        let before = before.expect("what we say stands last");
        assert!(before.is_empty() || before.ends_with(", "), "{value}");
        assert!(before.len() <= 2048 + 2, "{}", before.len());
    } else {
        assert!(!value.is_empty() && !value.contains([',', ' ']), "{value}");
    }
}

/// A proxy behind us that trusts us finds the same client, in either field.
fn once_more(claims: &Claims, passed: &HeaderMap) {
    let chain = said(passed, &FOR).unwrap_or_default();
    if chain.len() > 1500 || chain.matches(',').count() > 30 {
        return;
    }
    assert_eq!(
        claims_of(passed, BEHIND).client(),
        claims.client(),
        "{chain}"
    );
}

fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let bare = bare.filter(|it| it.contains(':')).unwrap_or(text);
    let with_port = text.parse::<SocketAddr>().map(|it| it.ip());
    let address: Option<IpAddr> = bare.parse().or(with_port).ok();
    address.map(|it| it.to_canonical())
}

fn is_trusted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[0] == 10,
        IpAddr::V6(address) => address.segments()[..2] == [0x2001, 0xdb8],
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

const TRUSTED: [&str; 2] = ["10.0.0.0/8", "2001:db8::/32"];

const PROXY: &str = "10.0.0.1";

/// A proxy behind us.
const BEHIND: &str = "10.0.0.9";

const OURS: [(HeaderName, &str); 4] = [
    (FOR, PROXY),
    (PROTO, "http"),
    (HOST, "play.example.test"),
    (FORWARDED, "for=10.0.0.1;proto=http"),
];
