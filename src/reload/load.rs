use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use tokio::sync::watch;

use super::archive::Archive;
use super::candidate::Parser;
use super::catalog::Catalog;
use super::latest::Latest;
use super::problem::Problem;
use super::report::{Report, Status};
use super::{Manner, Reloader};
use crate::certificate::Name;
use crate::config::{Changes, Look, Scope, Settings, Source, parse_settings};
use crate::hsts::Pledges;
use crate::snapshot::{Current, Snapshot, channel};
use crate::state::{HstsFile, Notice, Pins};
use crate::telemetry::Counters;
use crate::ticket::Keys;

/// The configuration cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The configuration directory is not there or not readable.
    #[error("cannot read the configuration directory {}: {error}; create it, or name another with --config", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// `lockgate.toml` has problems.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<Problem>),
    /// The TLS library cannot start.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// What a first load gives: the loop to run, and the ends that others hold.
#[derive(Debug)]
pub struct Loaded {
    /// The loop.
    pub reloader: Reloader,
    /// The read end of the snapshot.
    pub current: Current,
    /// What is in use and what is wrong.
    pub status: watch::Receiver<Arc<Status>>,
    /// What the first load found.
    pub report: Report,
}

/// Reads a configuration directory for the first time, with the ticket keys of the process before if
/// there was one.
///
/// # Errors
///
/// When there is no directory, or `lockgate.toml` has problems; a bad domain or certificate is in
/// the report instead.
pub fn load(
    directory: &Path,
    provider: Arc<CryptoProvider>,
    counters: Arc<Counters>,
    keys: Option<Keys>,
) -> Result<Loaded, LoadError> {
    let (source, settings) = open(directory)?;
    Loaded::new(source, settings, provider, counters, Keeps::History(keys))
}

/// Does the same where nothing is served: the loop is only there to
/// [carry out orders](Reloader::carry_out_orders), and until the first one the state directory is
/// read, and nothing is written there.
///
/// # Errors
///
/// As [`load`].
pub fn load_offline(directory: &Path, provider: Arc<CryptoProvider>) -> Result<Loaded, LoadError> {
    let (source, settings) = open(directory)?;
    Loaded::new(source, settings, provider, Arc::default(), Keeps::Asked)
}

/// Does the same as [`load`], but puts the problems of `lockgate.toml` into the report as well, and
/// goes on with the defaults.
///
/// # Errors
///
/// When there is no directory.
pub fn check(directory: &Path, provider: Arc<CryptoProvider>) -> Result<Loaded, LoadError> {
    let mut source = find(directory)?;
    let (settings, problems) = match load_settings(&mut source) {
        Ok(settings) => (settings, Vec::new()),
        Err(problems) => (Settings::default(), problems),
    };
    let mut loaded = Loaded::new(source, settings, provider, Arc::default(), Keeps::Nothing)?;
    let found = &mut loaded.report.problems;
    // A file that was written just now is read twice.
    found.retain(|problem| !problems.contains(problem));
    found.splice(0..0, problems);
    Ok(loaded)
}

/// Reads the settings of a configuration directory, and nothing else.
///
/// # Errors
///
/// When there is no directory, or `lockgate.toml` has problems.
pub fn open(directory: &Path) -> Result<(Source, Settings), LoadError> {
    let mut source = find(directory)?;
    let settings = load_settings(&mut source).map_err(LoadError::Settings)?;
    Ok((source, settings))
}

fn find(directory: &Path) -> Result<Source, LoadError> {
    match std::fs::read_dir(directory) {
        Ok(_) => Ok(Source::new(directory.to_owned())),
        Err(error) => Err(LoadError::Directory {
            path: directory.to_owned(),
            error,
        }),
    }
}

/// What a load has to do with the state directory.
enum Keeps {
    /// Whose tickets go on with these keys.
    History(Option<Keys>),
    /// It looks at what is there, and goes on to write what orders are about.
    Asked,
    /// It does not look either.
    Nothing,
}

impl Loaded {
    fn new(
        source: Source,
        settings: Settings,
        provider: Arc<CryptoProvider>,
        counters: Arc<Counters>,
        keeps: Keeps,
    ) -> Result<Self, LoadError> {
        let state = &settings.state;
        let directory = source.root().join(&state.directory);
        let archive = match &keeps {
            Keeps::History(_) => Archive::open(directory.clone(), state.history),
            Keeps::Asked => Archive::read_only(directory.clone(), state.history),
            Keeps::Nothing => None,
        };
        let parser = Parser::new(Arc::clone(&provider));
        let mut catalog = Catalog::new(settings, provider)?;
        catalog.remember(pledges(&directory));
        if let Keeps::History(Some(keys)) = keeps {
            catalog.go_on_with(keys);
        }
        let (publisher, current) = channel(Snapshot::empty());
        let (status, receiver) = watch::channel(Arc::default());
        let mut reloader = Reloader {
            archive,
            pins: Pins::new(directory),
            source,
            parser,
            catalog,
            publisher,
            status,
            counters,
            broken: false,
            after: None,
            latest: Latest::default(),
        };
        let expected = reloader.expect_lost();
        let manner = Manner::First(&expected);
        let report = reloader.reload(Look::at(Scope::Everything), &manner);
        Ok(Self {
            reloader,
            current,
            status: receiver,
            report,
        })
    }
}

/// What browsers were told by earlier processes.
fn pledges(state: &Path) -> Pledges {
    let now = SystemTime::now().into();
    let read = HstsFile::new(state.to_owned()).read();
    let remembered = read.unwrap_or_else(|warning| {
        let held_back = 0;
        Notice { warning, held_back }.log();
        Vec::new()
    });
    let mut pledges = Pledges::default();
    for it in remembered {
        pledges.remember(&it.domain, it.told_by(now));
    }
    pledges
}

fn load_settings(source: &mut Source) -> Result<Settings, Vec<Problem>> {
    let mut changes = Changes::<Parser>::default();
    source.scan_settings(false, &mut changes);
    match changes.settings {
        Some((path, Ok(content))) => parse_settings(&path, &content).map_err(|problems| {
            let problems = problems.iter();
            let problems = problems.map(|problem| Problem::config(None, problem));
            problems.collect()
        }),
        Some((path, Err(unreadable))) => Err(vec![Problem::unreadable(&path, &unreadable)]),
        None => Err(changes.lost.iter().map(Problem::lost).collect()),
    }
}

impl Reloader {
    /// Before the first look: certificates that history knows from a directory that looks lost.
    /// They count as seen there, so that they are not gone before it is back.
    fn expect_lost(&mut self) -> Vec<Name> {
        let Some(archive) = &self.archive else {
            return Vec::new();
        };
        let directories = &self.catalog.settings().certificates.directories;
        let lost: Vec<_> = directories
            .iter()
            .filter(|directory| self.source.looks_lost(directory))
            .map(|directory| self.source.root().join(directory))
            .collect();
        if lost.is_empty() {
            return Vec::new();
        }
        let mut expected = Vec::new();
        for (name, location) in archive.locations() {
            if let Some(directory) = lost.iter().find(|lost| location.starts_with(lost)) {
                self.source.expect(name.clone(), directory);
                expected.push(name);
            }
        }
        expected
    }
}
