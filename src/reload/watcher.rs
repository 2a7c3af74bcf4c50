use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, Flag};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Trigger;
use crate::config::Scope;

/// Sends a trigger when files change, and knows which. The periodic scan finds what it misses.
#[derive(Debug)]
pub(super) struct Watcher {
    triggers: SyncSender<Trigger>,
    watching: Vec<Root>,
    changed: Arc<Mutex<Scope>>,
    complete: bool,
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
            changed: Arc::default(),
            complete: false,
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
        // First, so that the old one gives its watches back.
        self.inner = None;
        self.complete = false;
        match self.listen(&roots) {
            Ok(mut inner) => {
                match add(&mut inner, &roots) {
                    Ok(()) => self.complete = true,
                    Err(error) => warn(&error),
                }
                // What is watched by now is worth being watched.
                self.inner = Some(inner);
            }
            Err(error) => warn(&error),
        }
        self.watching = roots;
        true
    }

    /// Whether all directories that are there are watched.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Takes the paths that changed since the last call.
    pub(super) fn take_changed(&self) -> Scope {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *changed)
    }

    fn listen(&self, roots: &[Root]) -> notify::Result<RecommendedWatcher> {
        let (triggers, changed) = (self.triggers.clone(), Arc::clone(&self.changed));
        let roots: BTreeSet<_> = roots.iter().map(|root| root.path.clone()).collect();
        notify::recommended_watcher(move |event| {
            let Some(scope) = what_changed(event, &roots) else {
                return;
            };
            let mut changed = changed.lock().unwrap_or_else(PoisonError::into_inner);
            widen(&mut changed, scope);
            // A full queue holds a trigger already.
            let _ = triggers.try_send(Trigger::Files);
        })
    }
}

fn add(watcher: &mut RecommendedWatcher, roots: &[Root]) -> notify::Result<()> {
    for root in roots.iter().filter(|root| root.identity.is_some()) {
        watcher.watch(&root.path, RecursiveMode::Recursive)?;
    }
    Ok(())
}

fn warn(error: &notify::Error) {
    let hint = match error.kind {
        ErrorKind::MaxFilesWatch => "raise fs.inotify.max_user_watches, one for each directory",
        _ => "see certificates.scan_interval",
    };
    tracing::warn!(%error, hint, "cannot watch all files; some changes are found by scanning only");
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

/// What an event says. None for those that say nothing: reading files makes events as well, and we
/// read them.
fn what_changed(event: notify::Result<Event>, roots: &BTreeSet<PathBuf>) -> Option<Scope> {
    let Ok(event) = event else {
        // Events were lost: look for what they would have told.
        return Some(Scope::Everything);
    };
    match event.kind {
        _ if event.attrs.flag() == Some(Flag::Rescan) => return Some(Scope::Everything),
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
        EventKind::Access(_) => return None,
        _ => {}
    }
    // Something about a directory as a whole may be something about all that is in it.
    if event.paths.iter().any(|path| roots.contains(path)) {
        return Some(Scope::Everything);
    }
    Some(Scope::Paths(event.paths.into_iter().collect()))
}

fn widen(changed: &mut Scope, by: Scope) {
    match (&mut *changed, by) {
        (Scope::Paths(changed), Scope::Paths(more)) if changed.len() < MOST_PATHS => {
            changed.extend(more);
        }
        (Scope::Paths(_), _) => *changed = Scope::Everything,
        _ => {}
    }
}

/// Beyond this, looking at everything is no more work than looking at each.
const MOST_PATHS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_what_to_look_at() {
        let roots = BTreeSet::from([PathBuf::from("c")]);
        let says = |kind, path: &str| {
            let event = Event::new(kind).add_path(PathBuf::from(path));
            what_changed(Ok(event), &roots)
        };
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let paths = |path: &str| Some(Scope::Paths(BTreeSet::from([PathBuf::from(path)])));
        assert_eq!(says(written, "c/a/tls.crt"), paths("c/a/tls.crt"));
        assert_eq!(says(EventKind::Any, "c"), Some(Scope::Everything));
        let read = EventKind::Access(AccessKind::Read);
        assert_eq!(says(read, "c/a/tls.crt"), None);
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(what_changed(Ok(overflow), &roots), Some(Scope::Everything));
    }

    #[test]
    fn many_paths_are_everything() {
        let mut changed = Scope::default();
        for number in 0..=MOST_PATHS {
            let path = PathBuf::from(number.to_string());
            widen(&mut changed, Scope::Paths(BTreeSet::from([path])));
        }
        assert_eq!(changed, Scope::Everything);
        widen(&mut changed, Scope::default());
        assert_eq!(changed, Scope::Everything);
    }
}
