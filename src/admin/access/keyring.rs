use std::time::Duration;

use tokio::time::Instant;

use super::keys::Keys;
use crate::state::{Role, TokenError, Tokens};

/// The tokens in use, which follow their files: they are read again when somebody asks, but not
/// more often than once a second. The files are small, and reading them whole is as cheap as a look
/// at their times, which would not tell of everything.
#[derive(Debug)]
pub(super) struct Keyring {
    tokens: Tokens,
    keys: Keys,
    /// What the log says already about each role.
    told: [Option<&'static str>; Role::ALL.len()],
    read: Instant,
}

impl Keyring {
    /// Makes the tokens that are missing, and reads all of them.
    pub(super) fn start(tokens: Tokens) -> Self {
        for warning in tokens.narrow() {
            tracing::warn!(reason = warning.code(), "{warning}; {}", warning.hint());
        }
        let mut keyring = Self {
            tokens,
            keys: Keys::default(),
            told: Default::default(),
            read: Instant::now(),
        };
        for role in Role::ALL {
            match keyring.tokens.ensure(role) {
                Ok((token, warnings)) => {
                    *keyring.keys.of_mut(role) = Some(token);
                    for warning in warnings {
                        tracing::warn!(reason = warning.code(), "{warning}; {}", warning.hint());
                    }
                }
                Err(error) => keyring.tell(role, &error),
            }
        }
        keyring
    }

    /// The tokens that count now.
    pub(super) fn keys(&mut self, now: Instant) -> &Keys {
        if now.saturating_duration_since(self.read) >= PERIOD {
            self.read = now;
            Role::ALL.into_iter().for_each(|role| self.follow(role));
        }
        &self.keys
    }

    fn follow(&mut self, role: Role) {
        match self.tokens.read(role) {
            Ok(token) => {
                let shown = token.reveal().as_bytes();
                let known = self.keys.of_mut(role);
                if known.as_ref().is_none_or(|known| !known.is(shown)) {
                    tracing::info!(%role, "a new token lets in from now on");
                }
                *known = Some(token);
                self.told[role as usize] = None;
            }
            Err(error) => {
                *self.keys.of_mut(role) = None;
                self.tell(role, &error);
            }
        }
    }

    /// Says it once, until it changes.
    fn tell(&mut self, role: Role, error: &TokenError) {
        let reason = error.code();
        if self.told[role as usize].replace(reason) != Some(reason) {
            let hint = error.hint();
            tracing::warn!(%role, reason, hint, %error, "nobody can be let in by this token");
        }
    }
}

/// How long a token may count that was replaced.
const PERIOD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_token_follows_its_file() {
        let state = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(state.path().to_owned());
        let mut keyring = Keyring::start(tokens.clone());
        let start = keyring.read;
        let first = tokens.read(Role::Operator).unwrap();
        let shown = first.reveal().as_bytes();
        assert_eq!(keyring.keys(start).role_of(shown), Some(Role::Operator));
        let path = tokens.path(Role::Operator);
        let chosen = "a".repeat(32);
        fs::write(&path, format!("{chosen}\n")).unwrap();
        assert_eq!(keyring.keys(start).role_of(shown), Some(Role::Operator));
        let keys = keyring.keys(start + PERIOD);
        assert_eq!(keys.role_of(shown), None);
        assert_eq!(keys.role_of(chosen.as_bytes()), Some(Role::Operator));
        for (second, content) in [(2, "short"), (3, "")] {
            fs::write(&path, content).unwrap();
            let keys = keyring.keys(start + PERIOD * second);
            assert_eq!(keys.role_of(content.as_bytes()), None);
            assert_eq!(keys.role_of(chosen.as_bytes()), None);
            assert!(keys.viewer.is_some());
        }
        fs::remove_file(&path).unwrap();
        assert!(keyring.keys(start + PERIOD * 4).operator.is_none());
        fs::write(&path, &chosen).unwrap();
        let keys = keyring.keys(start + PERIOD * 5);
        assert_eq!(keys.role_of(chosen.as_bytes()), Some(Role::Operator));
    }

    #[test]
    fn without_a_place_for_tokens_nobody_is_let_in() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut keyring = Keyring::start(Tokens::new(file.path().to_owned()));
        let keys = keyring.keys(Instant::now());
        for shown in [&b""[..], b"a", &[b'a'; 32]] {
            assert_eq!(keys.role_of(shown), None);
        }
    }
}
