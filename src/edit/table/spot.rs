use std::fmt::Write;

use toml_edit::{InlineTable, Item, Table, TableLike, Value};

use crate::edit::key;

/// Where a key stands below a table, or would stand.
pub(super) struct Spot<'d> {
    /// What its entry is written in.
    pub(super) home: Home<'d>,
    /// How many parts of the key lead to the home; the others stand in the entry.
    pub(super) depth: usize,
    /// The item and the last part of its key, if it is there.
    pub(super) item: Option<(&'d toml_edit::Key, &'d Item)>,
    /// The deepest table on the way to it that is there: its home, or keys with dots in it.
    group: &'d dyn TableLike,
}

/// A table that is written as such, not by dots in keys.
#[derive(Clone, Copy)]
pub(super) enum Home<'d> {
    /// An entry a line.
    Lines(&'d Table),
    /// Entries between braces.
    Braces(&'d InlineTable),
}

impl<'d> Spot<'d> {
    /// None if the key leads through something that is no table.
    pub(super) fn find(table: &'d Table, parts: &[String]) -> Option<Self> {
        let (last, way) = parts.split_last()?;
        let (mut home, mut depth) = (Home::Lines(table), 0);
        let mut group: &dyn TableLike = table;
        let mut is_whole = true;
        for (number, part) in way.iter().enumerate() {
            let Some(item) = group.get(part) else {
                is_whole = false;
                break;
            };
            if let Some(found) = Home::of(item) {
                (home, depth) = (found, number + 1);
            }
            group = item.as_table_like()?;
        }
        let item = is_whole.then(|| group.get_key_value(last)).flatten();
        Some(Self {
            home,
            depth,
            item,
            group,
        })
    }

    /// The entry below which, or after which, a new one belongs.
    pub(super) fn last(&self) -> Option<(&'d toml_edit::Key, &'d Value)> {
        let home: &dyn TableLike = match self.home {
            Home::Lines(table) => table,
            Home::Braces(table) => table,
        };
        last(self.group).or_else(|| last(home))
    }

    /// A new entry for a key.
    pub(super) fn entry(&self, parts: &[String], value: &impl ToString) -> String {
        let mut entry = String::new();
        // Writing to a string cannot fail.
        let _ = key::write(&parts[self.depth..], &mut entry);
        let _ = write!(entry, " = {}", value.to_string());
        entry
    }
}

impl<'d> Home<'d> {
    fn of(item: &'d Item) -> Option<Self> {
        match item {
            Item::Table(table) if !table.is_dotted() && !table.is_implicit() => {
                Some(Self::Lines(table))
            }
            Item::Value(Value::InlineTable(table)) if !table.is_dotted() => {
                Some(Self::Braces(table))
            }
            _ => None,
        }
    }
}

/// The entry of a table that stands last in the text.
fn last(table: &dyn TableLike) -> Option<(&toml_edit::Key, &Value)> {
    let entries = table.get_values().into_iter();
    let entries = entries.filter_map(|(path, value)| Some((*path.last()?, value)));
    entries.max_by_key(|(_, value)| value.span().map(|span| span.end))
}
