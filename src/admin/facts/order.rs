use crate::domain::{Match, Name, Pattern};

/// Sorts domains as their names are written, without writing them: `*` comes before all that a name
/// begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'n> {
    is_exact: bool,
    /// Without the `*.`.
    name: &'n str,
}

impl<'n> Key<'n> {
    pub(super) fn of(domain: &'n Pattern) -> Self {
        match domain {
            Pattern::Exact(name) => Match::Exact(name).into(),
            Pattern::Wildcard(parent) => Match::Wildcard(parent).into(),
        }
    }

    /// Whether the name contains a text in lower case.
    pub(super) fn contains(&self, text: &str) -> bool {
        contains(self.name, text) || !self.is_exact && contains(&format!("*.{}", self.name), text)
    }
}

impl<'n> From<Match<&'n Name>> for Key<'n> {
    fn from(found: Match<&'n Name>) -> Self {
        Self {
            is_exact: matches!(found, Match::Exact(_)),
            name: found.into_value().as_str(),
        }
    }
}

/// Whether a name contains a text in lower case, however the name is capitalised.
pub(super) fn contains(name: &str, text: &str) -> bool {
    let (name, text) = (name.as_bytes(), text.as_bytes());
    let Some(first) = text.first() else {
        return true;
    };
    let mut places = name.windows(text.len());
    // It is asked of all names: the first letter rules out nearly every place.
    places.any(|it| it[0].to_ascii_lowercase() == *first && it.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_sort_as_they_are_written() {
        let mut names = ["a.example.com", "*.b.example.com", "_a.com", "*.a.com"];
        let mut domains = names.map(|name| name.parse::<Pattern>().unwrap());
        domains.sort_by(|one, other| Key::of(one).cmp(&Key::of(other)));
        names.sort_unstable();
        assert_eq!(domains.map(|domain| domain.to_string()), names);
    }

    #[test]
    fn capitals_do_not_matter() {
        let domain: Pattern = "*.live.example.com".parse().unwrap();
        for text in ["*.live", "live.ex", ".com", "", "*.live.example.com"] {
            assert!(Key::of(&domain).contains(text), "{text}");
        }
        for text in ["play", "*.*", "a.*.live.example.com.and.more"] {
            assert!(!Key::of(&domain).contains(text), "{text}");
        }
        assert!(contains("Play-2026", "play-2"));
    }
}
