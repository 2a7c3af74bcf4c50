//! `lockgate status`: asks the running process, over its admin listener.

mod ask;
mod certificate;
mod domain;
mod failure;
mod line;
mod overview;
mod problem;

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use serde::de::DeserializeOwned;

use crate::admin::{encode, view};
use ask::{Answer, Unasked, ask};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Print the JSON that the process answers with.
    #[arg(long, global = true)]
    json: bool,

    /// Ask at this address; that of admin.listen in lockgate.toml if left out.
    #[arg(long, global = true, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,

    #[command(subcommand)]
    of: Option<Of>,
}

#[derive(Clone, Debug, Subcommand)]
enum Of {
    /// Show one domain: its state, certificate, proof of service, settings and problems.
    ///
    /// A name that only a wildcard serves shows that wildcard.
    Domain {
        /// The domain's name.
        name: String,
    },
    /// Show one certificate: its pairs, names, domains and problems.
    Certificate {
        /// The certificate's name.
        name: String,
    },
}

/// Asks, and prints the answer: 0 when all is well, 1 when there are problems, 2 when the process
/// cannot be asked.
pub(super) fn run(directory: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    let shown = match asked(directory, args) {
        Ok(shown) => shown,
        Err(unasked) => {
            let hint = unasked.hint();
            writeln!(io::stderr(), "lockgate: {unasked}; {hint}")?;
            return Ok(ExitCode::from(NOT_ASKED));
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(shown.text.as_bytes())?;
    Ok(match shown.well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

const NOT_ASKED: u8 = 2;

/// An answer, for a person.
trait Show: DeserializeOwned {
    fn show(&self, out: &mut String) -> fmt::Result;

    fn is_well(&self) -> bool;
}

/// What is printed, and whether all is well.
struct Shown {
    text: String,
    well: bool,
}

fn asked(directory: &Path, args: &Args) -> Result<Shown, Unasked> {
    let address = match args.admin {
        Some(address) => address,
        None => ask::address(directory)?,
    };
    let target = match &args.of {
        None => "/status".to_owned(),
        Some(Of::Domain { name }) => format!("/status/domains/{}", encode(name)),
        Some(Of::Certificate { name }) => format!("/status/certificates/{}", encode(name)),
    };
    let answer = ask(address, &target)?;
    let mut shown = match &args.of {
        _ if !answer.status.is_success() => read::<view::Failure>(&answer)?,
        None => read::<view::Status>(&answer)?,
        Some(Of::Domain { .. }) => read::<view::Domain>(&answer)?,
        Some(Of::Certificate { .. }) => read::<view::Certificate>(&answer)?,
    };
    if args.json {
        shown.text = String::from_utf8_lossy(&answer.body).into_owned() + "\n";
    }
    Ok(shown)
}

fn read<T: Show>(answer: &Answer) -> Result<Shown, Unasked> {
    let view = serde_json::from_slice::<T>(&answer.body);
    let view = view.map_err(|error| Unasked::Json(answer.address, error))?;
    let mut text = String::new();
    view.show(&mut text).expect("a string takes all");
    let well = view.is_well();
    Ok(Shown { text, well })
}
