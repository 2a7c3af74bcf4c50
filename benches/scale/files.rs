//! Replacing a file in one step, as certbot and its like do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Writes the new content beside the file.
pub(crate) fn stage(file: &Path, content: &str) -> anyhow::Result<()> {
    let beside = beside(file);
    fs::write(&beside, content).with_context(|| beside.display().to_string())
}

/// Renames what was staged over the file.
pub(crate) fn install(file: &Path) -> anyhow::Result<()> {
    fs::rename(beside(file), file).with_context(|| file.display().to_string())
}

/// Reads all below a directory, so that it lies in the page cache.
pub(crate) fn read_all(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            read_all(&entry.path())?;
        } else {
            fs::read(entry.path())?;
        }
    }
    Ok(())
}

fn beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.new"))
}
