use std::fmt::{self, Write};

/// Writes a line that begins with what it is about.
pub(in crate::cli) fn line(out: &mut String, title: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(out, "  {title:14}  {text}")
}

/// A number of things, in the right form.
pub(in crate::cli) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// The first few of a list, and how many more there are.
pub(in crate::cli) fn few(names: &[String], total: usize) -> String {
    let shown = &names[..names.len().min(FEW)];
    match total - shown.len().min(total) {
        0 if shown.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What fits on a line or two.
const FEW: usize = 5;
