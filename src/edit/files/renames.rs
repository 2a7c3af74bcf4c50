use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// How things get their places: a seam, so that tests can let it fail.
pub(super) trait Renames {
    /// Both change places.
    fn exchange(&mut self, one: &Path, other: &Path) -> io::Result<()>;

    /// Gives a place to something, unless something is there.
    fn place(&mut self, from: &Path, to: &Path) -> io::Result<()>;
}

/// In one step for whoever looks, where the file system can do that.
pub(super) struct System;

impl Renames for System {
    fn exchange(&mut self, one: &Path, other: &Path) -> io::Result<()> {
        match rename(one, other, RenameFlags::EXCHANGE) {
            Err(error) if is_unable(error) => Plain.exchange(one, other),
            renamed => Ok(renamed?),
        }
    }

    fn place(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        match rename(from, to, RenameFlags::NOREPLACE) {
            Err(error) if is_unable(error) => Plain.place(from, to),
            renamed => Ok(renamed?),
        }
    }
}

fn rename(from: &Path, to: &Path, flags: RenameFlags) -> rustix::io::Result<()> {
    renameat_with(CWD, from, CWD, to, flags)
}

fn is_unable(error: Errno) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP].contains(&error)
}

/// With what every file system has. A file is still there at every moment; a directory is missing
/// between two renames.
pub(super) struct Plain;

impl Renames for Plain {
    fn exchange(&mut self, one: &Path, other: &Path) -> io::Result<()> {
        let aside = aside(one);
        let is_directory = fs::symlink_metadata(other)?.is_dir();
        match is_directory {
            true => fs::rename(other, &aside)?,
            false => keep(other, &aside)?,
        }
        if let Err(error) = fs::rename(one, other) {
            let _ = match is_directory {
                true => fs::rename(&aside, other),
                false => fs::remove_file(&aside),
            };
            return Err(error);
        }
        fs::rename(&aside, one)
    }

    fn place(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if fs::symlink_metadata(to).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, to)
    }
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".old");
    name.into()
}

fn keep(path: &Path, aside: &Path) -> io::Result<()> {
    match fs::hard_link(path, aside) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(error),
        Err(_) => fs::copy(path, aside).map(drop),
    }
}
