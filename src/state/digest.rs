use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{self, Context, SHA256, SHA256_OUTPUT_LEN};

use crate::certificate::hex;

/// SHA-256; written as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Sha256([u8; SHA256_OUTPUT_LEN]);

impl Sha256 {
    pub(super) fn of(bytes: &[u8]) -> Self {
        digest::digest(&SHA256, bytes).into()
    }
}

impl From<digest::Digest> for Sha256 {
    fn from(digest: digest::Digest) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

/// Tells one state of a certificate's files from another: SHA-256 over their names and contents,
/// in whatever order they are given. Written as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FilesDigest(Sha256);

impl FilesDigest {
    /// The digest of files by their names in the certificate's directory.
    pub fn of<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_unstable();
        let mut context = Context::new(&SHA256);
        for part in files
            .iter()
            .flat_map(|(name, content)| [name.as_bytes(), content])
        {
            // With the lengths, no two lists of files are the same bytes.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        Self(context.finish().into())
    }
}

impl FromStr for FilesDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let bytes = hex::read(text).ok_or(InvalidDigest)?;
        Ok(Self(Sha256(bytes)))
    }
}

impl fmt::Display for FilesDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for FilesDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A text that is no digest of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 lower-case hex digits")]
pub struct InvalidDigest;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_files_does_not_matter() {
        let files: [(&str, &[u8]); 2] = [("tls.crt", b"chain"), ("tls.key", b"key")];
        let digest = FilesDigest::of(files);
        assert_eq!(digest, FilesDigest::of([files[1], files[0]]));
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn any_other_files_have_another_digest() {
        let lists: [&[(&str, &[u8])]; 7] = [
            &[],
            &[("", b"")],
            &[("a", b"b")],
            &[("ab", b"")],
            &[("", b"ab")],
            &[("a", b""), ("b", b"")],
            &[("a", b"b"), ("", b"")],
        ];
        for (place, list) in lists.iter().enumerate() {
            let digest = FilesDigest::of(list.iter().copied());
            let before = lists[..place].iter();
            let mut before = before.map(|list| FilesDigest::of(list.iter().copied()));
            assert!(before.all(|other| other != digest), "{list:?}");
        }
    }

    #[test]
    fn only_hex_of_32_bytes_is_a_digest() {
        for other in ["", "00", &"0".repeat(63), &"G".repeat(64)] {
            assert_eq!(other.parse::<FilesDigest>(), Err(InvalidDigest));
        }
    }
}
