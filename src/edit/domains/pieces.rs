use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use toml_edit::{ArrayOfTables, Item, Table};

use super::{DOMAIN, NAME};
use crate::domain::Pattern;
use crate::edit::fault::EditFault;
use crate::edit::table::{self, lines};

/// The text of a file, in pieces that are joined again: each table with the comments that belong
/// to it, and before, between and after them what belongs to none.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    /// At odd places the tables, at even ones the gaps.
    texts: Vec<String>,
    places: HashMap<Pattern, usize>,
    ending: &'static str,
}

impl Pieces {
    pub(super) fn of(text: &str) -> Result<Self, EditFault> {
        let document = table::parse(text)?;
        let mut pieces = Self {
            texts: Vec::new(),
            places: HashMap::new(),
            ending: lines::ending(text),
        };
        let none = ArrayOfTables::new();
        let tables = match document.as_table().get(DOMAIN) {
            None => &none,
            Some(item) => item.as_array_of_tables().ok_or(EditFault::NotTables)?,
        };
        let mut end = 0;
        for (element, range) in tables
            .iter()
            .zip(ranges(text, document.as_table(), tables)?)
        {
            pieces.note(name(element), pieces.texts.len() + 1);
            pieces.texts.push(text[end..range.start].to_owned());
            pieces.texts.push(text[range.clone()].to_owned());
            end = range.end;
        }
        pieces.texts.push(text[end..].to_owned());
        Ok(pieces)
    }

    /// The first table of a name counts.
    fn note(&mut self, name: Option<Pattern>, place: usize) {
        if let Some(name) = name {
            self.places.entry(name).or_insert(place);
        }
    }

    pub(super) fn place(&self, name: &Pattern) -> Result<usize, EditFault> {
        let place = self.places.get(name).copied();
        place.ok_or_else(|| EditFault::UnknownDomain(name.clone()))
    }

    pub(super) fn table(&self, place: usize) -> &str {
        &self.texts[place]
    }

    pub(super) fn line_ending(&self) -> &'static str {
        self.ending
    }

    pub(super) fn join(&self) -> String {
        self.texts.concat()
    }

    /// Puts an edited table in place, which may have got another name.
    pub(super) fn replace(
        &mut self,
        old: &Pattern,
        place: usize,
        table: String,
    ) -> Result<(), EditFault> {
        let document = table::parse(&table)?;
        let tables = document.as_table().get(DOMAIN);
        let tables = tables.and_then(Item::as_array_of_tables);
        let new = tables.and_then(|tables| name(tables.get(0)?));
        if new.as_ref() != Some(old) {
            self.rename(old, new, place)?;
        }
        self.texts[place] = table;
        Ok(())
    }

    fn rename(
        &mut self,
        old: &Pattern,
        new: Option<Pattern>,
        place: usize,
    ) -> Result<(), EditFault> {
        if let Some(new) = new {
            match self.places.entry(new) {
                Entry::Occupied(there) => return Err(EditFault::DomainExists(there.key().clone())),
                Entry::Vacant(free) => free.insert(place),
            };
        }
        self.places.remove(old);
        Ok(())
    }

    /// Adds a table at the end, below a blank line if anything is above it.
    pub(super) fn push(&mut self, name: &Pattern, table: String) -> Result<(), EditFault> {
        let Entry::Vacant(free) = self.places.entry(name.clone()) else {
            return Err(EditFault::DomainExists(name.clone()));
        };
        free.insert(self.texts.len());
        let missing = match self.before(self.texts.len()) {
            None => 0,
            Some(last) if !self.texts[last].ends_with('\n') => 2,
            Some(last) => usize::from(!self.ends_blank(last)),
        };
        let gap = self.texts.len() - 1;
        self.texts[gap].push_str(&self.ending.repeat(missing));
        self.texts.extend([table, String::new()]);
        Ok(())
    }

    /// Removes a table, and a blank line too many where it was.
    pub(super) fn remove(&mut self, name: &Pattern) -> Result<(), EditFault> {
        let place = self.place(name)?;
        self.places.remove(name);
        self.texts[place].clear();
        let (before, after) = (self.before(place), self.after(place));
        let Some(after) = after else {
            before.into_iter().for_each(|before| self.trim_end(before));
            return Ok(());
        };
        if before.is_none_or(|before| self.ends_blank(before)) {
            self.trim_start(after);
        }
        Ok(())
    }

    /// The last piece before a place that is not empty.
    fn before(&self, place: usize) -> Option<usize> {
        (0..place)
            .rev()
            .find(|place| !self.texts[*place].is_empty())
    }

    fn after(&self, place: usize) -> Option<usize> {
        let mut places = place + 1..self.texts.len();
        places.find(|place| !self.texts[*place].is_empty())
    }

    /// Whether the last line of a piece is blank. A table begins and ends with lines that are not.
    fn ends_blank(&self, place: usize) -> bool {
        let text = &self.texts[place];
        let last = lines::start(text, text.len().saturating_sub(1));
        text[last..].trim().is_empty()
    }

    fn trim_start(&mut self, place: usize) {
        let text = &mut self.texts[place];
        while !text.is_empty() {
            let end = lines::end(text, 0);
            if !text[..end].trim().is_empty() {
                break;
            }
            text.drain(..end);
        }
    }

    fn trim_end(&mut self, place: usize) {
        let text = &self.texts[place];
        let kept = text.trim_end().len();
        let line = match kept {
            0 => 0,
            kept => lines::end(text, kept),
        };
        // Only blank lines; the last one that is not keeps its end.
        if place.is_multiple_of(2) {
            self.texts[place].truncate(line);
        }
    }
}

fn name(table: &Table) -> Option<Pattern> {
    table.get(NAME)?.as_str()?.parse().ok()
}

/// Where each table stands, with the tables in it and the comments that belong to it: those right
/// above its header, and those right below its last line.
fn ranges(
    text: &str,
    root: &Table,
    tables: &ArrayOfTables,
) -> Result<Vec<Range<usize>>, EditFault> {
    let others = others(root);
    let bodies: Vec<_> = tables
        .iter()
        .map(body)
        .collect::<Option<_>>()
        .ok_or(EditFault::NotTables)?;
    let mut ranges = Vec::with_capacity(bodies.len());
    for (number, body) in bodies.iter().enumerate() {
        let next = others.partition_point(|other| other.start < body.start);
        let other = others.get(next).map(|other| other.start);
        if other.is_some_and(|other| other < body.end) {
            return Err(EditFault::NotTables);
        }
        let last_other = next.checked_sub(1).map(|last| others[last].end);
        let last_body = number.checked_sub(1).map(|last| bodies[last].end);
        let floor = last_other
            .max(last_body)
            .map_or(0, |end| lines::end(text, end));
        let end = lines::end(text, body.end);
        let next_body = bodies.get(number + 1).map(|next| next.start);
        let ceiling = [other, next_body].into_iter().flatten().min();
        let ceiling = ceiling.map_or(text.len(), |next| above(text, next, end));
        ranges.push(above(text, body.start, floor)..lines::comments_below(text, end, ceiling));
    }
    Ok(ranges)
}

fn above(text: &str, header: usize, floor: usize) -> usize {
    lines::comments_above(text, lines::start(text, header), floor)
}

/// From a table's header to the end of the last value or header in it.
fn body(table: &Table) -> Option<Range<usize>> {
    let contents = table::contents(table);
    let end = contents.iter().map(|content| content.end).max()?;
    Some(table.span()?.start..end)
}

/// Where all stands that is no domain, in the order of the text.
fn others(root: &Table) -> Vec<Range<usize>> {
    let values = root.get_values().into_iter();
    let mut others: Vec<_> = values.filter_map(|(_, value)| value.span()).collect();
    let tables = root.iter().filter(|(key, _)| *key != DOMAIN);
    others.extend(tables.flat_map(|(_, item)| table::contents_below(item)));
    others.sort_unstable_by_key(|other| other.start);
    others
}
