use std::fmt;

use crate::certificate::Files;
use crate::state::FilesDigest;

/// Tells versions of a domain's table, or of a certificate's files, apart: an entity tag (RFC 9110
/// section 8.8.3) without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// The tag of a domain's table as it stands in its file.
    pub(super) fn of_table(text: &str) -> Self {
        Self::of([("", text.as_bytes())])
    }

    /// The tag of a certificate's files.
    pub(super) fn of_files(files: &Files) -> Self {
        Self::of(files.readable())
    }

    fn of<'c>(contents: impl IntoIterator<Item = (&'c str, &'c [u8])>) -> Self {
        let mut digest = FilesDigest::of(contents).to_string();
        // Nobody forges these; they only have to differ.
        digest.truncate(LENGTH);
        Self(digest)
    }
}

impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What has to be there for a request to be meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing, or anything.
    #[default]
    None,
    /// This version.
    Is(Tag),
    /// Any version.
    IsThere,
    /// None.
    IsNew,
}

impl Condition {
    /// Whether this version, or that there is none, is what is meant.
    pub(super) fn holds(&self, present: Option<&Tag>) -> bool {
        match self {
            Self::None => true,
            Self::Is(tag) => present == Some(tag),
            Self::IsThere => present.is_some(),
            Self::IsNew => present.is_none(),
        }
    }
}

/// Digits of a tag: 96 bits.
const LENGTH: usize = 24;
