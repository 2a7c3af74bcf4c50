use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::time::Instant;

use super::problem::Problem;
use crate::config::{self, Content};
use crate::ticket::Keys;

/// The keys of session tickets: the process's own, which it replaces from time to time, or those of
/// files.
#[derive(Debug)]
pub(super) struct Tickets {
    keys: Arc<Keys>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// They were made here; when, the first look tells.
    Own(Option<Instant>),
    /// They are what these files held.
    Files(BTreeMap<PathBuf, Vec<u8>>),
}

impl Tickets {
    /// Keys of the process's own.
    pub(super) fn new() -> Result<Self, rustls::Error> {
        Ok(Self {
            keys: Arc::new(Keys::generate(None)?),
            source: Source::Own(None),
        })
    }

    pub(super) fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Brings the keys up to date; `files` are those of the directory, if there is to be one.
    /// Returns what is wrong with them: until that is mended, the keys stay.
    pub(super) fn update(
        &mut self,
        settings: &config::Tickets,
        files: BTreeMap<PathBuf, Content>,
        now: Instant,
    ) -> Option<Problem> {
        let problem = match &settings.directory {
            Some(directory) => self.take_files(directory, files).err(),
            None => None,
        };
        if let Source::Own(made) = &mut self.source {
            made.get_or_insert(now);
        }
        if self.next_deadline(settings).is_some_and(|due| due <= now) || self.is_orphaned(settings)
        {
            self.rotate(now);
        }
        problem
    }

    fn take_files(
        &mut self,
        directory: &Path,
        files: BTreeMap<PathBuf, Content>,
    ) -> Result<(), Problem> {
        let mut contents = BTreeMap::new();
        for (path, content) in files {
            let content = content.map_err(|error| Problem::unreadable(&path, &error))?;
            contents.insert(path, content);
        }
        if contents.is_empty() {
            return Err(Problem::no_ticket_keys(directory));
        }
        if matches!(&self.source, Source::Files(before) if *before == contents) {
            return Ok(());
        }
        let keys = contents.iter().map(|(path, content)| {
            let name = path.file_name().unwrap_or_default();
            (name.to_str().unwrap_or_default(), &**content)
        });
        let keys = Keys::from_files(keys)
            .map_err(|(name, invalid)| Problem::ticket_key(&directory.join(name), invalid))?;
        self.keys = Arc::new(keys);
        self.source = Source::Files(contents);
        Ok(())
    }

    /// Whether the keys are those of files, and there are to be no files any more.
    fn is_orphaned(&self, settings: &config::Tickets) -> bool {
        matches!(self.source, Source::Files(_)) && settings.directory.is_none()
    }

    fn rotate(&mut self, now: Instant) {
        match Keys::generate(Some(&self.keys)) {
            Ok(keys) => self.keys = Arc::new(keys),
            Err(error) => tracing::error!(%error, "no new ticket key; the old ones stay"),
        }
        self.source = Source::Own(Some(now));
    }

    /// When something is to be done without an event.
    pub(super) fn next_deadline(&self, settings: &config::Tickets) -> Option<Instant> {
        match self.source {
            Source::Own(Some(made)) => Some(made + settings.rotation),
            Source::Own(None) | Source::Files(_) => None,
        }
    }
}
