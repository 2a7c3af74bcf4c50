//! Which fields end at this hop, by their names, and by what others may read those names as.
//!
//! Whoever hands fields to a program by its environment (CGI and its heirs) writes all that is no
//! letter or digit alike, so that `Transfer_Encoding` and `X.Forwarded.For` come out as the names
//! that they are not.

use http::HeaderName;
use http::header::{ALT_SVC, CONTENT_LENGTH, STRICT_TRANSPORT_SECURITY};

/// Whether a field of a request ends here: it belongs to this hop (RFC 9110 section 7.6.1), frames
/// the message, or claims who the client is, which is for us alone to say.
pub(super) fn ends_in_request(name: &HeaderName) -> bool {
    let name_text = name.as_str();
    let is_claim = name_text.len() > CLAIM_PREFIX.len()
        && reads_as(&name_text[..CLAIM_PREFIX.len()], CLAIM_PREFIX);
    is_claim || is_any(name_text, &CLAIMS) || is_of_hop(name)
}

/// Whether a field of a response ends here: it belongs to this hop, or would bind browsers to HTTPS,
/// which is for this proxy's operator to say.
pub(super) fn ends_in_response(name: &HeaderName) -> bool {
    *name == STRICT_TRANSPORT_SECURITY || *name == ALT_SVC || is_of_hop(name)
}

/// Whether a name is one by RFC 9110 section 5.1. HTTP/2 brings some that are not.
pub(super) fn is_name(name: &HeaderName) -> bool {
    // The one byte that the `http` crate takes beyond it.
    !name.as_str().contains('"')
}

fn is_of_hop(name: &HeaderName) -> bool {
    let framing = *name != CONTENT_LENGTH && reads_as(name.as_str(), CONTENT_LENGTH.as_str());
    framing || is_any(name.as_str(), &HOP)
}

fn is_any(name: &str, others: &[&str]) -> bool {
    others.iter().any(|other| reads_as(name, other))
}

fn reads_as(name: &str, other: &str) -> bool {
    let same = |(ours, theirs): (u8, u8)| {
        ours == theirs || theirs == b'-' && !ours.is_ascii_alphanumeric()
    };
    name.len() == other.len() && name.bytes().zip(other.bytes()).all(same)
}

const HOP: [&str; 11] = [
    "connection",
    "transfer-encoding",
    "upgrade",
    "te",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "http2-settings",
    // Without it no trailers are sent on: they would be fields that nobody checked.
    "trailer",
    // Met hop by hop: what goes on is written anew.
    "expect",
];

const CLAIM_PREFIX: &str = "x-forwarded-";

// Client-Cert is RFC 9440: what a client says of it is not verified by anybody.
const CLAIMS: [&str; 5] = [
    "forwarded",
    "via",
    "x-real-ip",
    "client-cert",
    "client-cert-chain",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HeaderName {
        HeaderName::from_bytes(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_name_ends_by_what_it_may_be_read_as() {
        for text in [
            "te",
            "Transfer-Encoding",
            "transfer_encoding",
            "transfer.encoding",
            "content_length",
            "keep~alive",
            "x-forwarded-for",
            "x_forwarded.for",
            "X-FORWARDED-ANYTHING",
            "client_cert-chain",
            "expect",
        ] {
            assert!(ends_in_request(&name(text)), "{text}");
        }
        for text in [
            "content-length",
            "host",
            "x-forwarded",
            "x-real-ipx",
            "client-certs",
            "x-te",
            "cookie",
        ] {
            assert!(!ends_in_request(&name(text)), "{text}");
        }
    }

    #[test]
    fn a_response_keeps_what_only_requests_may_not_say() {
        assert!(!ends_in_response(&name("via")));
        assert!(!ends_in_response(&name("x-forwarded-for")));
        assert!(ends_in_response(&name("strict-transport-security")));
        assert!(ends_in_response(&name("transfer_encoding")));
    }

    #[test]
    fn a_quote_makes_no_name() {
        assert!(is_name(&name("x!#$%&'*+-.^_`|~9")));
        let quoted = HeaderName::from_lowercase(b"\"x\"");
        assert!(quoted.is_ok_and(|name| !is_name(&name)));
    }
}
