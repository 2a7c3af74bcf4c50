use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;

use crate::reload::{self, LoadError};
use crate::telemetry::Counters;

/// Loads the directory as a start would, without listening, and lists what is wrong.
pub(super) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut out = io::stdout().lock();
    let loaded = match reload::load(directory, provider, Arc::new(Counters::default())) {
        Ok(loaded) => loaded,
        Err(LoadError::Settings(problems)) => {
            for problem in &problems {
                writeln!(out, "{problem}")?;
            }
            writeln!(out, "{} problems in lockgate.toml", problems.len())?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error.into()),
    };
    let problems = &loaded.report.quarantined;
    for problem in problems {
        writeln!(out, "{problem}")?;
    }
    let domains = loaded.current.load().domains.len();
    let certificates = loaded.status.borrow().certificates.len();
    writeln!(
        out,
        "{domains} domains, {certificates} certificates, {} problems",
        problems.len()
    )?;
    Ok(match problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
