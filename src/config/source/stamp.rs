use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was seen of a unit that is read as a whole: where it was found, and its files.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) directory: PathBuf,
    files: Vec<(PathBuf, Option<Stamp>)>,
    /// Whether its files may have changed again without a change of their stamps.
    unsure: bool,
    /// Whether it was not found any more.
    pub(super) missing: bool,
}

impl Seen {
    /// Makes the next look find it changed.
    pub(super) fn forget(&mut self) {
        self.unsure = true;
    }
}

/// Notes the present state of a unit's files; says whether it must be read.
pub(super) fn see<K: Ord + Clone>(
    units: &mut BTreeMap<K, Seen>,
    key: &K,
    directory: &Path,
    files: Vec<PathBuf>,
) -> bool {
    let stamp = |path: PathBuf| {
        let stamp = fs::metadata(&path).ok().map(|meta| Stamp::of(&meta));
        (path, stamp)
    };
    let files: Vec<_> = files.into_iter().map(stamp).collect();
    let before = units.get(key);
    let changed = before.is_none_or(|seen| {
        seen.unsure || seen.missing || seen.directory != directory || seen.files != files
    });
    if changed {
        let fresh = |(_, stamp): &(_, Option<Stamp>)| stamp.is_none_or(|stamp| stamp.is_fresh());
        let seen = Seen {
            directory: directory.to_owned(),
            unsure: files.iter().any(fresh),
            files,
            missing: false,
        };
        units.insert(key.clone(), seen);
    }
    changed
}

/// Tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file may change again without its stamp changing: file systems count time in
    /// steps, of up to two seconds.
    pub(super) fn is_fresh(&self) -> bool {
        let (seconds, nanos) = self.changed;
        let since_epoch = Duration::new(
            u64::try_from(seconds).unwrap_or(0),
            u32::try_from(nanos).unwrap_or(0),
        );
        let age = SystemTime::now().duration_since(UNIX_EPOCH + since_epoch);
        age.is_ok_and(|age| age < Duration::from_secs(2))
    }
}
