use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use super::Bytes;
use super::carry::carry;
use super::seen::Seen;
use crate::disk::{inherit_owner, open_directory, sync_directory};

/// Writes a draft of a file that gets its place beside `parent`'s others, and waits for the disk.
pub(super) fn file(
    draft: &Path,
    content: &[u8],
    place: &Path,
    old: Option<&Metadata>,
) -> io::Result<()> {
    let is_toml = place.extension().is_some_and(|ending| ending == "toml");
    let mode = if is_toml { 0o644 } else { 0o600 };
    let parent = place.parent().unwrap_or(place);
    let old = old.map(|old| (old, old.mode() & 0o7777));
    write(draft, content, mode, parent, old)
}

/// Writes a draft of a certificate's directory, with all that the one before it has beside the
/// certificate.
pub(super) fn directory(
    draft: &Path,
    files: &BTreeMap<String, (Bytes, u32)>,
    place: &Path,
    old: Option<&(Metadata, Seen)>,
) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(draft)?;
    let directory = open_directory(draft)?;
    let parent = place.parent().unwrap_or(place);
    match old {
        Some((metadata, _)) => liken(&directory, metadata, metadata.mode() & 0o7777)?,
        None => inherit_owner(&directory, parent)?,
    }
    for (name, (content, mode)) in files {
        let old = fs::symlink_metadata(place.join(name)).ok();
        let old = old.as_ref().filter(|old| old.is_file());
        let old = old.map(|old| (old, shared(old.mode() & 0o7777, *mode)));
        write(&draft.join(name), content, *mode, draft, old)?;
    }
    let others = old.iter().flat_map(|(_, seen)| seen.others());
    for name in others.filter(|name| name.to_str().is_none_or(|name| !files.contains_key(name))) {
        carry(&place.join(name), &draft.join(name))?;
    }
    sync_directory(draft)
}

/// The mode of a file in place of one that others may read as well: the group keeps its rights,
/// and who is not in it has those that are given.
fn shared(old: u32, given: u32) -> u32 {
    (old & 0o770) | (given & 0o007)
}

/// With the owner and the mode of an old file, or a new one's.
fn write(
    draft: &Path,
    content: &[u8],
    mode: u32,
    parent: &Path,
    old: Option<(&Metadata, u32)>,
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut file = options.open(draft)?;
    match old {
        Some((old, mode)) => liken(&file, old, mode)?,
        None => inherit_owner(&file, parent)?,
    }
    file.write_all(content)?;
    file.sync_all()
}

/// Gives a file the owner of another, as far as the process may, and a mode.
pub(super) fn liken(file: &File, old: &Metadata, mode: u32) -> io::Result<()> {
    let own = file.metadata()?;
    let is_others = (own.uid(), own.gid()) != (old.uid(), old.gid());
    if is_others && fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
        let _ = fchown(file, None, Some(old.gid()));
    }
    file.set_permissions(Permissions::from_mode(mode))
}
