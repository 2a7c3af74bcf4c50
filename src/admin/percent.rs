//! Percent-encoding (RFC 3986 section 2.1): names in a path or query.

/// The text that an encoded one stands for. None when it is not UTF-8, or `%` is not followed by two
/// hex digits.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        bytes.push(match first {
            b'%' => {
                let (digits, more) = rest.split_first_chunk::<2>()?;
                rest = more;
                digit(digits[0])? << 4 | digit(digits[1])?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(letter: u8) -> Option<u8> {
    let value = char::from(letter).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Writes a text so that it can stand in a path or query.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            // Unreserved, and `*`, which begins wildcards and is allowed everywhere.
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'*' => {
                encoded.push(char::from(byte));
            }
            other => encoded += &format!("%{other:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_certificates_may_hold_all_that_is_visible() {
        assert_eq!(encode("*.a_b-c.com"), "*.a_b-c.com");
        assert_eq!(encode("50%?#&+ä"), "50%25%3F%23%26%2B%C3%A4");
        assert_eq!(decode("a+b%2f%2F").as_deref(), Some("a+b//"));
        for text in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }
    }
}
