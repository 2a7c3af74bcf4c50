use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::path::Path;

use super::draft::liken;
use crate::disk::{open_directory, sync_directory};

/// Puts the same into another directory: the files themselves, by hard links.
pub(super) fn carry(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    if !metadata.is_dir() {
        return fs::hard_link(from, to).or_else(|_| copy(from, to, &metadata));
    }
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        carry(&from.join(&name), &to.join(&name))?;
    }
    liken(&open_directory(to)?, &metadata, metadata.mode() & 0o7777)?;
    sync_directory(to)
}

/// Where there are no hard links, or none to the files of others.
fn copy(from: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !metadata.is_file() {
        return Err(io::Error::other("a file of its kind cannot be copied"));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut copy = options.open(to)?;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NOFOLLOW);
    io::copy(&mut options.open(from)?, &mut copy)?;
    liken(&copy, metadata, metadata.mode() & 0o7777)?;
    copy.sync_all()
}
