use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use notify::event::{AccessKind, AccessMode, Flag};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Trigger;
use crate::config::Scope;

/// Sends a trigger when files change, and knows which. The patrol finds what it misses.
#[derive(Debug)]
pub(super) struct Watcher {
    triggers: SyncSender<Trigger>,
    watching: Vec<Root>,
    shared: Arc<Mutex<Shared>>,
}

/// What the threads that begin and hold a watch leave for the reload thread.
#[derive(Debug, Default)]
struct Shared {
    changed: Scope,
    /// Counts the watches that were begun: a late one does not count any more.
    latest: u64,
    /// Whether the latest one has come to stand since the last look.
    stands: bool,
    /// Whether the latest one is about all that is to be watched.
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
            shared: Arc::default(),
        }
    }

    /// Watches these directories and all below them; says whether a new watch has come to stand
    /// since the last call, which takes seconds where there are 100,000 directories. Cheap when
    /// nothing about them changed.
    pub(super) fn watch(&mut self, directories: Vec<PathBuf>) -> bool {
        let roots: Vec<_> = directories.into_iter().map(Root::new).collect();
        let mut shared = lock(&self.shared);
        if roots != self.watching {
            // First, so that the old one gives its watches back.
            shared.inner = None;
            shared.complete = false;
            shared.latest += 1;
            let (number, roots) = (shared.latest, roots.clone());
            let (triggers, shared) = (self.triggers.clone(), Arc::clone(&self.shared));
            let thread = thread::Builder::new().name("watch".to_owned());
            let begun = thread.spawn(move || begin(number, &roots, &triggers, &shared));
            if let Err(error) = begun {
                tracing::warn!(%error, "cannot watch files; changes are found by scanning only");
            }
        }
        self.watching = roots;
        std::mem::take(&mut shared.stands)
    }

    /// Whether everything is watched.
    pub(super) fn is_complete(&self) -> bool {
        lock(&self.shared).complete
    }

    /// Takes the paths that changed since the last call.
    pub(super) fn take_changed(&self) -> Scope {
        std::mem::take(&mut lock(&self.shared).changed)
    }
}

/// Begins a watch, and leaves it for the reload thread if it is still wanted.
fn begin(number: u64, roots: &[Root], triggers: &SyncSender<Trigger>, shared: &Arc<Mutex<Shared>>) {
    let inner = listen(roots, triggers.clone(), Arc::clone(shared));
    let inner = inner.map(|mut inner| {
        // What is watched by now is worth being watched.
        let all = add(&mut inner, roots).inspect_err(warn);
        (inner, all.is_ok())
    });
    let mut shared = lock(shared);
    if shared.latest != number {
        return;
    }
    let inner = inner.inspect_err(warn).ok();
    shared.complete = inner.as_ref().is_some_and(|(_, all)| *all);
    shared.inner = inner.map(|(inner, _)| inner);
    shared.stands = true;
    // A full queue holds a trigger already.
    let _ = triggers.try_send(Trigger::Files);
}

fn listen(
    roots: &[Root],
    triggers: SyncSender<Trigger>,
    shared: Arc<Mutex<Shared>>,
) -> notify::Result<RecommendedWatcher> {
    let roots: BTreeSet<_> = roots.iter().map(|root| root.path.clone()).collect();
    notify::recommended_watcher(move |event| {
        let Some(scope) = what_changed(event, &roots) else {
            return;
        };
        widen(&mut lock(&shared).changed, scope);
        // A full queue holds a trigger already.
        let _ = triggers.try_send(Trigger::Files);
    })
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // What it holds is whole at every moment.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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
