//! `lockgate status`: asks the running process, over its admin listener.

mod certificate;
mod domain;
mod failure;
mod overview;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::client::{self, Answer, Ask, Client, Unasked};
use crate::admin::{encode, view};
use crate::state::Role;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Print the JSON that the process answers with.
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    client: client::Options,

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
            let (hint, offline) = (unasked.hint(), offline_hint(&unasked));
            writeln!(io::stderr(), "lockgate: {unasked}; {hint}{offline}")?;
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

/// What can be looked at without a running process.
fn offline_hint(unasked: &Unasked) -> &'static str {
    match unasked {
        Unasked::Connect(..) => {
            "; while it does not run, lockgate check and lockgate domains list look at the files"
        }
        _ => "",
    }
}

const NOT_ASKED: u8 = 2;

/// An answer, for a person.
pub(super) trait Show: DeserializeOwned {
    fn show(&self, out: &mut String) -> fmt::Result;

    fn is_well(&self) -> bool;
}

/// What is printed, and whether all is well.
struct Shown {
    text: String,
    well: bool,
}

fn asked(directory: &Path, args: &Args) -> Result<Shown, Unasked> {
    let target = match &args.of {
        None => "/api/v1/status".to_owned(),
        Some(Of::Domain { name }) => format!("/api/v1/domains/{}", encode(name)),
        Some(Of::Certificate { name }) => format!("/api/v1/certificates/{}", encode(name)),
    };
    let client = Client::find(directory, &args.client, Role::Viewer)?;
    let answer = client.ask(&Ask::get(target))?;
    let mut shown = match &args.of {
        _ if answer.status == StatusCode::NOT_FOUND => read::<view::Failure>(&answer)?,
        _ if answer.status != StatusCode::OK => return Err(answer.unexpected()),
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
    let view: T = answer.read()?;
    let mut text = String::new();
    view.show(&mut text).expect("a string takes all");
    let well = view.is_well();
    Ok(Shown { text, well })
}
