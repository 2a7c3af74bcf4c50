//! How Lockgate fares with many certificates, beside nginx and HAProxy.
//!
//! It makes certificates and domains, starts a proxy with them on loopback, and measures how long
//! it takes to start, what memory it needs, how soon and at what cost a rotated certificate is
//! served, and what viewers notice meanwhile. The result is one Markdown table on standard output;
//! progress goes to standard error.
//!
//! In reading order: [`arguments`] become a [`plan::Plan`]; [`set`] makes or opens the files;
//! [`edge`] knows how to configure, start and rotate each proxy; [`measure`] does, with what
//! [`client`], [`usage`] and [`random`] give it, and fills the columns of a [`table`].

mod arguments;
mod circumstances;
mod client;
mod edge;
mod figures;
mod files;
mod install;
mod measure;
mod plan;
mod ports;
mod process;
mod progress;
mod random;
mod set;
mod table;
mod usage;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use arguments::Arguments;
use measure::Measurer;
use plan::Plan;
use progress::say;
use table::{Column, Table};

fn main() -> ExitCode {
    match prepare_and_run() {
        Ok(code) => code,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn prepare_and_run() -> anyhow::Result<ExitCode> {
    let plan = Arguments::parse().plan()?;
    // The proxies inherit it.
    rlimit::increase_nofile_limit(u64::MAX).context("raising the limit of open files")?;
    // Dropped after the runtime has: until then threads of it may still write files.
    let scratch = tempfile::tempdir()?;
    // One thread: on a small machine the rest is for the proxy. Others are for what blocks.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(circumstances::cores())
        .build()?;
    runtime.block_on(until_interrupted(run(&plan, scratch.path())))
}

/// Whatever runs is dropped with the future, and every process that it started ends with it.
async fn until_interrupted(
    run: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = Box::pin(run) => outcome,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    }
}

/// A proxy that fails spoils its own column and the exit code, not the others' figures.
async fn run(plan: &Plan, scratch: &Path) -> anyhow::Result<ExitCode> {
    for kind in &plan.proxies {
        kind.install(plan)?;
    }
    let measurer = Measurer::new(plan, scratch).await?;
    let circumstances = circumstances::describe(plan, measurer.count())?;
    let mut table = Table::default();
    let mut code = ExitCode::SUCCESS;
    for kind in &plan.proxies {
        let mut column = Column::new(*kind);
        if let Err(error) = measurer.measure(*kind, &mut column).await {
            say(&format!("{}: {error:#}", kind.name()));
            column.fail();
            code = ExitCode::FAILURE;
        }
        table.push(column);
    }
    write!(io::stdout(), "{circumstances}\n\n{table}")?;
    Ok(code)
}
