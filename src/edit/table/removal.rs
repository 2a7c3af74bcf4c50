use std::ops::Range;

use toml_edit::{Item, Table, Value};

use super::spot::{Home, Spot};
use super::{Base, apply, braces, contents, header, lines, parse};
use crate::edit::fault::EditFault;
use crate::edit::key::Key;

/// Removes a key with all below it, and the comments right above each removed line.
pub(super) fn remove(mut text: String, base: Base, key: &Key) -> Result<String, EditFault> {
    // Each step removes one entry or header, so there are fewer steps than bytes.
    while let Some(range) = step(&text, base, key)? {
        text = apply(&text, (range, String::new()));
    }
    Ok(text)
}

/// What is to be removed next.
fn step(text: &str, base: Base, key: &Key) -> Result<Option<Range<usize>>, EditFault> {
    let document = parse(text)?;
    let table = base.of(&document)?;
    let taken = || EditFault::KeyTaken(key.clone());
    let spot = Spot::find(table, key.parts()).ok_or_else(taken)?;
    let Some((_, item)) = spot.item else {
        return Ok(None);
    };
    let range = match first_below(item) {
        Below::Nothing => entry(text, table, key.parts()),
        Below::Entry(way) => entry(text, table, &[key.parts(), &way].concat()),
        Below::Header(header) => Some(block(text, table, header)),
        Below::Other => None,
    };
    range
        .filter(|range| !range.is_empty())
        .map(Some)
        .ok_or_else(taken)
}

/// What is below an item, and goes before it.
enum Below {
    /// Nothing: it is an entry itself.
    Nothing,
    /// An entry, by the way to it.
    Entry(Vec<String>),
    /// A header without entries.
    Header(Range<usize>),
    /// Something that no format of ours has.
    Other,
}

fn first_below(item: &Item) -> Below {
    let values = match item {
        Item::Table(table) => table.get_values(),
        Item::Value(Value::InlineTable(table)) if table.is_dotted() => table.get_values(),
        Item::Value(_) => return Below::Nothing,
        _ => return Below::Other,
    };
    if let Some((way, _)) = values.first() {
        let way = way.iter().map(|key| key.get().to_owned());
        return Below::Entry(way.collect());
    }
    let own = item.as_table().filter(|table| table.is_empty());
    own.and_then(header).map_or(Below::Other, Below::Header)
}

fn entry(text: &str, table: &Table, parts: &[String]) -> Option<Range<usize>> {
    let spot = Spot::find(table, parts)?;
    let (key, item) = spot.item?;
    let value = item.as_value()?;
    match spot.home {
        Home::Lines(_) => Some(block(text, table, key.span()?.start..value.span()?.end)),
        // Empty braces would say nothing.
        Home::Braces(braces) if braces.get_values().len() == 1 => {
            entry(text, table, &parts[..spot.depth])
        }
        Home::Braces(_) => braces::removal(text, key, value),
    }
}

/// The lines of a range, and the comments right above them.
fn block(text: &str, table: &Table, range: Range<usize>) -> Range<usize> {
    let start = lines::start(text, range.start);
    let before = contents(table).into_iter().map(|content| content.end);
    let before = before.filter(|end| *end <= start).max();
    let floor = before.map_or(0, |end| lines::end(text, end));
    lines::comments_above(text, start, floor)..lines::end(text, range.end)
}
