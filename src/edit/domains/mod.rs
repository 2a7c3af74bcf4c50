//! Edits of a file of `domains/`, which holds any number of `[[domain]]` tables.
//!
//! A domain is found by its name as the configuration reads it: in any case, with or without a dot
//! at its end. When a name stands there twice, the first table is the one that counts.

mod pieces;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;

use super::fault::EditFault;
use super::key::Key;
use super::table::{self, Base};
use super::value::Value;
use crate::domain::Pattern;
use pieces::Pieces;

/// A file of domains that is being edited. Each edit costs what its table is long, not the file.
#[derive(Clone, Debug)]
pub struct Editor {
    /// The mark that some editors begin a file with.
    mark: String,
    pieces: Pieces,
}

impl Editor {
    /// Takes a file apart; the text may be empty.
    ///
    /// # Errors
    ///
    /// When the text is no TOML, or its domains are not written as `[[domain]]` tables.
    pub fn parse(text: &str) -> Result<Self, EditFault> {
        let (mark, text) = table::split_mark(text);
        Ok(Self {
            mark: mark.to_owned(),
            pieces: Pieces::of(text)?,
        })
    }

    /// Sets keys of a domain's table, in their order, or removes those that are set to none.
    ///
    /// A comment right above a removed key goes with it; the comment on the line of a key that is
    /// set stays. A key that is new stands below the others of its table.
    ///
    /// # Errors
    ///
    /// When the domain is not there, or it is to get the name of another, or something else stands
    /// where a key should be. Then nothing is changed.
    pub fn set(&mut self, name: &Pattern, keys: &[(Key, Option<Value>)]) -> Result<(), EditFault> {
        let place = self.pieces.place(name)?;
        let edited = table::set(self.pieces.table(place), BASE, keys)?;
        self.pieces.replace(name, place, edited)
    }

    /// Adds a domain's table at the end, below a blank line: its name, and keys in the given order.
    /// Keys that are set to none, and the name, may be among them.
    ///
    /// # Errors
    ///
    /// When the domain is there already. Then nothing is changed.
    pub fn add(&mut self, name: &Pattern, keys: &[(Key, Option<Value>)]) -> Result<(), EditFault> {
        let ending = self.pieces.line_ending();
        let header = format!("[[domain]]{ending}");
        let named = (NAME.into(), Some(name.to_string().into()));
        let others = keys.iter().filter(|(key, _)| key.parts() != [NAME]);
        let keys: Vec<_> = [named].into_iter().chain(others.cloned()).collect();
        let table = table::set(&header, BASE, &keys)?;
        self.pieces.push(name, table)
    }

    /// Removes a domain's table, the tables in it, and the comments right above it.
    ///
    /// # Errors
    ///
    /// When the domain is not there.
    pub fn remove(&mut self, name: &Pattern) -> Result<(), EditFault> {
        self.pieces.remove(name)
    }

    /// All that [`Editor::remove`] would remove, for an entity tag: it changes with the table and
    /// with nothing else in the file.
    pub fn table_text(&self, name: &Pattern) -> Option<&str> {
        let place = self.pieces.place(name).ok()?;
        // Whether the last line has an end may change when another table follows.
        Some(self.pieces.table(place).trim_end())
    }

    /// What the file shall hold.
    pub fn finish(&self) -> String {
        [&*self.mark, &self.pieces.join()].concat()
    }
}

/// [`Editor::set`] in a text.
///
/// # Errors
///
/// Those of [`Editor::parse`] and [`Editor::set`].
pub fn set(text: &str, name: &Pattern, keys: &[(Key, Option<Value>)]) -> Result<String, EditFault> {
    let mut editor = Editor::parse(text)?;
    editor.set(name, keys)?;
    Ok(editor.finish())
}

/// [`Editor::add`] in a text, which may be empty.
///
/// # Errors
///
/// Those of [`Editor::parse`] and [`Editor::add`].
pub fn add(text: &str, name: &Pattern, keys: &[(Key, Option<Value>)]) -> Result<String, EditFault> {
    let mut editor = Editor::parse(text)?;
    editor.add(name, keys)?;
    Ok(editor.finish())
}

/// [`Editor::remove`] in a text. What is left may be empty, or only comments.
///
/// # Errors
///
/// Those of [`Editor::parse`] and [`Editor::remove`].
pub fn remove(text: &str, name: &Pattern) -> Result<String, EditFault> {
    let mut editor = Editor::parse(text)?;
    editor.remove(name)?;
    Ok(editor.finish())
}

/// [`Editor::table_text`] of a text; none too if the text cannot be edited.
pub fn table_text(text: &str, name: &Pattern) -> Option<String> {
    let editor = Editor::parse(text).ok()?;
    editor.table_text(name).map(str::to_owned)
}

const NAME: &str = "name";
const DOMAIN: &str = "domain";
const BASE: Base = Base::FirstOf(DOMAIN);
