use std::fmt;
use std::str::FromStr;

use super::name::{InvalidName, Name};

/// What a domain's `name` may be: one name, or every name one label below a parent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// `play.example.com`
    Exact(Name),
    /// `*.live.example.com`, kept as `live.example.com`. It matches `a.live.example.com`, neither
    /// `live.example.com` nor `a.b.live.example.com` (RFC 9525 section 6.3).
    Wildcard(Name),
}

impl Pattern {
    /// Whether a certificate whose name is `self` is valid for all that `other` stands for.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(ours), Self::Exact(theirs))
            | (Self::Wildcard(ours), Self::Wildcard(theirs)) => ours == theirs,
            (Self::Wildcard(parent), Self::Exact(name)) => name.parent() == Some(parent.as_str()),
            (Self::Exact(_), Self::Wildcard(_)) => false,
        }
    }
}

impl Pattern {
    /// The patterns of certificates that are valid for all that `self` stands for: itself, and the
    /// wildcard above a name.
    pub fn covered_by(&self) -> impl Iterator<Item = Self> {
        let wildcard = match self {
            Self::Exact(name) => name.parent().and_then(|parent| parent.parse().ok()),
            Self::Wildcard(_) => None,
        };
        [Some(self.clone()), wildcard.map(Self::Wildcard)]
            .into_iter()
            .flatten()
    }
}

impl FromStr for Pattern {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let Some(parent) = text.strip_prefix("*.") else {
            return Ok(Self::Exact(text.parse()?));
        };
        let parent: Name = parent.parse()?;
        // `*.com` would match what nobody owns as a whole.
        if !parent.as_str().contains('.') {
            return Err(InvalidName::Label);
        }
        Ok(Self::Wildcard(parent))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Wildcard(parent) => write!(f, "*.{parent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_one_label_and_no_more() {
        let cases = [
            ("a.example.com", "a.example.com", true),
            ("a.example.com", "b.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "A.Example.com.", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "*.example.com", true),
            ("a.example.com", "*.example.com", false),
        ];
        for (certificate, domain, expected) in cases {
            let (certificate, domain): (Pattern, Pattern) =
                (certificate.parse().unwrap(), domain.parse().unwrap());
            assert_eq!(
                certificate.covers(&domain),
                expected,
                "{certificate} for {domain}"
            );
            let listed = domain.covered_by().any(|it| it == certificate);
            assert_eq!(listed, expected, "{certificate} among those for {domain}");
        }
    }

    #[test]
    fn a_wildcard_needs_two_labels_below() {
        assert!("*.com".parse::<Pattern>().is_err());
        assert!("*.*.example.com".parse::<Pattern>().is_err());
        assert!("a*.example.com".parse::<Pattern>().is_err());
    }
}
