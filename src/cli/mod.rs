//! The command line.

mod asking;
mod bindings;
mod certificates;
mod change;
mod check;
mod client;
mod completions;
mod domains;
mod failed;
mod list;
mod printed;
mod status;
mod summary;
mod switch;
mod text;
mod token;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::app::App;
use crate::telemetry;
use printed::print;

/// TLS-terminating edge reverse proxy for live-streaming playback domains.
///
/// Chooses each domain's certificate by SNI, takes over new certificates as soon as their files are
/// dropped into the watched directory, and serves a domain over plain HTTP while its HTTPS is off
/// or no certificate is bound to it.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, after_help = AFTER_HELP)]
pub struct Args {
    /// The configuration directory.
    #[arg(long, global = true, value_name = "DIR", default_value = "config")]
    config: PathBuf,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Serve the domains of the configuration directory (the default).
    ///
    /// SIGHUP reloads; SIGUSR2 has the program at the same path take over; SIGTERM ends what runs over `timeouts.drain`, and stops.
    Run {
        /// Take over from the process that runs with the same state directory.
        ///
        /// It hands over its sockets and ticket keys: no connect is refused, and sessions resume.
        /// Once this process serves, the other one drains.
        #[arg(long)]
        upgrade: bool,
    },
    /// List every problem of the configuration directory, and exit with 1 if there is one.
    Check,
    /// List, show, add, change and remove domains.
    Domains {
        #[command(subcommand)]
        command: domains::Command,
    },
    /// List, show, add, update and delete certificates, and go back in their history.
    ///
    /// `history` and `rollback` work on the state directory, also while lockgate does not run.
    Certificates {
        #[command(subcommand)]
        command: certificates::Command,
    },
    /// Bind a certificate to domains, and switch their HTTPS on.
    ///
    /// Domains that the certificate is not valid for are left as they were, and told.
    #[command(after_help = ASKING)]
    Bind(bindings::Bind),
    /// Take the certificate from domains: they go to plain HTTP.
    ///
    /// On a terminal, it first tells which domains lose HTTPS and how many viewers have to leave,
    /// and asks.
    #[command(after_help = ASKING)]
    Unbind(bindings::Unbind),
    /// Switch the HTTPS of domains on or off.
    ///
    /// Before it goes off, on a terminal, it first tells how many viewers have to leave, and asks.
    #[command(after_help = ASKING)]
    Https(bindings::Https),
    /// Read all files again, as SIGHUP does, and tell which problems began.
    #[command(after_help = ASKING_PROCESS)]
    Reload(change::Options),
    /// Ask the running process how it is.
    ///
    /// Shows what is in place and since when, every problem with what to do about it, domains that
    /// are served otherwise than wanted, and certificates near their end. Exits with 0 when all is
    /// well, with 1 when there are problems, and with 2 when the process cannot be asked.
    Status(status::Args),
    /// Print the token that lets somebody in at the admin listener.
    ///
    /// It is made if there is none yet; run this as the user that lockgate runs as. Send it as
    /// `Authorization: Bearer TOKEN`, and keep it like a private key.
    Token {
        /// What the token is good for.
        #[arg(long, value_enum, default_value_t = token::RoleName::Operator)]
        role: token::RoleName,
        /// Print a link that opens the web console and logs in.
        ///
        /// The token stands behind the `#`, which browsers never send.
        #[arg(long)]
        link: bool,
    },
    /// Print what a shell completes the commands with.
    ///
    /// For bash: lockgate completions bash > /etc/bash_completion.d/lockgate
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

const ASKING: &str = "\
Asks the running process, with its token: run it as the user that lockgate runs as, or name both
with --admin and --token-file. A change is made in the files of the configuration directory, and
answered when it is served.

Where nobody listens and --admin names nobody, the same is done with the files of --config, without
a token; standard error says so. A start serves it then.

Exits with 0 when it is done, with 1 when some of it is not (the reasons are printed), and with 2
when all of it is refused, or the process cannot be asked.";

const ASKING_PROCESS: &str = "\
Asks the running process, with its token: run it as the user that lockgate runs as, or name both
with --admin and --token-file. While it does not run, `lockgate check` looks at the files.

Exits with 0 when it is done, with 1 when something is refused since, and with 2 when the process
cannot be asked.";

const AFTER_HELP: &str = "\
Files in the configuration directory:
  lockgate.toml      listeners, deadlines, defaults; every key is optional
  domains/*.toml     [[domain]] tables: name, origins, certificate, https, http
  certificates/      NAME/fullchain.pem + privkey.pem, NAME.pem, and other layouts

Environment:
  RUST_LOG           what is logged, e.g. \"info\" (the default), \"debug\", \"warn,access=off\"";

/// Does what the command line says.
///
/// # Errors
///
/// When the program cannot start, or cannot write what it has to say.
pub fn main(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Some(Command::Check) => check::run(&args.config),
        Some(Command::Domains { command }) => print(domains::run(&args.config, command)),
        Some(Command::Certificates { command }) => certificates::run(&args.config, command),
        Some(Command::Bind(bind)) => print(bindings::bind(&args.config, bind)),
        Some(Command::Unbind(unbind)) => print(bindings::unbind(&args.config, unbind)),
        Some(Command::Https(https)) => print(bindings::https(&args.config, https)),
        Some(Command::Reload(options)) => print(bindings::reload(&args.config, options)),
        Some(Command::Completions { shell }) => print(Ok(completions::script(*shell))),
        Some(Command::Token { role, link }) => token::run(&args.config, *role, *link),
        Some(Command::Status(status)) => status::run(&args.config, status),
        Some(Command::Run { upgrade }) => run(args, *upgrade),
        None => run(args, false),
    }
}

fn run(args: &Args, upgrade: bool) -> anyhow::Result<ExitCode> {
    let _log = telemetry::init();
    let app = App::start(&args.config, upgrade)?;
    app.log();
    // Nobody may be there to read it; that is no reason not to serve.
    let _ = write!(io::stdout(), "{}", summary::Summary::of(&app));
    app.run()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_two_options_of_a_command_have_the_same_name() {
        Args::command().debug_assert();
    }
}
