//! `lockgate certificates`: what is in use, over the running process; and what history keeps, which
//! is looked up in the state directory.

mod row;
mod shelf;
mod upload;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use http::Method;
use serde_json::{Map, Value, json};

use super::ASKING;
use super::asking::Asking;
use super::change::{self, Careful, Change, Force};
use super::failed::Failed;
use super::list;
use super::printed::{Printed, print};
use crate::admin::encode;
use crate::admin::view::Certificate;
use upload::Pairs;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// List the certificates in use: their keys, how long they are valid, and for how many domains.
    #[command(after_help = ASKING)]
    List(list::Options),
    /// Show one certificate: its pairs, names, domains and problems.
    #[command(after_help = ASKING)]
    Show {
        /// The certificate's name.
        name: String,

        #[command(flatten)]
        asking: Asking,
    },
    /// Add a certificate, in a directory of its own; `bind` gives it to domains.
    #[command(after_help = ASKING)]
    Add(Add),
    /// Put another version of a certificate in place, or change what its certificate.toml says.
    ///
    /// No running connection notices. A version that is worse than the one in use is refused, unless
    /// --force says otherwise.
    #[command(after_help = ASKING)]
    Update(Update),
    /// Unbind a certificate from its domains, which go to plain HTTP, and remove its files.
    ///
    /// History keeps its versions. On a terminal, it first tells which domains lose HTTPS and how
    /// many viewers have to leave, and asks.
    #[command(after_help = ASKING)]
    Delete {
        /// The certificate's name.
        name: String,

        #[command(flatten)]
        force: Force,

        #[command(flatten)]
        careful: Careful,
    },
    #[command(flatten)]
    Shelf(shelf::Command),
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Add {
    /// Its name, which becomes that of the directory.
    name: String,

    #[command(flatten)]
    pairs: Pairs,

    /// Words of your own.
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,

    /// Put versions in use also where they would be held back, from now on.
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    options: change::Options,
}

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Update {
    /// The certificate's name.
    name: String,

    #[command(flatten)]
    pairs: Pairs,

    /// Words of your own.
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,

    /// Put versions in use also where they would be held back, from now on.
    #[arg(long)]
    force: bool,

    /// Hold back again what is worse than the version in use.
    #[arg(long, conflicts_with = "force")]
    no_force: bool,

    #[command(flatten)]
    options: change::Options,
}

pub(super) fn run(directory: &Path, command: &Command) -> anyhow::Result<ExitCode> {
    let printed = match command {
        Command::List(options) => list::run::<Certificate>(directory, options),
        Command::Show { name, asking } => {
            asking.show::<Certificate>(directory, format!("/api/v1{}", target(name)))
        }
        Command::Add(add) => add.run(directory),
        Command::Update(update) => update.run(directory),
        Command::Delete {
            name,
            force,
            careful,
        } => {
            let delete = Change::new(Method::DELETE, target(name)).query(force.query());
            change::run_carefully(directory, careful, &delete)
        }
        Command::Shelf(command) => return shelf::run(directory, command),
    };
    print(printed)
}

impl Add {
    fn run(&self, directory: &Path) -> Result<Printed, Failed> {
        change::run(directory, &self.options, &self.change()?)
    }

    fn change(&self) -> Result<Change, Failed> {
        let force = self.force.then_some(json!(true));
        let mut body = options(self.remarks.as_ref(), force);
        body.insert("pairs".to_owned(), self.pairs.read()?);
        let change = Change::new(Method::PUT, target(&self.name));
        Ok(change.json(body.into()).if_new())
    }
}

impl Update {
    fn run(&self, directory: &Path) -> Result<Printed, Failed> {
        change::run(directory, &self.options, &self.change()?)
    }

    fn change(&self) -> Result<Change, Failed> {
        let force = match (self.force, self.no_force) {
            (true, _) => Some(json!(true)),
            (_, true) => Some(Value::Null),
            _ => None,
        };
        let mut body = options(self.remarks.as_ref(), force);
        let method = match self.pairs.is_empty() {
            true => Method::PATCH,
            false => {
                body.insert("pairs".to_owned(), self.pairs.read()?);
                Method::PUT
            }
        };
        let change = Change::new(method, target(&self.name));
        Ok(change.json(body.into()).if_there())
    }
}

/// What certificate.toml shall say.
fn options(remarks: Option<&String>, force: Option<Value>) -> Map<String, Value> {
    let remarks = remarks.map(|text| ("remarks".to_owned(), json!(text)));
    let force = force.map(|force| ("force".to_owned(), force));
    remarks.into_iter().chain(force).collect()
}

fn target(name: &str) -> String {
    format!("/certificates/{}", encode(name))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::change::tests::written;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    /// What is asked for; in the line, `@` is a directory with `chain` and `key` in it.
    fn request(line: &str) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        for name in ["chain", "key"] {
            std::fs::write(directory.path().join(name), name.to_uppercase()).unwrap();
        }
        std::fs::write(directory.path().join("der"), [0x30, 0x82, 0xff]).unwrap();
        let line = line.replace('@', &directory.path().display().to_string());
        let words = std::iter::once("certificates").chain(line.split(' '));
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        let change = match line.command {
            Command::Add(add) => add.change(),
            Command::Update(update) => update.change(),
            other => panic!("{other:?}"),
        };
        change.map(|it| written(&it)).map_err(|it| it.to_string())
    }

    #[test]
    fn files_and_options_become_a_body() {
        for (line, expected) in [
            (
                "add a --chain @/chain --key @/key --force",
                r#"PUT /api/v1/certificates/a {"force":true,"pairs":[{"chain":"CHAIN","key":"KEY"}]} if new"#,
            ),
            (
                "update a%b --chain @/chain --key @/key --chain @/key --key @/chain --remarks x",
                r#"PUT /api/v1/certificates/a%25b {"pairs":[{"chain":"CHAIN","key":"KEY"},{"chain":"KEY","key":"CHAIN"}],"remarks":"x"} if there"#,
            ),
            (
                "update a --remarks x --no-force",
                r#"PATCH /api/v1/certificates/a {"force":null,"remarks":"x"} if there"#,
            ),
        ] {
            assert_eq!(request(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn files_that_make_no_pair_are_told() {
        for (line, words) in [
            ("add a", "0 of --chain and 0 of --key"),
            ("update a --chain @/chain", "1 of --chain and 0 of --key"),
            ("add a --chain @/none --key @/key", "/none: No such file"),
            ("add a --chain @/der --key @/key", "/der is not text"),
            ("update a --force --no-force", "cannot be used with"),
        ] {
            let error = request(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
