use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;

use crate::app;
use crate::reload;

/// Loads the directory as a start would, without listening, and lists what is wrong.
pub(super) fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let loaded = reload::check(directory, Arc::clone(&provider))?;
    let snapshot = loaded.current.load();
    let mut problems: Vec<String> = Vec::new();
    problems.extend(loaded.report.problems.iter().map(ToString::to_string));
    let connector = app::connector(directory, &snapshot.settings, provider);
    problems.extend(connector.err().map(|error| error.to_string()));
    let mut out = io::stdout().lock();
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    let domains = snapshot.domains.len();
    let certificates = loaded.status.borrow().certificates.len();
    let count = problems.len();
    writeln!(
        out,
        "{domains} domains, {certificates} certificates, {count} problems"
    )?;
    Ok(match count {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
