//! The rules for headers on their way through: what belongs to one connection ends here, and what
//! says who the client is comes from us alone.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderName, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Version};

use super::failure::BadRequest;
use super::{names, scan};

/// Takes out of a request what ends at this hop (RFC 9110 section 7.6.1), and every claim about
/// the client.
pub fn strip_request(headers: &mut HeaderMap) {
    strip_named_by_connection(headers);
    strip(headers, names::ends_in_request);
}

/// Takes out of a response what ends at this hop, and what would bind browsers to HTTPS: that is
/// for this proxy's operator to say.
pub fn strip_response(headers: &mut HeaderMap) {
    strip_named_by_connection(headers);
    strip(headers, names::ends_in_response);
}

fn strip(headers: &mut HeaderMap, doomed: impl Fn(&HeaderName) -> bool) {
    // Most messages hold none of them, so look before anything is collected.
    while let Some(name) = headers.keys().find(|name| doomed(name)).cloned() {
        headers.remove(name);
    }
}

fn strip_named_by_connection(headers: &mut HeaderMap) {
    if !headers.contains_key(CONNECTION) {
        return;
    }
    let named: Vec<HeaderName> = tokens(headers, &CONNECTION)
        .filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok())
        // What the message cannot do without is not for a client to take away.
        .filter(|name| *name != HOST && *name != CONTENT_LENGTH)
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// The elements of a header that is a list of tokens.
pub(super) fn tokens<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let tokens = texts.flat_map(|text| text.split(',').map(str::trim));
    tokens.filter(|token| !token.is_empty())
}

/// Checks that a request's length can be read in one way only (RFC 9112 section 6), and says
/// whether it gave a length.
///
/// hyper has decoded the body by now, but it lets pass what an origin may read otherwise.
pub(super) fn check_framing(headers: &HeaderMap, version: Version) -> Result<bool, BadRequest> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let has_length = lengths.next().is_some();
    if lengths.next().is_some() {
        return Err(BadRequest::Framing);
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(has_length);
    };
    let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    if chunked && !has_length && version == Version::HTTP_11 {
        Ok(false)
    } else {
        Err(BadRequest::Framing)
    }
}

/// Whether a client waits to hear that its body is wanted (RFC 9110 section 10.1.1).
pub(super) fn expects_continue(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(EXPECT).iter();
    values.any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Whether a client says that it sends no other request on its connection.
pub(super) fn asks_to_close(headers: &HeaderMap) -> bool {
    tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case("close"))
}

/// Asks the endpoint whether it wants the body.
pub(super) fn set_expectation(headers: &mut HeaderMap) {
    headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
}

/// Whether the connection of a request may change to WebSocket, as far as its bytes tell.
pub(super) fn names_websocket(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(UPGRADE).iter();
    values.any(|value| scan::names_websocket(value.as_bytes()))
}

/// Joins the cookie crumbs of HTTP/2 (RFC 9113 section 8.2.3).
pub fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Whether a request asks for a WebSocket (RFC 6455 section 4.1).
pub(super) fn asks_for_websocket(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    method == Method::GET
        && version == Version::HTTP_11
        && tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"))
        && is_websocket(headers)
}

/// Whether `Upgrade` names WebSocket and nothing else.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    let mut protocols = tokens(headers, &UPGRADE);
    protocols
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("websocket"))
        && protocols.next().is_none()
}

/// Asks for, or confirms, the change to WebSocket.
pub(super) fn set_websocket(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Our own step in `Via` (RFC 9110 section 7.6.3), by the version that the message came in.
pub(super) fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 lockgate",
        Version::HTTP_2 => "2.0 lockgate",
        _ => "1.1 lockgate",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, value.parse().unwrap());
        }
        map
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_ends_at_this_hop() {
        let mut headers = map(&[
            ("host", "a.com"),
            ("connection", "close, X-Private, host"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("trailer", "x-forwarded-for"),
            ("proxy-authorization", "x"),
            ("expect", "100-continue"),
            ("accept", "*/*"),
        ]);
        strip_request(&mut headers);
        assert_eq!(names(&headers), ["accept", "host"]);
    }

    #[test]
    fn no_claim_of_a_client_comes_through() {
        let mut headers = map(&[
            ("x-forwarded-for", "1.2.3.4"),
            ("x_forwarded_for", "1.2.3.4"),
            ("x-forwarded_proto", "https"),
            ("x-forwarded-anything", "x"),
            ("x-real-ip", "1.2.3.4"),
            ("x_real_ip", "1.2.3.4"),
            ("forwarded", "for=1.2.3.4"),
            ("via", "1.1 other"),
            ("client-cert", ":AA==:"),
            ("client_cert", ":AA==:"),
            ("client-cert-chain", ":AA==:"),
            ("client_cert-chain", ":AA==:"),
            ("client-certs", "kept"),
            ("x-real-ipx", "kept"),
            ("x-forward", "kept"),
        ]);
        strip_request(&mut headers);
        assert_eq!(names(&headers), ["client-certs", "x-forward", "x-real-ipx"]);
    }

    #[test]
    fn what_would_stick_to_a_browser() {
        let mut headers = map(&[
            ("strict-transport-security", "max-age=1"),
            ("alt-svc", "h3"),
            ("connection", "x-a"),
            ("x-a", "1"),
            ("server", "s"),
        ]);
        strip_response(&mut headers);
        assert_eq!(names(&headers), ["server"]);
    }

    #[test]
    fn lengths_that_can_be_read_in_two_ways() {
        let chunked = ("transfer-encoding", "chunked");
        let length = ("content-length", "5");
        let v11 = Version::HTTP_11;
        type Case<'c> = (&'c [(&'c str, &'c str)], Version, Result<bool, BadRequest>);
        let cases: [Case<'_>; 9] = [
            (&[], v11, Ok(false)),
            (&[length], v11, Ok(true)),
            (&[length, length], v11, Err(BadRequest::Framing)),
            (&[chunked], v11, Ok(false)),
            (&[("transfer-encoding", "Chunked")], v11, Ok(false)),
            (&[chunked], Version::HTTP_10, Err(BadRequest::Framing)),
            (&[chunked, length], v11, Err(BadRequest::Framing)),
            (&[chunked, chunked], v11, Err(BadRequest::Framing)),
            (
                &[("transfer-encoding", "gzip, chunked")],
                v11,
                Err(BadRequest::Framing),
            ),
        ];
        for (headers, version, expected) in cases {
            assert_eq!(
                check_framing(&map(headers), version),
                expected,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn crumbs_are_joined() {
        let mut headers = map(&[("cookie", "a=1"), ("cookie", "b=2")]);
        join_cookies(&mut headers);
        assert_eq!(headers[COOKIE], "a=1; b=2");
        assert_eq!(headers.get_all(COOKIE).iter().count(), 1);
    }

    #[test]
    fn only_the_one_known_expectation_is_met() {
        let expects = |value: &str| expects_continue(&map(&[("expect", value)]));
        assert!(expects("100-continue") && expects("100-Continue"));
        assert!(!expects("200-ok") && !expects(""));
    }

    #[test]
    fn only_a_whole_websocket_request_upgrades() {
        let whole = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
        ];
        let asks = |method: &Method, version, headers: &[(&str, &str)]| {
            asks_for_websocket(method, version, &map(headers))
        };
        assert!(asks(&Method::GET, Version::HTTP_11, &whole));
        assert!(!asks(&Method::POST, Version::HTTP_11, &whole));
        assert!(!asks(&Method::GET, Version::HTTP_10, &whole));
        assert!(!asks(&Method::GET, Version::HTTP_11, &whole[1..]));
        let h2c = [("connection", "upgrade"), ("upgrade", "h2c")];
        assert!(!asks(&Method::GET, Version::HTTP_11, &h2c));
        let both = [("connection", "upgrade"), ("upgrade", "websocket, h2c")];
        assert!(!asks(&Method::GET, Version::HTTP_11, &both));
    }

    proptest! {
        #[test]
        fn stripping_agrees_with_a_naive_list(
            headers in prop::collection::vec(
                ("(x-a|x-b|te|upgrade|connection|accept|x[-_]forwarded[-_]for)", "(x-a|x-b|te|, |accept|close){0,3}"),
                0..8,
            )
        ) {
            let pairs: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let mut stripped = map(&pairs);
            let named: Vec<_> = pairs.iter()
                .filter(|(name, _)| *name == "connection")
                .flat_map(|(_, value)| value.split(',').map(str::trim))
                .collect();
            strip_request(&mut stripped);
            for (name, _) in &pairs {
                let ours = ["te", "upgrade", "connection"].contains(name) || name.contains("forwarded");
                let gone = ours || named.contains(name);
                prop_assert_eq!(!stripped.contains_key(*name), gone, "{}", name);
            }
        }
    }
}
