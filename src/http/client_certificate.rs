use http::HeaderValue;

/// What tells an origin who the client is: `Client-Cert` (RFC 9440 section 2.2), the verified leaf
/// in DER as a byte sequence of structured fields (RFC 9651 section 3.3.5).
pub(super) fn header(leaf: &[u8]) -> Option<HeaderValue> {
    let mut text = String::with_capacity(leaf.len().div_ceil(3) * 4 + 2);
    text.push(':');
    for bytes in leaf.chunks(3) {
        encode(bytes, &mut text);
    }
    text.push(':');
    HeaderValue::try_from(text).ok()
}

/// Up to three bytes in base64 with padding (RFC 4648 section 4).
fn encode(bytes: &[u8], text: &mut String) {
    let byte = |index| bytes.get(index).copied().map_or(0, u32::from);
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    for index in 0..4 {
        let digit = bits >> (18 - 6 * index) & 63;
        text.push(match index <= bytes.len() {
            true => char::from(ALPHABET[digit as usize]),
            false => '=',
        });
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_between_colons() {
        // RFC 4648 section 10, and bytes that need the last two digits.
        let cases: [(&[u8], &str); 8] = [
            (b"", "::"),
            (b"f", ":Zg==:"),
            (b"fo", ":Zm8=:"),
            (b"foo", ":Zm9v:"),
            (b"foob", ":Zm9vYg==:"),
            (b"fooba", ":Zm9vYmE=:"),
            (b"foobar", ":Zm9vYmFy:"),
            (&[0xfb, 0xff, 0xff, 0x00], ":+///AA==:"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(header(bytes).unwrap(), expected, "{bytes:?}");
        }
    }
}
