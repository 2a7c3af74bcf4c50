//! A load generator for TLS edge proxies, and the origin to put behind them.
//!
//! ```text
//! load origin  --listen 127.0.0.1:8000
//! load connect --connect 127.0.0.1:8443 --sni play.example.test --ca ca.pem --seconds 10
//! load request --connect edge.example.test:443 --sni play.example.test --path /live.m3u8
//! ```
//!
//! Each load asks again and again over a number of connections and prints one JSON line at its end.
//! Any wrong answer makes it exit with 1, so that a broken proxy never looks fast. It runs in one
//! thread, which can be pinned to a core of its own, away from the proxy whose CPU time is measured.
//!
//! In reading order: [`arguments`] become a [`load::Plan`]; [`load`] spends it on connections that
//! [`target`] opens (and [`verify`] trusts) and [`http`] talks over, and ends with a [`report`].
//! `cargo bench` without arguments runs [`smoke`].

mod arguments;
mod http;
mod latency;
mod load;
mod origin;
mod report;
mod smoke;
mod target;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(dispatch(arguments))
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let load = match arguments.command {
        Some(Command::Origin { listen }) => return run_origin(&listen).await,
        Some(Command::Load(load)) => load,
        None if arguments.bench => {
            smoke::run().await?;
            return Ok(ExitCode::SUCCESS);
        }
        None => {
            Arguments::command().print_help()?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let report = load::run(load.plan().await?).await;
    writeln!(io::stdout(), "{}", report.line()?)?;
    if let Some(failure) = &report.first_failure {
        writeln!(io::stderr(), "load: first error: {failure}")?;
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn run_origin(listen: &str) -> anyhow::Result<ExitCode> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    // With port 0 this line is how a script learns the port.
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    origin::serve(listener).await;
    Ok(ExitCode::SUCCESS)
}
