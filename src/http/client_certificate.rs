use http::HeaderValue;

use super::base64;

/// What tells an origin who the client is: `Client-Cert` (RFC 9440 section 2.2), the verified leaf
/// in DER as a byte sequence of structured fields (RFC 9651 section 3.3.5).
pub(super) fn header(leaf: &[u8]) -> Option<HeaderValue> {
    let mut text = ":".to_owned();
    base64::encode(leaf, &mut text);
    text.push(':');
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_between_colons() {
        assert_eq!(header(b"").unwrap(), "::");
        assert_eq!(header(b"fo").unwrap(), ":Zm8=:");
    }
}
