use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use super::problem::Problem;
use crate::certificate::{Files, Name, Pairs, Parsed, Refusal, Unreadable, is_options};
use crate::config::{self, Content, DomainFile, Options, Parse};

/// What the bytes of the configuration mean.
#[derive(Clone, Debug)]
pub struct Parser {
    provider: Arc<CryptoProvider>,
}

/// What a certificate's newest files hold.
#[derive(Debug)]
pub struct Candidate {
    pub(super) location: PathBuf,
    pub(super) parsed: Result<Parsed, Refusal>,
    options: Result<Options, OptionsFault>,
}

/// Why a `certificate.toml` is not taken over.
#[derive(Debug)]
enum OptionsFault {
    Unreadable(PathBuf, Unreadable),
    Problems(Vec<config::Problem>),
}

impl Parser {
    /// A parser that loads keys with this provider.
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider }
    }
}

impl Parse for Parser {
    type Domains = Result<DomainFile, Unreadable>;
    type Certificate = Candidate;

    fn domains(&self, path: &Path, content: Content) -> Self::Domains {
        Ok(config::parse_domains(path, &content?))
    }

    fn certificate(&self, files: Files) -> Candidate {
        Candidate {
            parsed: Pairs::parse(&files, &self.provider),
            options: options(&files),
            location: files.into_location(),
        }
    }
}

fn options(files: &Files) -> Result<Options, OptionsFault> {
    let Some((path, content)) = files.beside(is_options) else {
        return Ok(Options::default());
    };
    match content {
        Ok(content) => config::parse_options(&path, content).map_err(OptionsFault::Problems),
        Err(unreadable) => Err(OptionsFault::Unreadable(path, unreadable.duplicate())),
    }
}

impl Candidate {
    /// Whether an operator wants it even where it is worse than what is in use. Not while that
    /// cannot be told.
    pub(super) fn force(&self) -> bool {
        self.options.as_ref().is_ok_and(|options| options.force)
    }

    /// What is wrong with its options.
    pub(super) fn option_problems(&self, name: &Name) -> Vec<Problem> {
        match &self.options {
            Ok(_) => Vec::new(),
            Err(OptionsFault::Unreadable(path, unreadable)) => {
                vec![Problem::unreadable(path, unreadable)]
            }
            Err(OptionsFault::Problems(problems)) => {
                let problems = problems.iter();
                problems.map(|it| Problem::options(name, it)).collect()
            }
        }
    }
}
