//! `lockgate domains`: what is served, and where it comes from.

mod assignment;
mod keys;
mod row;

use std::path::Path;

use clap::Subcommand;
use http::Method;

use super::ASKING;
use super::asking::Asking;
use super::change::{self, Careful, Change};
use super::failed::Failed;
use super::list;
use super::printed::Printed;
use crate::admin::encode;
use crate::admin::view::Domain;
use assignment::KeyName;
use keys::Keys;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// List the domains: how each is served, with which certificate, and from where.
    #[command(after_help = ASKING)]
    List(list::Options),
    /// Show one domain: its state, certificate, proof of service, settings and problems.
    ///
    /// A name that only a wildcard serves shows that wildcard.
    #[command(after_help = ASKING)]
    Show {
        /// The domain's name.
        name: String,

        #[command(flatten)]
        asking: Asking,
    },
    /// Add a domain, in a file of its own.
    #[command(after_help = ASKING)]
    Add {
        /// A host name, or `*.` and a host name.
        name: String,

        #[command(flatten)]
        keys: Keys,

        #[command(flatten)]
        options: change::Options,
    },
    /// Change keys of a domain's table, where it stands; the rest of its file stays as it is.
    #[command(after_help = ASKING)]
    Set {
        /// The domain's name.
        name: String,

        #[command(flatten)]
        keys: Keys,

        /// Remove a key: its default holds again. Repeat it for more.
        #[arg(long, value_name = "KEY")]
        unset: Vec<KeyName>,

        #[command(flatten)]
        options: change::Options,
    },
    /// Remove a domain: it is served no more, at once.
    ///
    /// On a terminal, it first tells how many viewers have to leave, and asks.
    #[command(after_help = ASKING)]
    Remove {
        /// The domain's name.
        name: String,

        #[command(flatten)]
        careful: Careful,
    },
}

pub(super) fn run(directory: &Path, command: &Command) -> Result<Printed, Failed> {
    match command {
        Command::List(options) => list::run::<Domain>(directory, options),
        Command::Show { name, asking } => {
            asking.show::<Domain>(directory, format!("/api/v1{}", target(name)))
        }
        Command::Add {
            name,
            keys,
            options,
        } => change::run(directory, options, &add(name, keys)?),
        Command::Set {
            name,
            keys,
            unset,
            options,
        } => change::run(directory, options, &set(name, keys, unset)?),
        Command::Remove { name, careful } => {
            let remove = Change::new(Method::DELETE, target(name));
            change::run_carefully(directory, careful, &remove)
        }
    }
}

fn add(name: &str, keys: &Keys) -> Result<Change, Failed> {
    let mut object = keys.object(&[])?;
    match object.insert("name".to_owned(), name.into()) {
        None => Ok(Change::new(Method::POST, "/domains").json(object.into())),
        Some(_) => Err(Failed::KeyTwice("name".to_owned())),
    }
}

fn set(name: &str, keys: &Keys, unset: &[KeyName]) -> Result<Change, Failed> {
    let object = keys.object(unset)?;
    Ok(Change::new(Method::PATCH, target(name)).json(object.into()))
}

fn target(name: &str) -> String {
    format!("/domains/{}", encode(name))
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

    fn request(line: &str) -> Result<String, String> {
        let words = std::iter::once("domains").chain(line.split(' '));
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        let change = match line.command {
            Command::Add { name, keys, .. } => add(&name, &keys),
            Command::Set {
                name, keys, unset, ..
            } => set(&name, &keys, &unset),
            other => panic!("{other:?}"),
        };
        change.map(|it| written(&it)).map_err(|it| it.to_string())
    }

    #[test]
    fn options_become_keys_of_the_table() {
        for (line, expected) in [
            (
                "add a.test --origin http://a --origin http://b --certificate c --http redirect",
                r#"POST /api/v1/domains {"certificate":"c","http":"redirect","name":"a.test","origins":["http://a","http://b"]}"#,
            ),
            (
                r#"set *.a.test --https off --remarks x --set tls.min_version="1.3" --set tls.alpn=["h2"]"#,
                r#"PATCH /api/v1/domains/*.a.test {"https":false,"remarks":"x","tls":{"alpn":["h2"],"min_version":"1.3"}}"#,
            ),
            (
                "set a/b --unset remarks --unset tls.client_ca --set redirect_status=308",
                r#"PATCH /api/v1/domains/a%2Fb {"redirect_status":308,"remarks":null,"tls":{"client_ca":null}}"#,
            ),
            ("set a.test", "PATCH /api/v1/domains/a.test {}"),
        ] {
            assert_eq!(request(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (line, words) in [
            (
                "set a.test --https on --set https=true",
                "`https` is said twice",
            ),
            (
                "set a.test --set tls.alpn=[] --unset tls",
                "`tls` is said twice",
            ),
            ("add a.test --set name=\"b.test\"", "`name` is said twice"),
            ("set a.test --set http=redirect", "texts stand in quotes"),
            ("set a.test --set http", "KEY=VALUE"),
            ("set a.test --set x=1.5", "a text, a number"),
            ("set a.test --unset a=b", "no key"),
            (
                "set a.test --http maybe",
                "possible values: serve, redirect",
            ),
            ("add", "NAME"),
        ] {
            let error = request(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
