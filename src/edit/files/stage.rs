use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::disk::{claim, inherit_owner, open_directory, random_name};

/// A hidden directory for drafts, and for the old versions that come out. Dropped, it goes with all
/// in it.
#[derive(Debug)]
pub(super) struct Stage {
    path: PathBuf,
    /// Holds the claim, by which others tell it from a leftover.
    _directory: File,
    is_kept: bool,
}

impl Stage {
    /// Makes one in a directory, and removes those whose processes were killed.
    pub(super) fn open(parent: &Path) -> io::Result<Self> {
        remove_leftovers(parent);
        for _ in 0..ATTEMPTS {
            let path = parent.join(format!("{BEGINNING}{}{ENDING}", random_name()?));
            DirBuilder::new().mode(0o700).create(&path)?;
            match open_directory(&path) {
                Ok(directory) if claim(&directory) => {
                    let stage = Self {
                        path,
                        _directory: directory,
                        is_kept: false,
                    };
                    inherit_owner(&stage._directory, parent)?;
                    return Ok(stage);
                }
                // Another process took it for a leftover before it was claimed.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let _ = fs::remove_dir(&path);
                    return Err(error);
                }
            }
        }
        Err(ErrorKind::ResourceBusy.into())
    }

    /// Where a draft stands.
    pub(super) fn place(&self, number: usize) -> PathBuf {
        self.path.join(number.to_string())
    }

    /// Leaves it to a person, under a name that nobody takes for a leftover; says which.
    pub(super) fn keep(&mut self) -> PathBuf {
        if !self.is_kept {
            self.is_kept = true;
            let kept = self.path.with_extension("kept");
            if fs::rename(&self.path, &kept).is_ok() {
                self.path = kept;
            }
        }
        self.path.clone()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether an entry of a directory is a stage, by its name.
pub(super) fn is_stage(name: &str) -> bool {
    let random = name.strip_prefix(BEGINNING);
    let random = random.and_then(|name| name.strip_suffix(ENDING));
    random.is_some_and(|random| {
        random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// What cannot be removed stays: it is hidden, and the next one tries again.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_stage)
            && let Ok(directory) = open_directory(&entry.path())
            && claim(&directory)
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

const BEGINNING: &str = ".lockgate-";
const ENDING: &str = ".draft";
/// Others remove leftovers in an instant, and seldom.
const ATTEMPTS: usize = 8;
