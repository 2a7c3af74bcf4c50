use std::fmt;

use super::value;

/// A key of a table, or of a table in it: `https`, `tls.client_ca`.
///
/// Made of any text, each dot leads one table further down. Whether the format has such a key, the
/// configuration says when it reads the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Vec<String>);

impl Key {
    pub(super) fn parts(&self) -> &[String] {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }
}

impl From<Vec<String>> for Key {
    /// None of the parts is taken apart further.
    fn from(parts: Vec<String>) -> Self {
        Self(parts)
    }
}

/// As it is written in TOML.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&self.0, f)
    }
}

/// Writes keys with dots between them, quoted where they need it.
pub(super) fn write(parts: &[String], f: &mut impl fmt::Write) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            f.write_char('.')?;
        }
        match is_bare(part) {
            true => f.write_str(part)?,
            false => value::write_text(part, f)?,
        }
    }
    Ok(())
}

fn is_bare(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !part.is_empty() && part.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_so_that_it_means_the_same() {
        assert_eq!(Key::from("tls.client_ca").to_string(), "tls.client_ca");
        assert_eq!(Key::from("a b.").to_string(), "\"a b\".\"\"");
        let whole = Key::from(vec!["a.b".to_owned()]);
        assert_eq!(whole.to_string(), "\"a.b\"");
    }
}
