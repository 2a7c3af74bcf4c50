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
        let concerned: Vec<_> = roots.iter().map(|root| root.path.clone()).collect();
        let mut watcher = notify::recommended_watcher(move |event| {
            if tells_of_a_change(&event) && concerns(&event, &concerned) {
                // A full queue holds a trigger already.
                let _ = triggers.try_send(Trigger::Files);
            }
        })?;
        for root in roots.iter().filter(|root| root.identity.is_some()) {
            watcher.watch(&root.path, RecursiveMode::Recursive)?;
        }
        // Where a root comes back after it was moved away. Not worth a failure: `/` cannot be
        // watched by everybody.
        for parent in roots.iter().filter_map(|root| root.path.parent()) {
            if !roots.iter().any(|root| parent.starts_with(&root.path)) {
                let _ = watcher.watch(parent, RecursiveMode::NonRecursive);
            }
        }
        Ok(watcher)
    }
}

impl Root {
    fn new(path: PathBuf) -> Self {
        // A relative path has no parent to watch.
        let path = std::path::absolute(&path).unwrap_or(path);
        let metadata = fs::metadata(&path).ok();
        Self {
            path,
            identity: metadata.map(|metadata| (metadata.dev(), metadata.ino())),
        }
    }
}

/// Whether an event is about one of the roots or what is in it, not about its neighbours.
fn concerns(event: &notify::Result<Event>, roots: &[PathBuf]) -> bool {
    let Ok(event) = event else { return true };
    let below = |path: &PathBuf| roots.iter().any(|root| path.starts_with(root));
    event.paths.is_empty() || event.paths.iter().any(below)
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
