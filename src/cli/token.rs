use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::client::{Unasked, find};
use crate::state::{Role, Tokens};

/// Prints a token and nothing else, so that it can be put into a variable or a file.
pub(super) fn run(directory: &Path, role: RoleName) -> anyhow::Result<ExitCode> {
    let failed = |error: Unasked| anyhow::anyhow!("{error}; {}", error.hint());
    let state = directory.join(find(directory).map_err(failed)?.state);
    let token = Tokens::new(state).ensure(role.role());
    let (token, warnings) = token.map_err(|error| failed(error.into()))?;
    for warning in warnings {
        writeln!(io::stderr(), "{warning}; {}", warning.hint())?;
    }
    writeln!(io::stdout(), "{}", token.reveal())?;
    Ok(ExitCode::SUCCESS)
}

/// A role as it is typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum RoleName {
    /// May look at everything, and change nothing.
    Viewer,
    /// May do everything.
    Operator,
}

impl RoleName {
    fn role(self) -> Role {
        match self {
            Self::Viewer => Role::Viewer,
            Self::Operator => Role::Operator,
        }
    }
}
