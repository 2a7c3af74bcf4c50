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

    /// Goes on with the keys of the process before, as if they were made just now.
    pub(super) fn go_on_with(&mut self, keys: Keys) {
        self.keys = Arc::new(keys);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::certificate::Unreadable;

    const HOUR: Duration = Duration::from_secs(3600);

    fn settings(directory: Option<&str>) -> config::Tickets {
        config::Tickets {
            directory: directory.map(PathBuf::from),
            rotation: HOUR,
        }
    }

    fn files(seeds: &[u8]) -> BTreeMap<PathBuf, Content> {
        let content = |seed: u8| (0..48).map(|n: u8| n ^ seed).collect();
        let files = seeds.iter().map(|seed| {
            let path = PathBuf::from(format!("tickets/{seed}.key"));
            (path, Ok(content(*seed)))
        });
        files.collect()
    }

    /// Updates, and says whether the keys are others and what is wrong.
    fn update(
        tickets: &mut Tickets,
        settings: &config::Tickets,
        files: BTreeMap<PathBuf, Content>,
        now: Instant,
    ) -> (bool, Option<&'static str>) {
        let before = Arc::clone(tickets.keys());
        let problem = tickets.update(settings, files, now);
        let differ = !Arc::ptr_eq(&before, tickets.keys());
        (differ, problem.map(|problem| problem.reason))
    }

    #[test]
    fn keys_of_its_own_are_replaced_in_time() {
        let (mut tickets, now) = (Tickets::new().unwrap(), Instant::now());
        let own = settings(None);
        let mut at = |now| update(&mut tickets, &own, files(&[]), now);
        assert_eq!(at(now), (false, None));
        assert_eq!(at(now + HOUR / 2), (false, None));
        assert_eq!(at(now + HOUR), (true, None));
        assert_eq!(at(now + HOUR * 3 / 2), (false, None));
        assert_eq!(tickets.next_deadline(&own), Some(now + HOUR * 2));
    }

    #[test]
    fn files_take_over_and_hold_until_there_are_to_be_none() {
        let (mut tickets, now) = (Tickets::new().unwrap(), Instant::now());
        let directory = settings(Some("tickets"));
        let mut with = |files| update(&mut tickets, &directory, files, now);
        assert_eq!(with(files(&[])), (false, Some("ticket_key_missing")));
        assert_eq!(with(files(&[1])), (true, None));
        assert_eq!(with(files(&[1])), (false, None));
        assert_eq!(with(files(&[1, 2])), (true, None));
        let mut weak = files(&[1, 2]);
        weak.insert("tickets/3.key".into(), Ok(vec![0; 48]));
        assert_eq!(with(weak), (false, Some("weak_ticket_key")));
        let mut unreadable = files(&[1, 2]);
        unreadable.insert("tickets/3.key".into(), Err(Unreadable::NotAFile));
        assert_eq!(with(unreadable), (false, Some("not_a_file")));
        assert_eq!(with(files(&[])), (false, Some("ticket_key_missing")));
        assert_eq!(tickets.next_deadline(&directory), None);

        let own = settings(None);
        assert_eq!(update(&mut tickets, &own, files(&[]), now), (true, None));
        assert_eq!(tickets.next_deadline(&own), Some(now + HOUR));
    }
}
