use std::ffi::OsString;
use std::fmt::Display;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::RecordError;
use crate::state::digest::Sha256;

/// Writes the lines of a record.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// Room for contents of that length: growing would leave copies of keys behind.
    pub(super) fn new(content_length: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(content_length + LINES)))
    }

    pub(super) fn line(&mut self, line: &str) {
        self.put(line.as_bytes());
        self.put(b"\n");
    }

    pub(super) fn field(&mut self, key: &str, value: &dyn Display) {
        self.line(&format!("# {key}: {value}"));
    }

    pub(super) fn path(&mut self, key: &str, path: &Path) {
        self.field(key, &escape(path.as_os_str().as_bytes()));
    }

    /// A content as it is, with its length: it may hold anything. The next line begins anew.
    pub(super) fn section(&mut self, title: &str, content: &[u8]) {
        self.line(&format!("# {title} of {} bytes", content.len()));
        self.put(content);
        if !content.ends_with(b"\n") {
            self.put(b"\n");
        }
    }

    pub(super) fn seal(mut self) -> Zeroizing<Vec<u8>> {
        let seal = seal(&self.0);
        self.put(&seal);
        self.0
    }

    fn put(&mut self, bytes: &[u8]) {
        debug_assert!(
            bytes.len() <= self.0.capacity() - self.0.len(),
            "a key is copied"
        );
        self.0.extend_from_slice(bytes);
    }
}

/// Reads the lines of a record one after the other.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Takes off the last line, if it fits what stands before.
    pub(super) fn unseal(bytes: &'b [u8]) -> Result<Self, RecordError> {
        let length = seal(b"").len();
        let end = bytes.len().checked_sub(length).ok_or(RecordError::Torn)?;
        let (rest, found) = bytes.split_at(end);
        if found == seal(rest) {
            Ok(Self { rest })
        } else {
            Err(RecordError::Torn)
        }
    }

    pub(super) fn format(&mut self, known: &str) -> Result<(), RecordError> {
        let line = self.line().filter(|line| *line == known);
        line.map(drop).ok_or(RecordError::UnknownFormat)
    }

    pub(super) fn field<T: FromStr>(&mut self, key: &'static str) -> Result<T, RecordError> {
        let value = self.value(key).and_then(|value| value.parse().ok());
        value.ok_or(RecordError::Malformed(key))
    }

    pub(super) fn path(&mut self, key: &'static str) -> Result<PathBuf, RecordError> {
        let bytes = self.value(key).and_then(unescape);
        let bytes = bytes.ok_or(RecordError::Malformed(key))?;
        Ok(OsString::from_vec(bytes).into())
    }

    /// Whether the next line is a field of that key.
    pub(super) fn comes(&self, key: &str) -> bool {
        self.rest.starts_with(format!("# {key}: ").as_bytes())
    }

    pub(super) fn section(&mut self, title: &'static str) -> Result<&'b [u8], RecordError> {
        self.content(title).ok_or(RecordError::Malformed(title))
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn end(&self) -> Result<(), RecordError> {
        let end = self.is_at_end().then_some(());
        end.ok_or(RecordError::Malformed("end"))
    }

    fn value(&mut self, key: &str) -> Option<&'b str> {
        let line = self.line()?.strip_prefix("# ")?;
        line.strip_prefix(key)?.strip_prefix(": ")
    }

    fn content(&mut self, title: &str) -> Option<&'b [u8]> {
        let line = self.line()?.strip_prefix("# ")?;
        let length = line.strip_prefix(title)?.strip_prefix(" of ")?;
        let length = length.strip_suffix(" bytes")?.parse().ok()?;
        let (content, rest) = self.rest.split_at_checked(length)?;
        self.rest = match content.ends_with(b"\n") {
            true => rest,
            false => rest.strip_prefix(b"\n")?,
        };
        Some(content)
    }

    fn line(&mut self) -> Option<&'b str> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line = str::from_utf8(&self.rest[..end]).ok()?;
        self.rest = &self.rest[end + 1..];
        Some(line)
    }
}

/// The last line of a record.
fn seal(before: &[u8]) -> Vec<u8> {
    format!("# end sha256={}\n", Sha256::of(before)).into_bytes()
}

/// A path may hold any bytes, line ends too: all but visible ASCII is written as `%XX`.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'$' | b'&'..=b'~' => text.push(char::from(*byte)),
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(bytes)
}

/// More than all lines of our own together: the longest has a name of 255 bytes.
const LINES: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_stays_readable() {
        assert_eq!(escape(b"/etc/tls/a b%\n"), "/etc/tls/a b%25%0A");
        assert_eq!(unescape("%4"), None);
        assert_eq!(unescape("%é"), None);
    }

    proptest! {
        #[test]
        fn any_path_comes_back(bytes: Vec<u8>) {
            let text = escape(&bytes);
            prop_assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
            prop_assert_eq!(unescape(&text), Some(bytes));
        }
    }
}
