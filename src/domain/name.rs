use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A DNS host name in its one written form: ASCII lower case, no trailing dot.
///
/// Labels hold letters, digits, `-` and `_` (some CDNs hand out names with `_`), 1 to 63 bytes
/// each, 253 in all (RFC 1035 section 2.3.4). An IP literal is not a name. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its first label, if two labels or more are left: what a one-label wildcard
    /// hangs from.
    pub fn parent(&self) -> Option<&str> {
        parent(&self.0)
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut buffer = [0; MAX_LENGTH];
        Ok(Self(normalize(text, &mut buffer)?.into()))
    }
}

/// Why a text is no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing, or only a dot.
    #[error("is empty")]
    Empty,
    /// More than 253 bytes.
    #[error("is longer than 253 characters")]
    TooLong,
    /// A label of no bytes or more than 63.
    #[error("has a label that is empty or longer than 63 characters")]
    Label,
    /// A byte other than letters, digits, `-`, `_` and `.`, or a `-` at a label's end.
    #[error(
        "may hold only letters, digits, '-' and '_' (write an international name in its xn-- form)"
    )]
    Character,
    /// An IPv4 or IPv6 address.
    #[error("is an IP address; a domain needs a name")]
    IpAddress,
}

/// Brings `text` into the form of [`Name`] in the caller's buffer, without an allocation: the way
/// of SNI and Host to the table.
///
/// # Errors
///
/// When `text` is no domain name.
pub(super) fn normalize<'b>(
    text: &str,
    buffer: &'b mut [u8; MAX_LENGTH],
) -> Result<&'b str, InvalidName> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    let Some(lower) = buffer.get_mut(..text.len()) else {
        return Err(InvalidName::TooLong);
    };
    lower.copy_from_slice(text.as_bytes());
    lower.make_ascii_lowercase();
    let mut last = &lower[..0];
    for label in lower.split(|byte| *byte == b'.') {
        check_label(label)?;
        last = label;
    }
    // A name whose last label is a number can only be an address (RFC 3696 section 2).
    if is_number(last) {
        return Err(InvalidName::IpAddress);
    }
    str::from_utf8(lower).map_err(|_| InvalidName::Character)
}

fn check_label(label: &[u8]) -> Result<(), InvalidName> {
    if label.contains(&b':') {
        return Err(InvalidName::IpAddress);
    }
    if label.is_empty() || label.len() > 63 {
        return Err(InvalidName::Label);
    }
    let allowed = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    if !label.iter().all(allowed) || label.starts_with(b"-") || label.ends_with(b"-") {
        return Err(InvalidName::Character);
    }
    Ok(())
}

/// Whether URLs take a label for a number: in hexadecimal as well (WHATWG URL, "ends in a number").
fn is_number(label: &[u8]) -> bool {
    match label.strip_prefix(b"0x") {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => label.iter().all(u8::is_ascii_digit),
    }
}

pub(super) fn parent(name: &str) -> Option<&str> {
    let (_, parent) = name.split_once('.')?;
    parent.contains('.').then_some(parent)
}

/// RFC 1035 section 2.3.4: 255 bytes on the wire are 253 in writing.
pub(super) const MAX_LENGTH: usize = 253;

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_case_and_trailing_dot() {
        for text in ["play.example.com", "PLAY.Example.COM", "play.example.com."] {
            assert_eq!(text.parse::<Name>().unwrap().as_str(), "play.example.com");
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        let long = format!("{}.com", "a".repeat(64));
        let longer = "a.".repeat(127) + "com";
        let cases = [
            ("", InvalidName::Empty),
            (".", InvalidName::Empty),
            ("a..b", InvalidName::Label),
            (&long, InvalidName::Label),
            (&longer, InvalidName::TooLong),
            ("pläy.example.com", InvalidName::Character),
            ("-a.example.com", InvalidName::Character),
            ("a b.com", InvalidName::Character),
            ("*.example.com", InvalidName::Character),
            ("192.0.2.1", InvalidName::IpAddress),
            ("a.example.0x7F", InvalidName::IpAddress),
            ("a.0x", InvalidName::IpAddress),
            ("::1", InvalidName::IpAddress),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Name>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn parent_is_what_a_wildcard_hangs_from() {
        let parent = |text: &str| text.parse::<Name>().unwrap().parent().map(str::to_owned);
        assert_eq!(
            parent("a.live.example.com").as_deref(),
            Some("live.example.com")
        );
        assert_eq!(parent("example.com"), None);
        assert_eq!(parent("localhost"), None);
    }
}
