use http::{Response, StatusCode};

use super::answer;
use super::question::InvalidParameter;
use super::view;

/// Why a request is not answered with what it asks for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("there is nothing here")]
    NoSuchPath,
    /// With what is wrong with its files.
    #[error("no certificate of this name is in use")]
    UnknownCertificate(Vec<view::Problem>),
    /// With what is wrong with its table.
    #[error("no domain has this name")]
    UnknownDomain(Vec<view::Problem>),
    #[error(transparent)]
    Parameter(#[from] InvalidParameter),
    #[error("too many requests are waiting")]
    Busy,
    #[error("a bug has ended the answer")]
    Bug,
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::UnknownCertificate(_) | Self::UnknownDomain(_) => {
                StatusCode::NOT_FOUND
            }
            Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable word for the reason.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPath => "no_such_path",
            Self::UnknownCertificate(_) => "unknown_certificate",
            Self::UnknownDomain(_) => "unknown_domain",
            Self::Parameter(invalid) => invalid.code(),
            Self::Busy => "busy",
            Self::Bug => "bug",
        }
    }

    /// What to ask instead.
    fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchPath => {
                "ask for /status, /status/certificates, /status/domains, or one of either by its name"
            }
            Self::UnknownCertificate(_) => {
                "/status/certificates?filter=TEXT lists those whose name contains a text"
            }
            Self::UnknownDomain(_) => {
                "/status/domains?filter=TEXT lists those whose name contains a text"
            }
            Self::Parameter(invalid) => invalid.hint(),
            Self::Busy => "ask again in a second",
            Self::Bug => "the log says more; please report it",
        }
    }

    /// The answer.
    pub(super) fn answer(self) -> Response<String> {
        let (status, code, hint) = (self.status(), self.code(), self.hint());
        let error = view::Refusal {
            code: code.to_owned(),
            text: self.to_string(),
            hint: hint.to_owned(),
        };
        let problems = match self {
            Self::UnknownCertificate(problems) | Self::UnknownDomain(problems) => problems,
            _ => Vec::new(),
        };
        answer::json(status, answer::write(&view::Failure { error, problems }))
    }
}
