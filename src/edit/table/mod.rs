//! Edits of one table in a text.
//!
//! What is there is found by parsing, and changed by replacing the few bytes that it stands in. So
//! all else stays as it was written; a writer of TOML would move keys with dots together, and end
//! lines in its own way.

mod braces;
mod elements;
pub(super) mod lines;
mod removal;
mod spot;
#[cfg(test)]
mod tests;

use std::ops::Range;

use toml_edit::{Document, Item, Table};

use super::fault::EditFault;
use super::key::Key;
use super::value::Value;
use spot::{Home, Spot};

/// Which table of a text is edited.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// The one that has no header.
    Root,
    /// The first of an array of tables.
    FirstOf(&'static str),
}

impl Base {
    fn of<'d>(self, document: &'d Document<&str>) -> Result<&'d Table, EditFault> {
        let root = document.as_table();
        match self {
            Self::Root => Ok(root),
            Self::FirstOf(key) => {
                let tables = root.get(key).and_then(Item::as_array_of_tables);
                let first = tables.and_then(|tables| tables.get(0));
                first.ok_or(EditFault::NotTables)
            }
        }
    }
}

/// Text in place of what stands in a range.
type Splice = (Range<usize>, String);

/// Sets keys in their order, or removes those that are set to none.
pub(super) fn set(
    text: &str,
    base: Base,
    keys: &[(Key, Option<Value>)],
) -> Result<String, EditFault> {
    let mut text = text.to_owned();
    for (key, value) in keys {
        text = match value {
            Some(value) => set_one(text, base, key, value)?,
            None => removal::remove(text, base, key)?,
        };
    }
    Ok(text)
}

/// The mark that some editors begin a file with, and the rest.
pub(super) fn split_mark(text: &str) -> (&str, &str) {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split_at(text.len() - rest.len())
}

pub(super) fn parse(text: &str) -> Result<Document<&str>, EditFault> {
    Document::parse(text).map_err(|error| EditFault::syntax(text, error))
}

/// Where values and headers stand in a table and in all below it.
pub(super) fn contents(table: &Table) -> Vec<Range<usize>> {
    let values = table.get_values().into_iter();
    let mut found: Vec<_> = values.filter_map(|(_, value)| value.span()).collect();
    found.extend(header(table));
    found.extend(table.iter().flat_map(|(_, item)| contents_below(item)));
    found
}

/// The same for the tables that an item is, unless they are written as values.
pub(super) fn contents_below(item: &Item) -> Vec<Range<usize>> {
    match item {
        Item::Table(table) if table.is_dotted() => {
            let below = table.iter().flat_map(|(_, item)| contents_below(item));
            below.collect()
        }
        Item::Table(table) => contents(table),
        Item::ArrayOfTables(tables) => tables.iter().flat_map(contents).collect(),
        _ => Vec::new(),
    }
}

/// Where a table's header stands, if it has one.
fn header(table: &Table) -> Option<Range<usize>> {
    let has_header = !table.is_implicit() && !table.is_dotted();
    table.span().filter(|span| has_header && !span.is_empty())
}

fn set_one(text: String, base: Base, key: &Key, value: &Value) -> Result<String, EditFault> {
    let taken = || EditFault::KeyTaken(key.clone());
    let document = parse(&text)?;
    let spot = Spot::find(base.of(&document)?, key.parts()).ok_or_else(taken)?;
    let splices = match spot.item {
        Some((_, item)) if value.is(item) => return Ok(text),
        Some((_, item)) => replacement(&text, item, value).ok_or_else(taken)?,
        None => vec![insertion(&text, &spot, &spot.entry(key.parts(), value)).ok_or_else(taken)?],
    };
    let edited = splices
        .into_iter()
        .rev()
        .fold(text.clone(), |text, splice| apply(&text, splice));
    // Whatever odd thing stands there: a text that was sound stays so.
    match holds(&edited, base, key, value) {
        true => Ok(edited),
        false => Err(taken()),
    }
}

/// What makes an item another value, in the order of the text.
fn replacement(text: &str, item: &Item, value: &Value) -> Option<Vec<Splice>> {
    if item.is_table_like() || item.is_array_of_tables() {
        return None;
    }
    if let (Some(array), Value::Texts(texts)) = (item.as_array(), value)
        && let Some(splices) = elements::replacement(text, array, texts)
    {
        return Some(splices);
    }
    Some(vec![(item.span()?, value.to_string())])
}

fn insertion(text: &str, spot: &Spot<'_>, entry: &str) -> Option<Splice> {
    let last = spot.last();
    let end = match last {
        Some((_, value)) => Some(value.span()?.end),
        None => None,
    };
    let table = match spot.home {
        Home::Braces(table) => return braces::insertion(text, table, end, entry),
        Home::Lines(table) => table,
    };
    let header = header(table);
    let sibling = last.map_or(header.clone(), |(key, _)| key.span());
    match (sibling, end.or(header.map(|header| header.end))) {
        (Some(sibling), Some(end)) => Some(new_line(text, sibling.start, end, entry)),
        _ => Some(first_line(text, table, entry)),
    }
}

/// A line of its own below the one that something ends on at `end`.
fn new_line(text: &str, sibling: usize, end: usize, entry: &str) -> Splice {
    let (at, indent) = (lines::end(text, end), lines::indent(text, sibling));
    let ending = lines::ending(text);
    let line = match text[..at].ends_with('\n') {
        true => format!("{indent}{entry}{ending}"),
        false => format!("{ending}{indent}{entry}"),
    };
    (at..at, line)
}

/// The first entry of a text whose table has no header.
fn first_line(text: &str, table: &Table, entry: &str) -> Splice {
    let ending = lines::ending(text);
    if !table.is_empty() || text.is_empty() {
        return (0..0, format!("{entry}{ending}"));
    }
    let at = text.len();
    match text.ends_with('\n') {
        true => (at..at, format!("{entry}{ending}")),
        false => (at..at, format!("{ending}{entry}")),
    }
}

fn holds(text: &str, base: Base, key: &Key, value: &Value) -> bool {
    let Ok(document) = parse(text) else {
        return false;
    };
    let spot = base.of(&document).ok();
    let spot = spot.and_then(|table| Spot::find(table, key.parts()));
    let item = spot.and_then(|spot| spot.item);
    item.is_some_and(|(_, item)| value.is(item))
}

fn apply(text: &str, (range, with): Splice) -> String {
    [&text[..range.start], &with, &text[range.end..]].concat()
}
