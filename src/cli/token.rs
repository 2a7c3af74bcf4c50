use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::client::{Endpoint, Unasked, find};
use crate::admin::encode;
use crate::config::Admin;
use crate::state::{Role, Token, Tokens};

/// Prints a token and nothing else, so that it can be put into a variable or a file; or a link to
/// the console that brings it along.
pub(super) fn run(directory: &Path, role: RoleName, link: bool) -> anyhow::Result<ExitCode> {
    let failed = |error: Unasked| anyhow::anyhow!("{error}; {}", error.hint());
    let found = find(directory).map_err(failed)?;
    let state = directory.join(&found.state);
    let token = Tokens::new(state).ensure(role.role());
    let (token, warnings) = token.map_err(|error| failed(error.into()))?;
    for warning in warnings {
        writeln!(io::stderr(), "{warning}; {}", warning.hint())?;
    }
    let text = match link {
        true => console_link(directory, &found.admin, &token).map_err(failed)?,
        false => token.reveal().to_owned(),
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// The console with a token that only the browser sees: what stands behind `#` is not sent (RFC 9110
/// section 7.1).
fn console_link(directory: &Path, admin: &Admin, token: &Token) -> Result<String, Unasked> {
    match Endpoint::of(directory, admin)? {
        Endpoint::Unix(path) => Err(Unasked::NoBrowser(path)),
        endpoint => Ok(format!("{endpoint}/#token={}", encode(token.reveal()))),
    }
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
