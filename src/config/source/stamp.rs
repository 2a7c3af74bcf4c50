use std::fs::{self, Metadata};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a look at a unit's files showed, without reading them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    /// The same number as before means the same files: a hash of their names, inodes, sizes and
    /// times, keyed for this process.
    pub(super) signature: u64,
    /// Whether they may change again without another number.
    pub(super) fresh: bool,
}

/// A look at files that is under way.
pub(super) struct Look {
    hasher: <RandomState as BuildHasher>::Hasher,
    fresh: bool,
}

impl Look {
    pub(super) fn new(keys: &RandomState) -> Self {
        Self {
            hasher: keys.build_hasher(),
            fresh: false,
        }
    }

    /// Looks at a file.
    pub(super) fn at(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) => self.saw(path, &metadata),
            // Unreadable now; what it will be is news.
            Err(error) => (path.as_os_str(), error.kind()).hash(&mut self.hasher),
        }
    }

    /// Notes what somebody else saw of a file.
    pub(super) fn saw(&mut self, path: &Path, metadata: &Metadata) {
        (path.as_os_str(), stamp(metadata)).hash(&mut self.hasher);
        self.fresh |= is_fresh(metadata);
    }

    pub(super) fn end(self) -> Glance {
        Glance {
            signature: self.hasher.finish(),
            fresh: self.fresh,
        }
    }
}

/// Looks at files.
pub(super) fn glance<'p>(keys: &RandomState, paths: impl Iterator<Item = &'p Path>) -> Glance {
    let mut look = Look::new(keys);
    paths.for_each(|path| look.at(path));
    look.end()
}

fn stamp(metadata: &Metadata) -> [i64; 7] {
    [
        metadata.dev().cast_signed(),
        metadata.ino().cast_signed(),
        metadata.size().cast_signed(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    ]
}

/// Whether a file may change again without its times changing: file systems count time in steps, of
/// up to two seconds. A time that has not come (a clock was set back) tells nothing either.
fn is_fresh(metadata: &Metadata) -> bool {
    let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
    let nanos = u32::try_from(metadata.ctime_nsec()).unwrap_or(0);
    let changed = UNIX_EPOCH + Duration::new(seconds, nanos);
    let age = SystemTime::now().duration_since(changed);
    age.map_or(true, |age| age < TIME_STEP)
}

/// After this long, another change of a file shows in its times.
pub(super) const TIME_STEP: Duration = Duration::from_secs(2);
