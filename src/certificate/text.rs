use std::fmt;

use zeroize::Zeroizing;

/// A chain and its key as they stand in the files of a certificate, in PEM. The key is wiped when it
/// is dropped.
pub struct PairText {
    /// The certificates, the leaf wherever the files have it.
    pub chain: Vec<u8>,
    /// The private key.
    pub key: Zeroizing<Vec<u8>>,
}

/// How long they are: one is a private key.
impl fmt::Debug for PairText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairText")
            .field("chain", &self.chain.len())
            .field("key", &self.key.len())
            .finish()
    }
}

impl PairText {
    /// Takes certificates and the first key out of files that were read as PEM already.
    pub(super) fn of<'c>(files: impl Iterator<Item = &'c [u8]>) -> Self {
        let mut text = Self {
            chain: Vec::new(),
            key: Zeroizing::default(),
        };
        for block in files.flat_map(blocks) {
            if block.starts_with(b"-----BEGIN CERTIFICATE-----") {
                add(&mut text.chain, block);
            } else if text.key.is_empty() && is_key(block) {
                text.key = Zeroizing::new(Vec::with_capacity(block.len() + 1));
                add(&mut text.key, block);
            }
        }
        text
    }
}

fn add(text: &mut Vec<u8>, block: &[u8]) {
    text.extend_from_slice(block.trim_ascii_end());
    text.push(b'\n');
}

fn is_key(block: &[u8]) -> bool {
    let line = block.split(|byte| *byte == b'\n').next();
    line.is_some_and(|line| line.trim_ascii_end().ends_with(b"PRIVATE KEY-----"))
}

/// The blocks of a PEM file, markers included (RFC 7468 section 2).
fn blocks(mut content: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let start = find(content, b"-----BEGIN ")?;
        let block = &content[start..];
        let end = find(block, b"-----END ")?;
        let line = block[end..].iter().position(|byte| *byte == b'\n');
        let end = line.map_or(block.len(), |line| end + line + 1);
        content = &block[end..];
        Some(&block[..end])
    })
}

/// Where a marker begins a line.
fn find(content: &[u8], marker: &[u8]) -> Option<usize> {
    let mut start = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(marker) {
            return Some(start);
        }
        start += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn certificates_and_the_first_key_are_told_apart() {
        let (one, two) = (block("CERTIFICATE", "AA=="), block("CERTIFICATE", "BB=="));
        let (key, other) = (
            block("EC PRIVATE KEY", "CC=="),
            block("PRIVATE KEY", "DD=="),
        );
        let params = block("EC PARAMETERS", "EE==");
        let text = format!("a line\n{params}{key}{one}Bag Attributes\n{two}{other}");
        let files = [text.trim_end().as_bytes(), b"nothing"];
        let text = PairText::of(files.into_iter());
        assert_eq!(text.chain, (one + &two).into_bytes());
        assert_eq!(*text.key, key.into_bytes());
    }
}
