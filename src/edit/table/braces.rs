//! Entries of an inline table, `{ a = 1, b = 2 }`.

use std::ops::Range;

use toml_edit::{InlineTable, Key, RawString, Value};

use super::{Splice, lines};

/// A new entry after the one that ends at `last`, or as the only one.
pub(super) fn insertion(
    text: &str,
    table: &InlineTable,
    last: Option<usize>,
    entry: &str,
) -> Option<Splice> {
    if let Some(last) = last {
        return Some((last..last, format!(", {entry}")));
    }
    let span = table.span()?;
    let inner = span.start + 1..span.end - 1;
    match text[inner.clone()].trim().is_empty() {
        true => Some((inner, format!(" {entry} "))),
        // A comment: from TOML 1.1 on, braces may span lines.
        false => Some((inner.start..inner.start, format!(" {entry}"))),
    }
}

/// Where an entry that is not the only one stands, with one of the commas beside it.
pub(super) fn removal(text: &str, key: &Key, value: &Value) -> Option<Range<usize>> {
    between_commas(text, key.leaf_decor().prefix()?, value)
}

/// Where the values up to `last` stand, with one of the commas beside them and the
/// comments on them. `prefix` is what stands between the first of them, or its key, and what is before.
pub(super) fn between_commas(text: &str, prefix: &RawString, last: &Value) -> Option<Range<usize>> {
    let before = prefix.span()?;
    let after = last.decor().suffix()?.span()?.end;
    let comma = text[after..].starts_with(',').then_some(after + 1);
    let end = last.span()?.end;
    if let Some(line) = text[before.clone()].find(['\r', '\n']) {
        // What follows the comma before it on the same line is a comment on what stays.
        let end = lines::comment_end(text, comma.unwrap_or(end));
        return Some(before.start + line..end);
    }
    match comma {
        // The first ones: those that follow begin where they did.
        Some(comma) if text[..before.start].ends_with(['[', '{']) => {
            let blanks = text[comma..].len() - text[comma..].trim_start_matches(' ').len();
            Some(before.end..comma + blanks)
        }
        Some(comma) => Some(before.start..comma),
        None => Some(before.start.saturating_sub(1)..end),
    }
}
