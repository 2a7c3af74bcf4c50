//! The grammar by which HTTP/1.1 says where a message ends (RFC 9112 sections 6 and 7), read as
//! strictly for requests as for responses.

use http::{HeaderName, HeaderValue};

/// The largest length: some count in signed numbers of 64 bits, and would read a larger one as
/// negative.
const LARGEST: u64 = i64::MAX as u64;

/// The value of `Content-Length`, if it is one.
pub fn length(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok().filter(|length| *length <= LARGEST)
}

/// Writes a field's line (RFC 9112 section 5).
pub fn write_field(head: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    head.extend_from_slice(name.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value.as_bytes());
    head.extend_from_slice(b"\r\n");
}

/// The size in the line before a chunk (RFC 9112 section 7.1), if it is one and what else stands
/// there is an extension.
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let (size, rest) = line.split_at(digits.count());
    let extension = rest.trim_ascii_start();
    let sound = rest.is_empty() || extension.starts_with(b";") && is_text(rest);
    let size = str::from_utf8(size).ok().filter(|_| sound)?;
    let size = u64::from_str_radix(size, 16).ok();
    size.filter(|size| *size <= LARGEST)
}

/// Whether a line behind the last chunk is a field.
pub fn is_trailer(line: &[u8]) -> bool {
    let colon = line.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| is_token(&line[..colon]) && is_text(&line[colon..]))
}

/// A token (RFC 9110 section 5.6.2): what names are made of.
fn is_token(bytes: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_token)
}

/// What values are made of (RFC 9110 section 5.5): no control characters but the tab.
fn is_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| *byte == b'\t' || *byte >= b' ' && *byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_in_one_way_only() {
        for (line, expected) in [
            ("0", Some(0)),
            ("1f", Some(31)),
            ("1F;a=b", Some(31)),
            ("3 ; a", Some(3)),
            ("0000000000000000000003", Some(3)),
            ("", None),
            ("+3", None),
            ("0x3", None),
            ("3 ", None),
            ("3 3", None),
            ("3g", None),
            (" 3", None),
            ("3;a\0", None),
            ("10000000000000003", None),
            ("fffffffffffffffd", None),
        ] {
            assert_eq!(chunk_size(line.as_bytes()), expected, "{line:?}");
        }
    }

    #[test]
    fn a_trailer_is_a_field() {
        assert!(is_trailer(b"X-Sum: 1"));
        assert!(is_trailer(b"X:"));
        for line in ["X", ": a", "X : a", " X: a", "X: \x01", "X Y: a"] {
            assert!(!is_trailer(line.as_bytes()), "{line:?}");
        }
    }
}
