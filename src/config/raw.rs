//! TOML tables as they were written, with positions: values are taken out one by one, what is left
//! over is unknown, and every problem is noted rather than ending the reading.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Reason};

/// None at all would end what it bounds before it began; clocks overflow far above a year.
const DURATIONS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(365 * 86_400);

/// One file being read: knows lines, and collects the problems.
pub(super) struct File<'i> {
    path: Arc<Path>,
    text: &'i str,
    /// Where the lines end.
    line_ends: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
}

impl<'i> File<'i> {
    pub(super) fn new(path: &Path, content: &'i [u8]) -> Self {
        let file = Self {
            path: path.into(),
            text: str::from_utf8(content).unwrap_or_default(),
            line_ends: line_ends(content),
            problems: RefCell::default(),
        };
        if let Err(error) = str::from_utf8(content) {
            file.report(error.valid_up_to(), Reason::Encoding);
        }
        file
    }

    /// The file's table; what cannot be parsed is noted and left out.
    pub(super) fn table(&self) -> Table<'_, 'i> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let start = error.span().map_or(0, |span| span.start);
            self.report(start, Reason::Syntax(Box::new(error)));
        }
        Table::new(self, table)
    }

    pub(super) fn report(&self, offset: usize, reason: Reason) {
        let place = self.place(offset);
        self.problems.borrow_mut().push(Problem { place, reason });
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        Place {
            file: Arc::clone(&self.path),
            line: 1 + self.line_ends.partition_point(|end| *end < offset),
        }
    }

    /// Takes the problems noted so far, in the order of their lines.
    pub(super) fn take_problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.take();
        problems.sort_by_key(|problem| problem.place.line);
        problems
    }
}

fn line_ends(text: &[u8]) -> Vec<usize> {
    let bytes = text.iter().enumerate();
    let ends = bytes.filter(|(_, byte)| **byte == b'\n');
    ends.map(|(offset, _)| offset).collect()
}

/// A table whose keys are taken out one by one.
pub(super) struct Table<'f, 'i> {
    file: &'f File<'i>,
    offset: usize,
    entries: DeTable<'i>,
    taken: Vec<&'static str>,
    found: Vec<&'static str>,
}

impl<'f, 'i> Table<'f, 'i> {
    fn new(file: &'f File<'i>, table: Spanned<DeTable<'i>>) -> Self {
        Self {
            file,
            offset: table.span().start,
            entries: table.into_inner(),
            taken: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Whether a key was there, taken or not.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.entries.contains_key(key) || self.found.contains(&key)
    }

    /// Where the table begins.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.taken.push(key);
        let value = self.entries.remove(key)?;
        self.found.push(key);
        Some(value)
    }

    /// Takes a value that `read` makes something of; notes what it says when it cannot.
    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&DeValue<'i>) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let value = self.take(key)?;
        let span = value.span();
        let read = read(value.get_ref());
        if read.is_none() {
            let found = value.get_ref().type_str();
            let reason = Reason::WrongType {
                key,
                expected,
                found,
            };
            self.file.report(span.start, reason);
        }
        Some(Spanned::new(span, read?))
    }

    pub(super) fn string(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.typed(key, "a string in quotes", |value| {
            value.as_str().map(str::to_owned)
        })
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.typed(key, "true or false", DeValue::as_bool)?;
        Some(value.into_inner())
    }

    pub(super) fn integer(&mut self, key: &'static str) -> Option<Spanned<u64>> {
        self.typed(key, "a whole number", |value| {
            let integer = value.as_integer()?;
            u64::from_str_radix(integer.as_str(), integer.radix()).ok()
        })
    }

    /// A whole number of a range, which `allowed` tells in words.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        allowed: &'static str,
    ) -> Option<usize> {
        let number = self.integer(key)?;
        let text = Spanned::new(number.span(), number.get_ref().to_string());
        self.parse(key, allowed, &text, |_| {
            let number = Some(*number.get_ref()).filter(|number| range.contains(number))?;
            usize::try_from(number).ok()
        })
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let text = self.string(key)?;
        let allowed = "a length of time from \"1ms\" to \"365d\", like \"10s\" or \"5m\"";
        self.parse(key, allowed, &text, |text| {
            let duration = humantime::parse_duration(text).ok();
            duration.filter(|duration| DURATIONS.contains(duration))
        })
    }

    /// Turns a text into a value, or notes what is allowed instead.
    pub(super) fn parse<T>(
        &self,
        key: &'static str,
        allowed: &'static str,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = parse(text.get_ref());
        if value.is_none() {
            let reason = Reason::UnknownValue {
                key,
                value: text.get_ref().clone(),
                allowed,
            };
            self.file.report(text.span().start, reason);
        }
        value
    }

    /// The elements of an array, each of which `read` makes something of.
    pub(super) fn array<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        mut read: impl FnMut(&'f File<'i>, Spanned<DeValue<'i>>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.take(key)?;
        let (span, found) = (value.span(), value.get_ref().type_str());
        let DeValue::Array(elements) = value.into_inner() else {
            let reason = Reason::WrongType {
                key,
                expected,
                found,
            };
            self.file.report(span.start, reason);
            return None;
        };
        let elements = elements.into_iter();
        Some(
            elements
                .filter_map(|element| read(self.file, element))
                .collect(),
        )
    }

    pub(super) fn strings(&mut self, key: &'static str) -> Option<Vec<Spanned<String>>> {
        self.array(key, STRINGS, |file, element| string(file, key, element))
    }

    /// All that nobody took yet, each a list of strings under a name of the operator's choice. `key`
    /// is the table's own.
    pub(super) fn named_strings(
        &mut self,
        key: &'static str,
    ) -> Vec<(Spanned<String>, Vec<Spanned<String>>)> {
        let mut lists = Vec::new();
        for (name, value) in std::mem::take(&mut self.entries) {
            let (span, found) = (value.span(), value.get_ref().type_str());
            let DeValue::Array(elements) = value.into_inner() else {
                let expected = "a table with a list of strings for each name";
                let reason = Reason::WrongType {
                    key,
                    expected,
                    found,
                };
                self.file.report(span.start, reason);
                continue;
            };
            let texts = elements.into_iter();
            let texts = texts.filter_map(|it| string(self.file, key, it));
            let name = Spanned::new(name.span(), name.get_ref().to_string());
            lists.push((name, texts.collect()));
        }
        lists
    }

    /// All keys that nobody took, whatever they are, each with a text, in their order.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<(Spanned<String>, String)> {
        let entries = std::mem::take(&mut self.entries).into_iter();
        let mut texts = Vec::new();
        for (name, value) in entries {
            let (start, found) = (value.span().start, value.get_ref().type_str());
            let name = Spanned::new(name.span(), name.into_inner().into_owned());
            match value.into_inner() {
                DeValue::String(text) => texts.push((name, text.into_owned())),
                _ => self.file.report(
                    start,
                    Reason::WrongType {
                        key,
                        expected: "a string in quotes",
                        found,
                    },
                ),
            }
        }
        texts.sort_by_key(|(name, _)| name.span().start);
        texts
    }

    /// A table below this one; an empty one when it is not there.
    pub(super) fn table(&mut self, key: &'static str) -> Self {
        let Some(value) = self.take(key) else {
            return Self::new(self.file, Spanned::new(0..0, DeTable::new()));
        };
        Self::of_value(self.file, key, value)
            .unwrap_or_else(|| Self::new(self.file, Spanned::new(0..0, DeTable::new())))
    }

    /// The tables of an array of tables, `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let tables = self.array(key, "an array of tables, [[…]]", |file, element| {
            Self::of_value(file, key, element)
        });
        tables.unwrap_or_default()
    }

    /// A value that must be a table.
    pub(super) fn of_value(
        file: &'f File<'i>,
        key: &'static str,
        value: Spanned<DeValue<'i>>,
    ) -> Option<Self> {
        let (span, found) = (value.span(), value.get_ref().type_str());
        let DeValue::Table(table) = value.into_inner() else {
            let expected = "a table";
            let reason = Reason::WrongType {
                key,
                expected,
                found,
            };
            file.report(span.start, reason);
            return None;
        };
        Some(Self::new(file, Spanned::new(span, table)))
    }

    /// Notes every key that nobody took.
    pub(super) fn finish(self) {
        for (key, _) in &self.entries {
            let distance = |known: &&str| strsim::levenshtein(known, key.get_ref());
            let similar = self.taken.iter().copied();
            let reason = Reason::UnknownKey {
                key: key.get_ref().to_string(),
                similar: similar
                    .filter(|known| distance(known) <= 2)
                    .min_by_key(distance),
                known: self.taken.clone(),
            };
            self.file.report(key.span().start, reason);
        }
    }
}

fn string(
    file: &File<'_>,
    key: &'static str,
    element: Spanned<DeValue<'_>>,
) -> Option<Spanned<String>> {
    let (span, found) = (element.span(), element.get_ref().type_str());
    let DeValue::String(text) = element.into_inner() else {
        let reason = Reason::WrongType {
            key,
            expected: STRINGS,
            found,
        };
        file.report(span.start, reason);
        return None;
    };
    Some(Spanned::new(span, text.into_owned()))
}

const STRINGS: &str = "an array of strings, [\"…\"]";
