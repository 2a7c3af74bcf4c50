//! The proxies: how each is installed, configured, started and given a new certificate.

mod haproxy;
mod lockgate;
mod nginx;
mod running;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use clap::ValueEnum;

pub(crate) use running::Running;

use crate::install;
use crate::plan::Plan;
use crate::set::{Fresh, Set};

/// Which proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Lockgate,
    Nginx,
    Haproxy,
}

impl Kind {
    /// As a program and a package are called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lockgate => "lockgate",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        }
    }

    /// Sees to it that there is a program to run.
    pub(crate) fn install(self, plan: &Plan) -> anyhow::Result<()> {
        match self {
            Self::Lockgate => lockgate::ensure_built(&plan.lockgate),
            Self::Nginx | Self::Haproxy => install::package(self.name()),
        }
    }

    /// The program's version and that of its TLS library.
    pub(crate) fn version(self, plan: &Plan) -> anyhow::Result<String> {
        match self {
            Self::Lockgate => lockgate::version(&plan.lockgate),
            Self::Nginx => nginx::version(),
            Self::Haproxy => haproxy::version(),
        }
    }

    /// Configures it for a set on ports of its own; its other files go to `directory`.
    pub(crate) fn configure(
        self,
        plan: &Plan,
        set: &Set,
        directory: &Path,
    ) -> anyhow::Result<Arc<dyn Edge>> {
        Ok(match self {
            Self::Lockgate => Arc::new(lockgate::Lockgate::configure(&plan.lockgate, set)?),
            Self::Nginx => Arc::new(nginx::Nginx::configure(set, directory)?),
            Self::Haproxy => Arc::new(haproxy::Haproxy::configure(set, directory)?),
        })
    }
}

/// A configured proxy.
pub(crate) trait Edge: Send + Sync {
    /// What starts it in the foreground.
    fn command(&self) -> Command;

    /// Where it serves TLS.
    fn address(&self) -> SocketAddr;

    /// Where it has metrics, if it does.
    fn metrics(&self) -> Option<SocketAddr> {
        None
    }

    /// Writes new pairs beside the old ones.
    fn stage(&self, fresh: &[Fresh]) -> anyhow::Result<()>;

    /// Renames what was staged over the old ones, and tells the proxy if it needs that.
    fn install(&self, fresh: &[Fresh]) -> anyhow::Result<()>;
}

/// What a command prints, on either output.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().display().to_string();
    let output = command.output().context(program)?;
    let text = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&text).into_owned())
}
