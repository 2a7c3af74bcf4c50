//! Watching: which directories tell of changes, and what their events are about.
//!
//! Whatever is looked at is watched first, so a change is seen by the look or makes an event. Links
//! are followed: the directories that they lead through are watched as well, for that entry alone.

mod about;
mod instance;
mod interests;
mod links;

use std::fmt;
use std::io;
use std::path::{self, Path};
use std::sync::Arc;

pub(super) use about::About;
use instance::{Instance, Told};

use super::look::Scope;

/// What is watched. Nothing before the start.
#[derive(Default)]
pub(super) struct Watches {
    told: Option<Told>,
    instance: Option<Arc<Instance>>,
    refused: Option<Arc<io::Error>>,
    /// Whether the instance is one that some of what was looked at before does not know.
    is_new: bool,
    /// Whether the instance has seen a whole pass.
    is_complete: bool,
}

/// Why changes are found by scanning only.
#[derive(Clone, Debug)]
pub enum Unwatched {
    /// Nothing can be watched: the system gives no queue for events.
    All(Arc<io::Error>),
    /// Some directories are not: the system gives no more watches.
    Some,
}

impl Watches {
    /// Has `told` called when something changed that was looked at since.
    pub(super) fn start(&mut self, told: impl Fn() + Send + Sync + 'static) {
        self.told = Some(Arc::new(told));
        self.make_instance();
    }

    /// Begins a pass that adds all that is to be watched. What an earlier one could not do may work
    /// now.
    pub(super) fn begin_pass(&mut self) {
        self.is_new = false;
        if self.instance.as_ref().is_none_or(|it| it.is_over()) {
            self.make_instance();
            self.is_new = self.instance.is_some();
        }
        if let Some(instance) = &self.instance {
            instance.begin_pass();
        }
    }

    fn make_instance(&mut self) {
        let Some(told) = &self.told else {
            return;
        };
        self.is_complete = false;
        (self.instance, self.refused) = match Instance::start(Arc::clone(told)) {
            Ok(instance) => (Some(instance), None),
            Err(error) => (None, Some(Arc::new(error))),
        };
    }

    /// Whether the pass was the first one of a queue for events that was made anew: what was looked
    /// at shortly before it is not watched yet.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Ends such a pass: what it did not add is watched no more, some time later.
    pub(super) fn end_pass(&mut self) {
        if let Some(instance) = &self.instance {
            instance.end_pass();
            self.is_complete = true;
        }
    }

    /// Whether all is watched that was looked at.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete && self.unwatched().is_none()
    }

    /// Watches a directory with all its entries.
    pub(super) fn directory(&self, path: &Path, about: &About) {
        if let Some(instance) = &self.instance {
            instance.add(path, None, about.clone());
        }
    }

    /// Watches an entry of a directory, and where that leads if it is a symlink.
    pub(super) fn entry(&self, path: &Path, about: &About) {
        self.one_entry(path, about);
        self.link(path, about);
    }

    /// Watches where a symlink leads.
    pub(super) fn link(&self, path: &Path, about: &About) {
        if self.instance.is_some() {
            links::follow(path, |path| self.one_entry(path, about));
        }
    }

    /// Watches all entries on the way to a path: it may be moved away with any of them.
    pub(super) fn way(&self, path: &Path, about: &About) {
        let absolute = path::absolute(path);
        let path = absolute.as_deref().unwrap_or(path);
        path.ancestors().for_each(|path| self.entry(path, about));
    }

    fn one_entry(&self, path: &Path, about: &About) {
        let (Some(instance), Some(directory)) = (&self.instance, path.parent()) else {
            return;
        };
        let directory = match directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => directory,
        };
        if let Some(entry) = path.file_name() {
            instance.add(directory, Some(entry), about.clone());
        }
    }

    /// Takes what changed since the last call.
    pub(super) fn take_changed(&self) -> Option<Scope> {
        self.instance.as_ref()?.take_changed()
    }

    /// What is wrong, if something is.
    pub(super) fn unwatched(&self) -> Option<Unwatched> {
        let short = self.instance.as_ref().is_some_and(|it| it.is_short());
        let all = self.refused.clone().map(Unwatched::All);
        all.or_else(|| short.then_some(Unwatched::Some))
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watches")
            .field("unwatched", &self.unwatched())
            .finish_non_exhaustive()
    }
}
