use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use super::client::Unasked;
use crate::admin::view::Failure;

/// Why a command did nothing at all: it ends with 2.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Unasked(#[from] Unasked),
    /// Nobody listens where a change should be made.
    #[error(transparent)]
    NotRunning(Unasked),
    /// The same, for what only a running process can do.
    #[error(transparent)]
    NothingRuns(Unasked),
    /// The process has looked at it, and does not do it.
    #[error("{}", .0.detail)]
    Refused(Box<Failure>),
    /// The same, for who wants the answer as it came.
    #[error("{0}")]
    RefusedInJson(String),
    #[error("a certificate has this name already")]
    CertificateExists,
    #[error("no certificate has this name")]
    NoCertificate,
    #[error("cannot read {}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    #[error("{} is not text, as PEM is", .0.display())]
    NoText(PathBuf),
    #[error("there are {0} of --chain and {1} of --key")]
    Pairs(usize, usize),
    #[error("`{0}` is said twice")]
    KeyTwice(String),
    #[error("this can take viewers off HTTPS, and without a terminal nobody can be asked")]
    NobodyToAsk,
    #[error("cannot ask on the terminal: {0}")]
    Terminal(#[source] io::Error),
}

impl Failed {
    /// What to do about it.
    pub(super) fn hint(&self) -> Cow<'_, str> {
        let hint = match self {
            Self::Unasked(unasked) => unasked.hint(),
            Self::NotRunning(unasked) => {
                let hint = unasked.hint();
                return format!("{hint}; {OVER_FILES}").into();
            }
            Self::NothingRuns(unasked) => {
                let hint = unasked.hint();
                return format!("{hint}; {AT_START}").into();
            }
            Self::Refused(failure) => &failure.hint,
            Self::RefusedInJson(_) => "",
            Self::CertificateExists => "put another version in its place with: certificates update",
            Self::NoCertificate => {
                "add it with: certificates add; certificates list tells which there are"
            }
            Self::File(..) => "check the path, and who may read it",
            Self::NoText(_) => "convert it to PEM first, as with: openssl x509, openssl pkey",
            Self::Pairs(..) => "name one of each, or two of each for two pairs, in the same order",
            Self::KeyTwice(_) => "say it once",
            Self::NobodyToAsk => "say --yes, or --dry-run to see what would come of it",
            Self::Terminal(_) => "say --yes",
        };
        hint.into()
    }
}

const OVER_FILES: &str = "while it does not run, the same command without --admin changes the files of the configuration directory";

const AT_START: &str = "while it does not run, there is nothing to reload: a start reads all files, and lockgate check tells what is wrong with them";
