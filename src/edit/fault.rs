use toml_edit::TomlError;

use super::key::Key;
use crate::domain::Pattern;

/// Why a text is not edited.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EditFault {
    /// The text is no TOML.
    #[error("line {line} is not valid TOML: {}", .error.message())]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        error: Box<TomlError>,
    },
    /// There is no table of the domain.
    #[error("there is no domain {0}")]
    UnknownDomain(Pattern),
    /// There is a table of the domain already.
    #[error("there is a domain {0} already")]
    DomainExists(Pattern),
    /// The domains are not written as `[[domain]]` tables, each in one piece.
    #[error("the domains are not written as [[domain]] tables, one after the other")]
    NotTables,
    /// A key leads through what is no table, or to one: it cannot be set to a value.
    #[error("`{0}` cannot be set beside what is there")]
    KeyTaken(Key),
}

impl EditFault {
    pub(super) fn syntax(text: &str, error: TomlError) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.as_bytes().iter().take(start);
        Self::Syntax {
            line: 1 + before.filter(|byte| **byte == b'\n').count(),
            error: Box::new(error),
        }
    }

    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "toml_syntax",
            Self::UnknownDomain(_) => "unknown_domain",
            Self::DomainExists(_) => "domain_exists",
            Self::NotTables => "domains_not_tables",
            Self::KeyTaken(_) => "key_taken",
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "mend the line; strings stand in double quotes",
            Self::UnknownDomain(_) => "look for the name in the other files of domains/",
            Self::DomainExists(_) => "change that one, or remove it first",
            Self::NotTables => "write each domain as a [[domain]] table of its own",
            Self::KeyTaken(_) => "edit this key in the file by hand",
        }
    }
}
