//! The tokens that let somebody in at the admin listener, one file for each role.

mod token;

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::disk::{self, Draft};
use super::warning::Warning;

pub use token::{InvalidToken, Token};

/// What somebody may do who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything that only tells.
    Viewer,
    /// Everything.
    Operator,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Operator];

    /// The word for it, which is also the name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }

    /// What its tokens begin with, so that scanners for secrets can find them.
    fn prefix(self) -> &'static str {
        match self {
            Self::Viewer => "lgv_",
            Self::Operator => "lgo_",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The tokens in `tokens/` of the state directory.
#[derive(Clone, Debug)]
pub struct Tokens {
    state: PathBuf,
}

impl Tokens {
    /// The tokens in a state directory, which need not be there yet.
    pub fn new(state_directory: PathBuf) -> Self {
        Self {
            state: state_directory,
        }
    }

    /// Reads a role's token.
    ///
    /// # Errors
    ///
    /// When its file cannot be read, or holds none.
    pub fn read(&self, role: Role) -> Result<Token, TokenError> {
        let path = self.path(role);
        match disk::read(&path) {
            Ok(content) => {
                Token::parse(&content).map_err(|error| TokenError::Invalid { path, error })
            }
            Err(error) => Err(TokenError::Unreadable { path, error }),
        }
    }

    /// Reads a role's token, or makes one when it has no file yet. What stands there is left alone,
    /// sound or not: an operator may be about to replace it.
    ///
    /// # Errors
    ///
    /// When its file cannot be read or made, or holds none.
    pub fn ensure(&self, role: Role) -> Result<(Token, Vec<Warning>), TokenError> {
        match self.read(role) {
            Err(error) if error.is_missing() => {}
            read => return Ok((read?, Vec::new())),
        }
        let made = self.make(role);
        let warnings = made.map_err(|error| TokenError::NotMade {
            path: self.path(role),
            error,
        })?;
        // It may be that of another process, which came first.
        Ok((self.read(role)?, warnings))
    }

    /// The file of a role.
    pub fn path(&self, role: Role) -> PathBuf {
        self.directory().join(role.name())
    }

    fn directory(&self) -> PathBuf {
        self.state.join("tokens")
    }

    fn make(&self, role: Role) -> io::Result<Vec<Warning>> {
        let mut warnings = Vec::new();
        let directory = self.directory();
        disk::state_directory(&self.state)?;
        if disk::private_directory(&directory, &mut warnings)? {
            disk::sync_directory(&self.state)?;
        }
        warnings.extend(disk::remove_leftovers(&directory)?);
        let token = Token::generate(role)?;
        let draft = Draft::write(&directory, token.line().as_bytes())?;
        draft.sync()?;
        draft.publish_new(role.name())?;
        disk::sync_directory(&directory)?;
        Ok(warnings)
    }

    /// Takes away what lets others enter the directory, if something does.
    pub fn narrow(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if fs::symlink_metadata(self.directory()).is_ok() {
            // It is there, so what is wrong with it is among the warnings.
            let _ = disk::private_directory(&self.directory(), &mut warnings);
        }
        warnings
    }
}

/// Why there is no token of a role. Nobody is let in by that role then.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The system does not let its file be read, or there is none.
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Its file holds no token.
    #[error("{} {error}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: InvalidToken,
    },
    /// There was none, and none can be made.
    #[error("cannot make {}: {error}", .path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

impl TokenError {
    /// The stable word for the reason in logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } if self.is_missing() => "token_file_missing",
            Self::Unreadable { .. } => "token_file_unreadable",
            Self::Invalid { error, .. } => error.code(),
            Self::NotMade { .. } => "token_file_not_made",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } if self.is_missing() => "`lockgate token` makes a new one",
            Self::Unreadable { .. } => {
                "run it as the user that lockgate runs as, to whom the state directory belongs"
            }
            Self::Invalid { .. } => {
                "write 32 characters or more into it, or remove it: `lockgate token` makes a new one"
            }
            Self::NotMade { .. } => {
                "let state.directory in lockgate.toml name a place that can be written"
            }
        }
    }

    /// Whether there is no file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { error, .. }
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_token_is_made_once_and_for_its_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(root.path().join("state"));
        assert!(tokens.read(Role::Viewer).unwrap_err().is_missing());
        for role in Role::ALL {
            let (made, warnings) = tokens.ensure(role).unwrap();
            assert!(warnings.is_empty());
            let (again, _) = tokens.ensure(role).unwrap();
            assert!(again.is(made.reveal().as_bytes()));
            assert!(made.reveal().starts_with(role.prefix()));
            assert_eq!(mode(&tokens.path(role)), 0o600);
        }
        assert_eq!(mode(&tokens.directory()), 0o700);
        let [viewer, operator] = Role::ALL.map(|role| tokens.read(role).unwrap());
        assert!(!viewer.is(operator.reveal().as_bytes()));
        let entries = fs::read_dir(tokens.directory()).unwrap();
        assert_eq!(entries.count(), 2, "no draft is left");
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(root.path().to_owned());
        tokens.ensure(Role::Operator).unwrap();
        let path = tokens.path(Role::Operator);
        for (content, code) in [
            ("", "token_file_empty"),
            ("short\n", "token_file_too_short"),
        ] {
            fs::write(&path, content).unwrap();
            let error = tokens.ensure(Role::Operator).unwrap_err();
            assert_eq!(error.code(), code);
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = tokens.ensure(Role::Operator).unwrap_err();
        assert_eq!(error.code(), "token_file_unreadable");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Tokens::new(file).ensure(Role::Viewer).unwrap_err();
        assert_eq!(error.code(), "token_file_not_made");
    }

    #[test]
    fn others_are_kept_out_of_the_directory() {
        let root = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(root.path().to_owned());
        assert!(tokens.narrow().is_empty());
        tokens.ensure(Role::Viewer).unwrap();
        fs::set_permissions(tokens.directory(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(tokens.narrow()[0].code(), "state_mode_narrowed");
        assert_eq!(mode(&tokens.directory()), 0o700);
    }
}
