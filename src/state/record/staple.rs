//! An OCSP response as a PEM block (RFC 7468), so that a record is one text.

use std::fmt::Write as _;

pub(super) fn encode(der: &[u8]) -> String {
    let mut text = String::from(BEGIN);
    for line in der.chunks(LINE_BYTES) {
        text.extend(line.chunks(3).flat_map(letters));
        text.push('\n');
    }
    // Writing to a String does not fail.
    let _ = write!(text, "{END}");
    text
}

/// Reads what [`encode`] wrote.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(BEGIN.as_bytes())?;
    let text = text.strip_suffix(END.as_bytes())?;
    let (mut der, mut left, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.iter().filter(|byte| !matches!(byte, b'\n' | b'=')) {
        let digit = ALPHABET.iter().zip(0..).find(|(known, _)| *known == letter);
        left = (left << 6) | digit?.1;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            der.push((left >> bits) as u8);
            left &= (1 << bits) - 1;
        }
    }
    Some(der)
}

/// Up to three bytes as four letters (RFC 4648 section 4).
fn letters(bytes: &[u8]) -> [char; 4] {
    let byte = |place| u32::from(bytes.get(place).copied().unwrap_or_default());
    let group = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    let letter = |place: usize| match place <= bytes.len() {
        true => char::from(ALPHABET[(group >> (18 - 6 * place)) as usize & 63]),
        false => '=',
    };
    [0, 1, 2, 3].map(letter)
}

const BEGIN: &str = "-----BEGIN OCSP RESPONSE-----\n";
const END: &str = "-----END OCSP RESPONSE-----\n";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// They make the 64 letters that RFC 7468 gives a line.
const LINE_BYTES: usize = 48;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_as_rfc_4648_shows_it() {
        for (bytes, expected) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            let text = encode(bytes.as_bytes());
            assert_eq!(text.lines().nth(1), Some(expected));
        }
        assert_eq!(encode(b""), [BEGIN, END].concat());
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }
    }
}
