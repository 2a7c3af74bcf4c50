//! Asking the running process, over its admin listener: where it is, what lets us in, and what it
//! answers. Where none listens, the same is asked of its files, in this process. What a command asks
//! for is its own affair.

mod answer;
mod ask;
mod connect;
mod endpoint;
mod files;
mod find;
mod pass;
mod unasked;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Request;
use rustls::crypto::aws_lc_rs;
use tokio::runtime::{self, LocalOptions};
use tokio::time::timeout;

pub(super) use answer::{Answer, Through};
pub(super) use ask::Ask;
pub(super) use endpoint::Endpoint;
use files::{Files, nobody_listens};
pub(super) use find::find;
use pass::Pass;
pub(super) use unasked::Unasked;

use crate::origin::Connector;
use crate::state::Role;

/// How a command finds the process, where the configuration directory is not enough.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Options {
    /// Ask at this URL: http://HOST:PORT, https://HOST:PORT, unix:PATH, or ADDRESS:PORT; at
    /// admin.listen of lockgate.toml if left out.
    #[arg(long, global = true, value_name = "URL")]
    admin: Option<Endpoint>,

    /// The file with the token; that of the state directory if left out.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Roots in PEM that verify an https URL, beside the public ones.
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Asks one process.
#[derive(Debug)]
pub(super) struct Client {
    endpoint: Endpoint,
    pass: Pass,
    connector: Connector,
    /// None where somebody named the process.
    files: Option<Files>,
}

impl Client {
    /// Finds the process of a configuration directory, or the one that the options name, and a
    /// token that is good for this role there.
    ///
    /// # Errors
    ///
    /// When it is not clear where to ask, or a file that the options name cannot be used. A token
    /// that cannot be found is told when it turns out to be needed.
    pub(super) fn find(directory: &Path, options: &Options, role: Role) -> Result<Self, Unasked> {
        let (endpoint, found) = match (&options.admin, find(directory)) {
            // What is not ours must not get our token.
            (Some(named), found) => (named.clone(), found.ok().filter(|_| named.is_local())),
            (None, found) => {
                let found = found?;
                (Endpoint::of(directory, &found.admin)?, Some(found))
            }
        };
        let state = found.map(|found| directory.join(found.state));
        let pass = match &options.token_file {
            Some(file) => Pass::of_file(file)?,
            None => Pass::of_state(state, role),
        };
        let roots = match &options.ca {
            Some(path) => std::fs::read(path).map_err(|error| Unasked::Ca(path.clone(), error))?,
            None => Vec::new(),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        Ok(Self {
            endpoint,
            pass,
            connector: Connector::new(&roots, provider).map_err(Unasked::Roots)?,
            files: match options.admin {
                Some(_) => None,
                None => Some(Files::new(directory.to_owned())),
            },
        })
    }

    /// Asks, and reads the answer, whatever its status is. It comes from the files if no process
    /// listens, and the question may be put to them.
    ///
    /// # Errors
    ///
    /// When there is no answer, or we are not let in.
    pub(super) fn ask(&self, ask: &Ask) -> Result<Answer, Unasked> {
        let files = self.files.as_ref().filter(|_| ask.may_go_over_files());
        let Some(files) = files else {
            return self.ask_process(ask);
        };
        // The parts of a list belong together.
        if !(ask.is_question() && files.are_read()) {
            match self.ask_process(ask) {
                Err(Unasked::Connect(_, error)) if nobody_listens(&error) => {}
                asked => return asked,
            }
        }
        files.answer(ask, self.request(ask)?, &self.endpoint)
    }

    fn request(&self, ask: &Ask) -> Result<Request<String>, Unasked> {
        Ok(ask.request(&self.endpoint.host(), &self.pass)?)
    }

    fn ask_process(&self, ask: &Ask) -> Result<Answer, Unasked> {
        let mut builder = runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build_local(LocalOptions::default());
        let runtime = runtime.map_err(Unasked::Runtime)?;
        let request = self.request(ask)?;
        let answer = runtime.block_on(async {
            let answer = connect::ask(&self.endpoint, &self.connector, request);
            timeout(ask.longest(), answer).await
        });
        let slow = |_| Unasked::Timeout(self.endpoint.clone());
        let answer = answer.map_err(slow)??;
        match answer.status.as_u16() {
            401 | 403 | 429 => Err(Unasked::not_let_in(&answer, &self.pass)),
            _ => Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_ours_is_not_sent_to_strangers() {
        let root = tempfile::tempdir().unwrap();
        let config = root.path().join("config");
        std::fs::create_dir(&config).unwrap();
        let tokens = crate::state::Tokens::new(root.path().join("state"));
        tokens.ensure(Role::Viewer).unwrap();
        let has_token = |url: Option<&str>| {
            let options = Options {
                admin: url.map(|url| url.parse().unwrap()),
                ..Options::default()
            };
            let client = Client::find(&config, &options, Role::Viewer).unwrap();
            client.pass.authorization().is_some()
        };
        for own in [
            None,
            Some("127.0.0.1:9"),
            Some("unix:a"),
            Some("http://localhost:9"),
        ] {
            assert!(has_token(own), "{own:?}");
        }
        for strange in ["http://192.0.2.1:9", "https://admin.example.com"] {
            assert!(!has_token(Some(strange)), "{strange}");
        }
    }
}
