use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, Event, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::about::{About, What};
use super::interests::Interests;
use crate::config::source::look::Scope;

/// Called when something has changed.
pub(super) type Told = Arc<dyn Fn() + Send + Sync>;

/// A queue of events in the system, and the thread that reads it.
pub(super) struct Instance {
    queue: Arc<OwnedFd>,
    told: Told,
    interests: Mutex<Interests>,
    changed: Mutex<Option<Scope>>,
    /// Whether the system has refused a watch since the last pass began.
    short: AtomicBool,
    over: AtomicBool,
}

impl Instance {
    /// Makes a queue and starts to read it. The thread ends after the instance is dropped, with the
    /// next event.
    pub(super) fn start(told: Told) -> io::Result<Arc<Self>> {
        let queue = Arc::new(inotify::init(CreateFlags::CLOEXEC)?);
        let instance = Arc::new(Self {
            queue: Arc::clone(&queue),
            told,
            interests: Mutex::default(),
            changed: Mutex::default(),
            short: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let weak = Arc::downgrade(&instance);
        let thread = thread::Builder::new().name("watch".to_owned());
        thread.spawn(move || read(&queue, &weak))?;
        Ok(instance)
    }

    /// Whether it tells of nothing any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Whether not all is watched that should be.
    pub(super) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// Begins to watch a directory, or one entry of it, if it is not watched already.
    pub(super) fn add(&self, directory: &Path, entry: Option<&OsStr>, about: About) {
        let events = match about {
            About::Everything => ENTRIES,
            _ => ENTRIES.union(FILES),
        };
        // An event that comes before the interest is added waits for this lock.
        let mut interests = lock(&self.interests);
        match inotify::add_watch(&*self.queue, directory, events.union(MODE)) {
            Ok(watch) => interests.add(watch, entry, about),
            Err(Errno::NOSPC | Errno::NOMEM) => self.short.store(true, Ordering::Relaxed),
            // It is not there, or no directory: whoever looks at it will tell.
            Err(_) => {}
        }
    }

    /// Begins a pass that adds all that is to be watched.
    pub(super) fn begin_pass(&self) {
        self.short.store(false, Ordering::Relaxed);
        lock(&self.interests).begin_pass();
    }

    /// Ends such a pass: what was not added for a while is watched no more.
    pub(super) fn end_pass(&self) {
        for watch in lock(&self.interests).sweep() {
            // The system may have ended it already.
            let _ = inotify::remove_watch(&*self.queue, watch);
        }
    }

    /// Takes what changed since the last call.
    pub(super) fn take_changed(&self) -> Option<Scope> {
        lock(&self.changed).take()
    }

    fn handle(&self, event: &Event<'_>) {
        let events = event.events();
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            return self.tell(Scope::Everything);
        }
        let mut interests = lock(&self.interests);
        if events.contains(ReadFlags::IGNORED) {
            return interests.forget(event.wd());
        }
        let entry = event.file_name();
        let entry = entry.map(|entry| OsStr::from_bytes(entry.to_bytes()));
        let is_file = !events.contains(ReadFlags::ISDIR);
        let what = match is_file && events.intersects(FILE_EVENTS) {
            true => What::File,
            false => What::Entry,
        };
        if let Some(scope) = interests.scope(event.wd(), entry, what) {
            self.tell(scope);
        }
    }

    fn tell(&self, scope: Scope) {
        lock(&self.changed)
            .get_or_insert_with(Scope::default)
            .widen(scope);
        (self.told)();
    }
}

/// Reads events for as long as there is an instance.
fn read(queue: &OwnedFd, instance: &Weak<Instance>) {
    let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
    let mut events = Reader::new(queue, &mut buffer);
    loop {
        let event = events.next();
        let Some(instance) = instance.upgrade() else {
            return;
        };
        match event {
            Ok(event) => instance.handle(&event),
            Err(Errno::INTR) => {}
            Err(_) => {
                instance.over.store(true, Ordering::Relaxed);
                return instance.tell(Scope::Everything);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happens to a directory's entries and to itself. Not that something is opened or read: we do
/// that ourselves.
const ENTRIES: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

const FILES: WatchFlags = WatchFlags::MODIFY.union(WatchFlags::CLOSE_WRITE);

const FILE_EVENTS: ReadFlags = ReadFlags::MODIFY
    .union(ReadFlags::CLOSE_WRITE)
    .union(ReadFlags::ATTRIB);

/// A directory that is watched for several reasons is watched for all that any of them asks.
const MODE: WatchFlags = WatchFlags::MASK_ADD
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::EXCL_UNLINK);

/// Room for a thousand events or so: a burst takes few system calls.
const BUFFER: usize = 64 << 10;
