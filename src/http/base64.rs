/// Appends bytes in base64 with padding (RFC 4648 section 4).
pub(super) fn encode(bytes: &[u8], text: &mut String) {
    text.reserve(bytes.len().div_ceil(3) * 4);
    for bytes in bytes.chunks(3) {
        encode_group(bytes, text);
    }
}

/// Up to three bytes.
fn encode_group(bytes: &[u8], text: &mut String) {
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
    fn base64_with_padding() {
        // RFC 4648 section 10, and bytes that need the last two digits.
        let cases: [(&[u8], &str); 8] = [
            (b"", ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff, 0xff, 0x00], "+///AA=="),
        ];
        for (bytes, expected) in cases {
            let mut text = String::new();
            encode(bytes, &mut text);
            assert_eq!(text, expected, "{bytes:?}");
        }
    }
}
