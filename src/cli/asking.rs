use std::path::Path;

use serde::de::DeserializeOwned;

use super::client::{self, Answer, Ask, Client};
use super::failed::Failed;
use super::printed::Printed;
use super::status::Show;
use crate::state::Role;

/// What every command takes that asks the running process.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Asking {
    /// Print the JSON that the process answers with.
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    client: client::Options,
}

impl Asking {
    /// Finds the process, and a token that is good for this role.
    pub(super) fn client(&self, directory: &Path, role: Role) -> Result<Client, Failed> {
        Ok(Client::find(directory, &self.client, role)?)
    }

    /// Shows one thing.
    pub(super) fn show<T: Show>(
        &self,
        directory: &Path,
        target: String,
    ) -> Result<Printed, Failed> {
        let answer = self
            .client(directory, Role::Viewer)?
            .ask(&Ask::get(target).over_files())?;
        let thing: T = self.read(&answer)?;
        if self.json {
            return Ok(Printed::done(json(&answer)));
        }
        let mut text = String::new();
        thing.show(&mut text).expect("a string takes all");
        Ok(Printed::done(text))
    }

    /// Reads what was asked for, or why the process does not give it.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Failed> {
        if answer.status.is_success() {
            return Ok(answer.read()?);
        }
        let failure = answer.read()?;
        Err(match self.json {
            true => Failed::RefusedInJson(json(answer)),
            false => Failed::Refused(Box::new(failure)),
        })
    }
}

/// The answer as it came.
pub(super) fn json(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned() + "\n"
}
