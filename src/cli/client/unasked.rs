use std::io;
use std::path::PathBuf;

use http::StatusCode;

use super::answer::Answer;
use super::endpoint::Endpoint;
use super::pass::Pass;
use crate::admin::view::Failure;
use crate::app::OfflineError;
use crate::config;
use crate::origin::InvalidRoots;
use crate::state::TokenError;

/// Why the process cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Unasked {
    #[error("cannot read {}: {error}", .path.display())]
    Settings {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<config::Problem>),
    #[error("the process chose the port of admin.listen by itself")]
    NoPort,
    #[error("no browser reaches the unix socket {}", .0.display())]
    NoBrowser(PathBuf),
    #[error("cannot read {}: {}", .0.display(), .1)]
    TokenFile(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("cannot read {}: {}", .0.display(), .1)]
    Ca(PathBuf, #[source] io::Error),
    #[error("the file of --ca cannot be used: {0}")]
    Roots(#[source] InvalidRoots),
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
    #[error("what is asked for makes no request: {0}")]
    Request(#[from] http::Error),
    #[error("cannot connect to {0}: {1}")]
    Connect(Endpoint, #[source] io::Error),
    #[error("nobody listens at {0}, and the files cannot be used in its stead:\n{1}")]
    Offline(Endpoint, #[source] OfflineError),
    #[error("no TLS handshake with {0}: {1}")]
    Tls(Endpoint, #[source] io::Error),
    #[error("no answer from {0} in time")]
    Timeout(Endpoint),
    #[error("what comes from {0} is no answer: {1}")]
    Http(Endpoint, #[source] hyper::Error),
    #[error("the answer from {0} is larger than {1} bytes")]
    TooLarge(Endpoint, usize),
    #[error("the answer from {0} is {1}")]
    Status(Endpoint, StatusCode),
    #[error("{endpoint} answers {status}: {detail}; {pass}")]
    NotLetIn {
        endpoint: Endpoint,
        status: StatusCode,
        /// What the process says of it.
        detail: Box<str>,
        /// What was shown, or why nothing was.
        pass: Box<str>,
        hint: Box<str>,
    },
    #[error("the answer from {0} is not that of a lockgate of this version: {1}")]
    Json(Endpoint, #[source] serde_json::Error),
}

impl Unasked {
    /// What to make of an answer that says that we are not let in.
    pub(super) fn not_let_in(answer: &Answer, pass: &Pass) -> Self {
        let failure: Failure = match answer.read() {
            Ok(failure) => failure,
            Err(other) => return other,
        };
        // What to do about the token, we know better: the process does not see its file.
        let hint = match answer.status {
            StatusCode::UNAUTHORIZED => pass.hint().into(),
            _ => failure.hint.into(),
        };
        Self::NotLetIn {
            endpoint: answer.from.clone(),
            status: answer.status,
            detail: failure.detail.into(),
            pass: pass.to_string().into(),
            hint,
        }
    }

    /// What to check.
    pub(in crate::cli) fn hint(&self) -> &str {
        match self {
            Self::Settings { .. } => "name the configuration directory with --config",
            Self::Problems(_) => "or name the admin listener with --admin",
            Self::NoBrowser(_) => {
                "lead a port to it (ssh -L 9180:SOCKET), open that, and log in with what `lockgate token` prints"
            }
            Self::NoPort => "name the address that its log says with --admin",
            Self::TokenFile(..) => "name the file with the token with --token-file",
            Self::Token(error) => error.hint(),
            Self::Ca(..) | Self::Roots(_) => "name a file of certificates in PEM",
            Self::Runtime(_) => "check the limits of this user",
            Self::Request(_) => "check the name",
            Self::Connect(Endpoint::Unix(_), error)
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                "run it as the user that lockgate runs as, or as one of its group"
            }
            Self::Connect(..) => {
                "check that lockgate runs with this configuration directory, and that admin.listen was the same when it started; --admin names another address"
            }
            Self::Offline(..) => "mend that first; lockgate check lists all problems",
            Self::Tls(..) => {
                "name it as its certificate does, with --admin https://HOST:PORT or admin.hosts; --ca names roots that are not public"
            }
            Self::Timeout(_) => "try again; if it stays like this, the log of the process says why",
            Self::Status(_, StatusCode::SERVICE_UNAVAILABLE) => "try again in a second",
            Self::NotLetIn { hint, .. } => hint,
            Self::Http(..) | Self::TooLarge(..) | Self::Status(..) | Self::Json(..) => {
                "check that it is lockgate that listens there, and of the same version as this program"
            }
        }
    }
}
