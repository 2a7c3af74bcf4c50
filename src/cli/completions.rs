use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::printed::Printed;

/// What a shell reads to complete the commands and their options.
pub(super) fn script(shell: Shell) -> Printed {
    let mut command = super::Args::command();
    let mut script = Vec::new();
    generate(shell, &mut command, "lockgate", &mut script);
    Printed::done(String::from_utf8_lossy(&script).into_owned())
}
