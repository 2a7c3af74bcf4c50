use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::progress::say;

/// Installs Debian's package of a program that is missing.
pub(crate) fn package(name: &str) -> anyhow::Result<()> {
    if program(name).is_ok() {
        return Ok(());
    }
    ensure!(is_root(), "{name} is missing, and only root can install it");
    say(&format!("installing {name}"));
    let status = Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends", name])
        .env("DEBIAN_FRONTEND", "noninteractive")
        // The table alone goes to standard output.
        .stdout(Stdio::null())
        .status()
        .context("apt-get")?;
    ensure!(status.success(), "apt-get could not install {name}");
    Ok(())
}

/// Where a program is.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps proxies where only root looks for programs.
    let directories = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut programs = directories.map(|directory| directory.join(name));
    let found = programs.find(|program| is_file(program));
    found.with_context(|| format!("{name} is missing"))
}

/// Whether this process may do anything.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}
