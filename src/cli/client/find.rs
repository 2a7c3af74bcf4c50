use std::fs;
use std::io;
use std::path::Path;

use super::unasked::Unasked;
use crate::config::{AdminFound, parse_admin};

/// Reads where the admin listener and the state directory of a configuration directory are.
pub(in crate::cli) fn find(directory: &Path) -> Result<AdminFound, Unasked> {
    let path = directory.join("lockgate.toml");
    let content = match fs::read(&path) {
        Ok(content) => content,
        // Every key has a default; but there has to be a directory.
        Err(error) if error.kind() == io::ErrorKind::NotFound && directory.is_dir() => Vec::new(),
        Err(error) => return Err(Unasked::Settings { path, error }),
    };
    parse_admin(&path, &content).map_err(Unasked::Problems)
}
