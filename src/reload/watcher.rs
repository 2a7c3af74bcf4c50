use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Trigger;

/// Sends a trigger when files change. The periodic scan finds what it misses.
#[derive(Debug)]
pub(super) struct Watcher {
    triggers: SyncSender<Trigger>,
    watching: Vec<Root>,
    // Held for its thread.
    inner: Option<RecommendedWatcher>,
}

/// A directory as it is now: when it is replaced, the watch stays with the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Root {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Watcher {
    pub(super) fn new(triggers: SyncSender<Trigger>) -> Self {
        Self {
            triggers,
            watching: Vec::new(),
            inner: None,
        }
    }

    /// Watches these directories and all below them, and says whether the watch is a new one.
    /// Cheap when nothing about them changed.
    pub(super) fn watch(&mut self, directories: Vec<PathBuf>) -> bool {
        let roots: Vec<_> = directories.into_iter().map(Root::new).collect();
        if roots == self.watching {
            return false;
        }
        self.inner = None;
        match self.start(&roots) {
            Ok(inner) => self.inner = Some(inner),
            Err(error) => {
                tracing::warn!(%error, "cannot watch files; changes are found by scanning only");
            }
        }
        self.watching = roots;
        true
    }

    fn start(&self, roots: &[Root]) -> notify::Result<RecommendedWatcher> {
        let triggers = self.triggers.clone();
        let mut watcher = notify::recommended_watcher(move |event| {
            if tells_of_a_change(&event) {
                // A full queue holds a trigger already.
                let _ = triggers.try_send(Trigger::Files);
            }
        })?;
        for root in roots.iter().filter(|root| root.identity.is_some()) {
            watcher.watch(&root.path, RecursiveMode::Recursive)?;
        }
        Ok(watcher)
    }
}

impl Root {
    fn new(path: PathBuf) -> Self {
        let metadata = fs::metadata(&path).ok();
        Self {
            path,
            identity: metadata.map(|metadata| (metadata.dev(), metadata.ino())),
        }
    }
}

/// Reading files makes events as well, and we read them.
fn tells_of_a_change(event: &notify::Result<Event>) -> bool {
    match event {
        Ok(event) => match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) => false,
            _ => true,
        },
        // Events were lost: look for what they would have told.
        Err(_) => true,
    }
}
