//! The command line.

mod certificates;
mod check;
mod client;
mod status;
mod summary;
mod token;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::App;
use crate::telemetry;

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
    /// SIGHUP reloads; SIGTERM stops once the viewers are gone or `timeouts.drain` is over.
    Run,
    /// List every problem of the configuration directory, and exit with 1 if there is one.
    Check,
    /// Look into the history of certificates, and go back to a version of it.
    Certificates {
        #[command(subcommand)]
        command: certificates::Command,
    },
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
    },
}

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
        Some(Command::Certificates { command }) => certificates::run(&args.config, command),
        Some(Command::Token { role }) => token::run(&args.config, *role),
        Some(Command::Status(status)) => status::run(&args.config, status),
        Some(Command::Run) | None => run(args).map(|()| ExitCode::SUCCESS),
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let _log = telemetry::init();
    let app = App::start(&args.config)?;
    app.log();
    // Nobody may be there to read it; that is no reason not to serve.
    let _ = write!(io::stdout(), "{}", summary::Summary::of(&app));
    Ok(app.run()?)
}
