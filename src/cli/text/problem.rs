use std::fmt::{self, Write};

use super::line::count;
use crate::admin::view::Problem;

/// Writes problems, each with what to do about it; `total` of them are there in all.
pub(in crate::cli) fn show_problems(
    out: &mut String,
    problems: &[Problem],
    total: usize,
) -> fmt::Result {
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "\n{}:", count(total, "problem"))?;
    let shown = &problems[..problems.len().min(SHOWN)];
    for problem in shown {
        let (kind, name) = (&problem.kind, &problem.name);
        writeln!(
            out,
            "  {} {}: {kind} {name}",
            problem.effect, problem.reason
        )?;
        let place = problem.place.as_ref().map(|place| format!("{place}: "));
        writeln!(out, "    {}{}", place.unwrap_or_default(), problem.text)?;
        writeln!(out, "    {}", problem.hint)?;
    }
    match total.saturating_sub(shown.len()) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more; --json shows the first 1,000"),
    }
}

/// More would scroll the rest off the screen.
const SHOWN: usize = 20;
