//! Asking the running process, over its admin listener: where it is, what lets us in, and what it
//! answers. What a command asks for is its own affair.

mod answer;
mod connect;
mod endpoint;
mod find;
mod pass;
mod unasked;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderValue, Method, Request};
use rustls::crypto::aws_lc_rs;
use tokio::runtime::{self, LocalOptions};
use tokio::time::timeout;

pub(super) use answer::Answer;
pub(super) use endpoint::Endpoint;
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
}

/// A request.
#[derive(Clone)]
pub(super) struct Ask {
    method: Method,
    target: String,
    json: Option<String>,
    condition: Option<HeaderName>,
}

impl Ask {
    /// Asks for a target, whose names are percent-encoded.
    pub(super) fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    /// The same with another method.
    pub(super) fn new(method: Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            json: None,
            condition: None,
        }
    }

    /// With a body.
    pub(super) fn json(self, json: String) -> Self {
        let json = Some(json);
        Self { json, ..self }
    }

    /// Only if it is there.
    pub(super) fn if_there(self) -> Self {
        let condition = Some(IF_MATCH);
        Self { condition, ..self }
    }

    /// Only if it is not there yet.
    pub(super) fn if_new(self) -> Self {
        let condition = Some(IF_NONE_MATCH);
        Self { condition, ..self }
    }

    /// How long the whole exchange may take. A change is answered when it is served, and may have
    /// to wait for others: the process itself gives it 90 seconds.
    fn longest(&self) -> Duration {
        match self.method {
            Method::GET => Duration::from_secs(10),
            _ => Duration::from_secs(100),
        }
    }

    fn request(&self, host: &str, pass: &Pass) -> Result<Request<String>, http::Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(HOST, host);
        if let Some(authorization) = pass.authorization() {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(condition) = &self.condition {
            request = request.header(condition, HeaderValue::from_static("*"));
        }
        if self.json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(self.json.clone().unwrap_or_default())
    }
}

/// Leaves out the body: it may have a private key in it.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target)
    }
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
        })
    }

    /// Asks, and reads the answer, whatever its status is.
    ///
    /// # Errors
    ///
    /// When there is no answer, or we are not let in.
    pub(super) fn ask(&self, ask: &Ask) -> Result<Answer, Unasked> {
        let mut builder = runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build_local(LocalOptions::default());
        let runtime = runtime.map_err(Unasked::Runtime)?;
        let request = ask.request(&self.endpoint.host(), &self.pass)?;
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
    fn a_request_has_all_that_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        let token = "a".repeat(32);
        std::fs::write(&file, &token).unwrap();
        let pass = Pass::of_file(&file).unwrap();
        let ask = Ask::new(Method::PUT, "/api/v1/domains/a.test");
        let ask = ask.json("{\"key\":\"secret\"}".to_owned()).if_there();
        assert_eq!(format!("{ask:?}"), "PUT /api/v1/domains/a.test");
        let request = ask.request("localhost:1", &pass).unwrap();
        assert_eq!(request.method(), Method::PUT);
        assert_eq!(request.body(), "{\"key\":\"secret\"}");
        for (name, value) in [
            ("host", "localhost:1"),
            ("content-type", "application/json"),
            ("if-match", "*"),
            ("authorization", &format!("Bearer {token}")),
        ] {
            assert_eq!(request.headers()[name], value);
        }
        for shown in [format!("{request:?}"), format!("{pass:?}")] {
            assert!(!shown.contains(&token), "{shown}");
        }
    }

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
