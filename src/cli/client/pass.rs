use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use zeroize::Zeroizing;

use super::unasked::Unasked;
use crate::state::{Role, Token, TokenError, Tokens};

/// What is shown to be let in.
#[derive(Debug)]
pub(super) enum Pass {
    /// A token, and where it was read.
    Token(Token, PathBuf),
    /// None: its file cannot be read.
    Unreadable(TokenError),
    /// None: nobody said where it is.
    Nowhere,
}

impl Pass {
    /// The token in a file that somebody named.
    pub(super) fn of_file(path: &Path) -> Result<Self, Unasked> {
        let failed = |error| Unasked::TokenFile(path.to_owned(), error);
        let content = Zeroizing::new(fs::read(path).map_err(failed)?);
        match Token::parse(&content) {
            Ok(token) => Ok(Self::Token(token, path.to_owned())),
            Err(error) => Err(Unasked::Token(TokenError::Invalid {
                path: path.to_owned(),
                error,
            })),
        }
    }

    /// A token of a state directory that is good for a role: the one with the fewest rights of
    /// those that can be read.
    pub(super) fn of_state(state: Option<PathBuf>, role: Role) -> Self {
        let Some(state) = state else {
            return Self::Nowhere;
        };
        let tokens = Tokens::new(state);
        let mut unreadable = None;
        for role in Role::ALL.into_iter().filter(|one| *one >= role) {
            match tokens.read(role) {
                Ok(token) => return Self::Token(token, tokens.path(role)),
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        unreadable.map_or(Self::Nowhere, Self::Unreadable)
    }

    /// The header that shows it.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let Self::Token(token, _) = self else {
            return None;
        };
        let text = Zeroizing::new(format!("Bearer {}", token.reveal()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        // Debug output leaves it out.
        value.set_sensitive(true);
        Some(value)
    }

    /// What to do when it does not let in.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Token(..) => {
                "check that lockgate runs with this state directory; --token-file names another token"
            }
            Self::Unreadable(error) if error.is_missing() => {
                "check that lockgate runs with this state directory; --token-file names another token"
            }
            Self::Unreadable(_) => {
                "run it as the user that lockgate runs as, or name a file with --token-file"
            }
            Self::Nowhere => "name the file with the token with --token-file",
        }
    }
}

/// Says what was shown, never what it is.
impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_, path) => write!(f, "the token was read from {}", path.display()),
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::Nowhere => f.write_str("there is no token to show"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_with_the_fewest_rights_is_shown() {
        let state = tempfile::tempdir().unwrap();
        let state = state.path().to_owned();
        let tokens = Tokens::new(state.clone());
        let path = |role| match Pass::of_state(Some(state.clone()), role) {
            Pass::Token(_, path) => Some(path),
            _ => None,
        };
        assert_eq!(path(Role::Viewer), None);
        tokens.ensure(Role::Operator).unwrap();
        assert_eq!(path(Role::Viewer), Some(tokens.path(Role::Operator)));
        tokens.ensure(Role::Viewer).unwrap();
        assert_eq!(path(Role::Viewer), Some(tokens.path(Role::Viewer)));
        assert_eq!(path(Role::Operator), Some(tokens.path(Role::Operator)));
    }
}
