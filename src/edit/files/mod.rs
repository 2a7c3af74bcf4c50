//! Several files that are replaced together: all of them, or none.
//!
//! ```text
//! Writes ─► prepare ─► Prepared ─► commit ─► Committed ─► finish
//!           slow: drafts beside     fast: renames,         old versions go,
//!           their places, synced    or all is put back     directories are synced
//! ```
//!
//! Drafts stand in a hidden directory beside what they replace, which only its owner can enter:
//! `.lockgate-9f86d081884c7d65.draft`. There the old versions come out, so that they can be
//! compared and put back. Who reads a file meanwhile finds the old one or the new one, whole. A
//! process that is killed between two renames leaves each file whole, but not all of them new; the
//! next one removes what it left.
//!
//! All of it blocks, so nothing on the way of a handshake or request may use it.

mod carry;
mod draft;
mod fault;
mod look;
mod prepare;
mod renames;
mod seen;
mod stage;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::disk::{sync_directory, together};
pub use fault::WriteFault;
use renames::{Renames, System};
use stage::Stage;
use step::Step;

/// What shall be written; nothing is touched yet. No path may stand in it twice, or below another.
#[derive(Default)]
pub struct Writes(Vec<Write>);

/// What shall be at a path.
struct Write {
    path: PathBuf,
    what: What,
}

enum What {
    File {
        before: Option<Bytes>,
        content: Bytes,
    },
    NoFile {
        before: Bytes,
    },
    Directory(BTreeMap<String, (Bytes, u32)>),
    NoDirectory,
}

/// They may hold private keys, and are wiped when they are dropped.
type Bytes = Zeroizing<Vec<u8>>;

impl Writes {
    /// Nothing to write.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file: in place of one whose content was `before` when the edit was planned, or, with none,
    /// where no file is. It gets the mode and the owner of the one before. A new one belongs to the
    /// owner of the directory and has mode 0600, as it may hold a key; a new TOML file has mode 0644
    /// minus the umask.
    pub fn replace(&mut self, path: PathBuf, before: Option<Vec<u8>>, content: Vec<u8>) {
        let (before, content) = (before.map(Zeroizing::new), Zeroizing::new(content));
        self.push(path, What::File { before, content });
    }

    /// No file, where there is one whose content was `before` when the edit was planned.
    pub fn remove(&mut self, path: PathBuf, before: Vec<u8>) {
        let before = Zeroizing::new(before);
        self.push(path, What::NoFile { before });
    }

    /// A certificate's own directory with these files, each with its mode. One that is there keeps
    /// its mode and owner, and what Lockgate does not read as a part of a certificate; a new one
    /// has mode 0755 minus the umask.
    ///
    /// A file of the same name hands on its owner, and what its group may do with it: that is how a
    /// key is shared. What all others may do is as given.
    pub fn replace_directory(&mut self, path: PathBuf, files: BTreeMap<String, (Vec<u8>, u32)>) {
        let files = files.into_iter();
        let files = files.map(|(name, (content, mode))| (name, (Zeroizing::new(content), mode)));
        self.push(path, What::Directory(files.collect()));
    }

    /// No directory, where there is one; all in it goes.
    pub fn remove_directory(&mut self, path: PathBuf) {
        self.push(path, What::NoDirectory);
    }

    fn push(&mut self, path: PathBuf, what: What) {
        self.0.push(Write { path, what });
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes all drafts beside their places and waits until they are on the disk. This is what
    /// takes time, and may be done while others write as well.
    ///
    /// # Errors
    ///
    /// When something cannot be written, is not as it was, or is kept by another tool: it is a
    /// symlink. Nothing was changed.
    pub fn prepare(self) -> Result<Prepared, WriteFault> {
        prepare::prepare(self.0)
    }
}

/// Paths only: the content may be a private key.
impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.0.iter().map(|write| &write.path);
        f.debug_list().entries(paths).finish()
    }
}

/// Drafts on the disk. Dropped, they go.
#[derive(Debug)]
pub struct Prepared {
    steps: Vec<Step>,
    /// By the directory they stand in.
    stages: BTreeMap<PathBuf, Stage>,
}

impl Prepared {
    /// Puts everything in its place, in the order in which it was asked for; waits for no disk.
    ///
    /// # Errors
    ///
    /// When a step fails, or something is not as it was when the edit was planned. Then everything
    /// is put back.
    pub fn commit(self) -> Result<Committed, WriteFault> {
        self.commit_by(&mut System)
    }

    fn commit_by(mut self, renames: &mut dyn Renames) -> Result<Committed, WriteFault> {
        for number in 0..self.steps.len() {
            let step = &self.steps[number];
            let (done, fault) = match step.take(renames) {
                Err(fault) => (number, fault),
                Ok(()) => match step.check() {
                    Err(fault) => (number + 1, fault),
                    Ok(()) => continue,
                },
            };
            return Err(self.put_back(done, fault, renames));
        }
        Ok(Committed {
            stages: std::mem::take(&mut self.stages),
        })
    }

    /// Puts back what the first steps did, the last one first.
    fn put_back(
        &mut self,
        done: usize,
        fault: WriteFault,
        renames: &mut dyn Renames,
    ) -> WriteFault {
        let done = self.steps[..done].iter().rev();
        let failed = done.filter_map(|step| Some((step, step.put_back(renames).err()?)));
        let failed: Vec<_> = failed.collect();
        let stages = &mut self.stages;
        failed.into_iter().fold(fault, |fault, (step, error)| {
            let stage = stages.get_mut(&step.directory);
            WriteFault::NotPutBack {
                path: step.path.clone(),
                kept: stage.map_or_else(PathBuf::new, Stage::keep),
                error,
                cause: Box::new(fault),
            }
        })
    }
}

/// Everything is in its place. Dropped, it finishes, too.
#[derive(Debug)]
pub struct Committed {
    stages: BTreeMap<PathBuf, Stage>,
}

impl Committed {
    /// Waits until the names are on the disk, and removes the old versions.
    ///
    /// # Errors
    ///
    /// When the disk does not take the names: what was written is in place, but may not outlast a
    /// crash.
    pub fn finish(mut self) -> Result<(), WriteFault> {
        self.settle()
    }

    fn settle(&mut self) -> Result<(), WriteFault> {
        let stages = std::mem::take(&mut self.stages);
        let directories: Vec<_> = stages.keys().map(|directory| &**directory).collect();
        let synced = together(&directories, |directory: &&Path| {
            sync_directory(directory).map_err(|error| WriteFault::io(directory, error))
        });
        synced.into_iter().collect()
    }
}

impl Drop for Committed {
    fn drop(&mut self) {
        let _ = self.settle();
    }
}
