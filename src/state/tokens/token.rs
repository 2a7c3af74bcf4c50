use std::fmt;
use std::io;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::Role;

/// A secret that lets somebody in. It is shown to nobody by accident, and wiped when it is dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// A file that holds no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Nothing but blanks.
    #[error("is empty")]
    Empty,
    /// It could be guessed.
    #[error("holds fewer than {SHORTEST} characters")]
    TooShort,
    /// It would be no header field any more.
    #[error("holds more than {LONGEST} characters")]
    TooLong,
    /// Something that cannot stand in an Authorization header (RFC 6750 section 2.1).
    #[error("holds more than one word, or characters that a token cannot have")]
    Characters,
}

impl InvalidToken {
    /// The stable word for the reason in logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "token_file_empty",
            Self::TooShort => "token_file_too_short",
            Self::TooLong => "token_file_too_long",
            Self::Characters => "token_file_invalid",
        }
    }
}

impl Token {
    /// A new one: 256 random bits.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub(super) fn generate(role: Role) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(&mut *bytes).map_err(|_| io::Error::other("no random bytes"))?;
        // With room for all of it, or growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(role.prefix());
        encode(&*bytes, &mut text);
        Ok(Self(text))
    }

    /// Takes a token out of its file: one line, which may have blanks around it.
    ///
    /// # Errors
    ///
    /// When there is none, or one that is not to be trusted.
    pub fn parse(content: &[u8]) -> Result<Self, InvalidToken> {
        let text = content.trim_ascii();
        if text.is_empty() {
            return Err(InvalidToken::Empty);
        }
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        if !text.iter().all(allowed) {
            return Err(InvalidToken::Characters);
        }
        match text.len() {
            ..SHORTEST => Err(InvalidToken::TooShort),
            SHORTEST..=LONGEST => {
                let text = str::from_utf8(text).map_err(|_| InvalidToken::Characters)?;
                Ok(Self(Zeroizing::new(text.to_owned())))
            }
            _ => Err(InvalidToken::TooLong),
        }
    }

    /// Whether it is this one. How long that takes tells nothing but its length.
    pub fn is(&self, shown: &[u8]) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), shown).is_ok()
    }

    /// The token itself: for its owner, and for the header of a request.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// As it stands in its file.
    pub(super) fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", *self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Appends unpadded base64url (RFC 4648 section 5).
fn encode(bytes: &[u8], text: &mut String) {
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..=group.len() {
            let index = bits >> (18 - 6 * place) & 0x3f;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An operator may choose a token; what is shorter might be guessed.
const SHORTEST: usize = 32;

/// More than any scheme makes.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_that_of_the_rfc() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff, 0xfe], "-__-"),
        ] {
            let mut text = String::new();
            encode(bytes, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn new_ones_are_long_differ_and_can_be_read_again() {
        let [one, other] = [(); 2].map(|()| Token::generate(Role::Operator).unwrap());
        assert_eq!(one.reveal().len(), 4 + 43);
        assert!(!one.is(other.reveal().as_bytes()));
        let read = Token::parse(one.line().as_bytes()).unwrap();
        assert!(read.is(one.reveal().as_bytes()));
    }

    #[test]
    fn what_is_no_token_is_told() {
        let long = "a".repeat(LONGEST + 1);
        let two = format!("{0}\n{0}", "a".repeat(SHORTEST));
        for (content, expected) in [
            (" \n", InvalidToken::Empty),
            ("a", InvalidToken::TooShort),
            (&long, InvalidToken::TooLong),
            (&two, InvalidToken::Characters),
            ("äöü", InvalidToken::Characters),
        ] {
            assert_eq!(Token::parse(content.as_bytes()).unwrap_err(), expected);
        }
        assert!(Token::parse("a".repeat(SHORTEST).as_bytes()).is_ok());
    }

    #[test]
    fn debug_output_does_not_show_it() {
        let token = Token::generate(Role::Viewer).unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
