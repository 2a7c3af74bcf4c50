use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::{Edge, output};
use crate::ports;
use crate::set::{Fresh, Locations, Set};

/// Lockgate on the set's own directory: what is renamed into place there is all that it needs.
pub(super) struct Lockgate {
    program: PathBuf,
    config: PathBuf,
    address: SocketAddr,
    admin: SocketAddr,
    locations: Locations,
}

impl Lockgate {
    pub(super) fn configure(program: &Path, set: &Set) -> anyhow::Result<Self> {
        let lockgate = Self {
            program: program.to_owned(),
            config: set.config(),
            address: ports::free()?,
            admin: ports::free()?,
            locations: set.locations(),
        };
        let settings = lockgate.config.join("lockgate.toml");
        fs::write(&settings, lockgate.settings()?)
            .with_context(|| settings.display().to_string())?;
        Ok(lockgate)
    }

    fn settings(&self) -> anyhow::Result<String> {
        let (http, https, admin) = (ports::free()?, self.address, self.admin);
        Ok(format!(
            "# Written anew for each run.\n\
             [listeners]\nhttp = [\"{http}\"]\nhttps = [\"{https}\"]\n\n\
             [admin]\nlisten = \"{admin}\"\nopen = [\"/metrics\"]\n\n\
             # The others write none either.\n[log]\naccess = false\n"
        ))
    }
}

impl Edge for Lockgate {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("run").arg("--config").arg(&self.config);
        command.env_remove("RUST_LOG");
        command
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn metrics(&self) -> Option<SocketAddr> {
        Some(self.admin)
    }

    fn stage(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        self.locations.stage(fresh)
    }

    fn install(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        self.locations.install(fresh)
    }
}

pub(super) fn ensure_built(program: &Path) -> anyhow::Result<()> {
    ensure!(
        program.is_file(),
        "{} is missing; build it with cargo build --release, or name another with --lockgate",
        program.display()
    );
    Ok(())
}

pub(super) fn version(program: &Path) -> anyhow::Result<String> {
    let version = output(Command::new(program).arg("--version"))?;
    Ok(version.trim().to_owned())
}
