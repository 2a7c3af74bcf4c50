use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use rustls::crypto::aws_lc_rs;

use crate::certificate::Name;
use crate::config::Settings;
use crate::manage::{Kept, Shelf};
use crate::reload;
use crate::state::{Pin, Version};

#[derive(Clone, Debug, Subcommand)]
pub(in crate::cli) enum Command {
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
    let desk = Desk::open(directory)?;
    match command {
        Command::History { name } => desk.list(name),
        Command::Rollback {
            name,
            release: true,
            ..
        } => desk.release(name),
        Command::Rollback { name, version, .. } => desk.roll_back(name, *version),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The history, and what the files hold.
struct Desk {
    source: crate::config::Source,
    settings: Settings,
    shelf: Shelf,
}

impl Desk {
    fn open(directory: &Path) -> anyhow::Result<Self> {
        let (source, settings) = reload::open(directory)?;
        let state = directory.join(&settings.state.directory);
        let provider = Arc::new(aws_lc_rs::default_provider());
        Ok(Self {
            shelf: Shelf::open(&state, settings.state.history, provider)?,
            source,
            settings,
        })
    }

    fn list(&self, name: &Name) -> anyhow::Result<()> {
        let versions = self.shelf.list(name)?;
        if versions.is_empty() {
            bail!("history has no version of \"{name}\"; see certificates/ for the names");
        }
        let mut out = io::stdout().lock();
        for kept in versions {
            writeln!(out, "{}", line(&kept))?;
        }
        if self.shelf.is_deleted(name)? {
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
        let chosen = self.shelf.choose(name, &files, version);
        let (version, pairs) = chosen.map_err(|fault| anyhow!("{fault}; {}", fault.hint()))?;
        let pin = Pin::in_place_of(&files, version, SystemTime::now().into());
        for warning in self.shelf.pin(name, &pin)? {
            writeln!(io::stderr(), "{warning}; {}", warning.hint())?;
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

    fn release(&self, name: &Name) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match self.shelf.release(name)? {
            true => writeln!(out, "{name} is served from its files again")?,
            false => writeln!(out, "{name} is not rolled back")?,
        }
        Ok(())
    }
}

fn line(kept: &Kept) -> String {
    let (version, mark) = (kept.version, mark(kept));
    match &kept.pairs {
        Ok(pairs) => {
            let (until, names) = (pairs.validity().not_after, pairs.names_for_humans());
            format!("{version}  until {until}  {names}{mark}")
        }
        Err(error) => format!("{version}  {error}; {}{mark}", error.hint()),
    }
}

fn mark(kept: &Kept) -> &'static str {
    match kept.is_pinned {
        true => "  <- rolled back to",
        false => "",
    }
}
