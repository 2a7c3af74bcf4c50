use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use clap::Subcommand;
use rustls::crypto::aws_lc_rs;

use crate::certificate::{Files, Name, Pairs, Timestamp};
use crate::config::Settings;
use crate::reload::{self, record_files};
use crate::state::{FilesDigest, History, Pin, Pins, Version};

#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// List the versions of a certificate that are kept, the newest first.
    History {
        /// The certificate's name: that of its directory, or of its file without the ending.
        name: Name,
    },
    /// Serve an earlier version in place of the files, until they change.
    ///
    /// A running lockgate takes it over at once. A rollback holds over restarts, and ends when the
    /// certificate's files change, or with --release.
    Rollback {
        /// The certificate's name.
        name: Name,
        /// The version, as `history` lists it; by default the one before the version in use.
        version: Option<Version>,
        /// Serve what the files hold again.
        #[arg(long, conflicts_with = "version")]
        release: bool,
    },
}

pub(super) fn run(directory: &Path, command: &Command) -> anyhow::Result<ExitCode> {
    let shelf = Shelf::open(directory)?;
    match command {
        Command::History { name } => shelf.list(name),
        Command::Rollback {
            name,
            release: true,
            ..
        } => shelf.release(name),
        Command::Rollback { name, version, .. } => shelf.roll_back(name, *version),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The state directory, and what the files hold.
struct Shelf {
    source: crate::config::Source,
    settings: Settings,
    history: History,
    pins: Pins,
}

impl Shelf {
    fn open(directory: &Path) -> anyhow::Result<Self> {
        let (source, settings) = reload::open(directory)?;
        let state = directory.join(&settings.state.directory);
        if settings.state.history == 0 {
            bail!("history is switched off: state.history = 0 in lockgate.toml");
        }
        Ok(Self {
            history: History::new(state.clone(), settings.state.history),
            pins: Pins::new(state),
            source,
            settings,
        })
    }

    fn list(&self, name: &Name) -> anyhow::Result<()> {
        let versions = self.history.versions(name)?;
        if versions.is_empty() {
            bail!("history has no version of \"{name}\"; see certificates/ for the names");
        }
        let pin = self.pins.get(name).unwrap_or_default();
        let mut out = io::stdout().lock();
        for version in versions {
            let pinned = pin.is_some_and(|pin| pin.version == version);
            let mark = if pinned { "  <- rolled back to" } else { "" };
            match self.load(name, version) {
                Ok(pairs) => {
                    let (until, names) = (pairs.validity().not_after, pairs.names_for_humans());
                    writeln!(out, "{version}  until {until}  {names}{mark}")?;
                }
                Err(error) => writeln!(out, "{version}  cannot be used: {error:#}{mark}")?,
            }
        }
        if self.history.is_retired(name)? {
            writeln!(
                out,
                "it was deleted; put a version's files back to use it again"
            )?;
        }
        Ok(())
    }

    fn roll_back(&self, name: &Name, version: Option<Version>) -> anyhow::Result<()> {
        let files = self
            .source
            .files_of(&self.settings.certificates.directories, name)
            .with_context(|| {
                format!("there are no files of \"{name}\" that a rollback could be in place of")
            })?;
        let version = match version {
            Some(version) => version,
            None => self.version_before(name, &files)?,
        };
        let pairs = self.load(name, version)?;
        let pin = Pin {
            version,
            files: FilesDigest::of(files.readable()),
            since: Timestamp::from(SystemTime::now()),
        };
        for warning in self.pins.set(name, &pin)? {
            writeln!(io::stderr(), "{warning}; {}", warning.hint())?;
        }
        // A running process may have cleared it away meanwhile.
        if let Err(error) = self.load(name, version) {
            self.pins.release(name)?;
            return Err(error);
        }
        let until = pairs.validity().not_after;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{name} is rolled back to {version}, valid until {until}"
        )?;
        writeln!(
            out,
            "it holds until the files change, or: lockgate certificates rollback {name} --release"
        )?;
        Ok(())
    }

    /// The newest version that is sound and neither the files' nor the one rolled back to.
    fn version_before(&self, name: &Name, files: &Files) -> anyhow::Result<Version> {
        let pin = self.pins.get(name).unwrap_or_default();
        let present = parse(files).ok().map(|pairs| pairs.fingerprint());
        let versions = self.history.versions(name)?.into_iter();
        let mut earlier = versions.filter(|version| match pin {
            Some(pin) => *version < pin.version,
            None => present.is_none_or(|leaf| !version.is_of(&leaf)),
        });
        earlier
            .find(|version| self.load(name, *version).is_ok())
            .with_context(|| format!("history has no earlier version of \"{name}\""))
    }

    fn release(&self, name: &Name) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match self.pins.release(name)? {
            true => writeln!(out, "{name} is served from its files again")?,
            false => writeln!(out, "{name} is not rolled back")?,
        }
        Ok(())
    }

    fn load(&self, name: &Name, version: Version) -> anyhow::Result<Pairs> {
        let record = self.history.load(name, version);
        let record = record.map_err(|error| anyhow::anyhow!("{error}; {}", error.hint()))?;
        parse(&record_files(&record))
    }
}

fn parse(files: &Files) -> anyhow::Result<Pairs> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let parsed = Pairs::parse(files, &provider);
    let parsed = parsed.map_err(|refusal| anyhow::anyhow!("{refusal}; {}", refusal.hint()))?;
    Ok(parsed.pairs)
}
