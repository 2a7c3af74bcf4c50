//! Elements of an array of strings: those that stay keep their lines and comments.

use std::ops::Range;

use toml_edit::{Array, Value};

use super::{Splice, braces, lines};
use crate::edit::value;

/// What makes an array hold other texts, in the order of the text. None where it is as well
/// written anew: nothing stays, or nothing is there.
pub(super) fn replacement(text: &str, array: &Array, texts: &[String]) -> Option<Vec<Splice>> {
    let old: Vec<_> = array.iter().map(Value::as_str).collect();
    let new: Vec<_> = texts.iter().map(|text| Some(&**text)).collect();
    let head = common(old.iter(), new.iter());
    let tail = common(old[head..].iter().rev(), new[head..].iter().rev());
    let (gone, come) = (head..old.len() - tail, head..new.len() - tail);
    let both = gone.len().min(come.len());
    if head + tail + both == 0 || new.is_empty() {
        return None;
    }
    let mut splices = Vec::new();
    for (element, new) in gone.clone().zip(&texts[come.clone()]) {
        splices.push((array.get(element)?.span()?, quoted(new)));
    }
    if gone.len() > both {
        splices.push((
            removal(text, array, gone.start + both..gone.end)?,
            String::new(),
        ));
    }
    if come.len() > both {
        splices.extend(insertion(
            text,
            array,
            gone.end,
            &texts[come.start + both..come.end],
        )?);
    }
    Some(splices)
}

fn common<'a, T: PartialEq + 'a>(
    one: impl Iterator<Item = &'a T>,
    other: impl Iterator<Item = &'a T>,
) -> usize {
    let both = one.zip(other);
    both.take_while(|(one, other)| one == other).count()
}

fn removal(text: &str, array: &Array, elements: Range<usize>) -> Option<Range<usize>> {
    let (first, last) = (array.get(elements.start)?, array.get(elements.end - 1)?);
    braces::between_commas(text, first.decor().prefix()?, last)
}

/// New elements before the one of a number: in lines of their own where the one before has one.
fn insertion(text: &str, array: &Array, number: usize, texts: &[String]) -> Option<Vec<Splice>> {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    let Some(before) = number.checked_sub(1) else {
        let first = array.get(0)?.span()?.start;
        let all = texts.join(", ");
        return Some(vec![(first..first, format!("{all}, "))]);
    };
    let before = array.get(before)?.span()?;
    let comma = number < array.len() || array.trailing_comma();
    match Line::of(text, &before, comma) {
        Some(line) => Some(line.add(&texts, before.end)),
        None => Some(vec![(
            before.end..before.end,
            format!(", {}", texts.join(", ")),
        )]),
    }
}

/// A line with one element on it.
struct Line<'t> {
    indent: &'t str,
    ending: &'static str,
    /// Where the next line begins.
    end: usize,
    /// Whether a comma follows the element.
    comma: bool,
}

impl<'t> Line<'t> {
    fn of(text: &'t str, element: &Range<usize>, comma: bool) -> Option<Self> {
        let indent = &text[lines::start(text, element.start)..element.start];
        let end = lines::end(text, element.end);
        let rest = text[element.end..end].trim();
        let rest = if comma {
            rest.strip_prefix(',')?.trim()
        } else {
            rest
        };
        let is_alone = indent.trim().is_empty() && (rest.is_empty() || rest.starts_with('#'));
        is_alone.then_some(Self {
            indent,
            ending: lines::ending(text),
            end,
            comma,
        })
    }

    fn add(&self, texts: &[String], element_end: usize) -> Vec<Splice> {
        let Self { indent, ending, .. } = self;
        let between = format!(",{ending}{indent}");
        let last = if self.comma { "," } else { "" };
        let added = format!("{indent}{}{last}{ending}", texts.join(&between));
        let added = (self.end..self.end, added);
        match self.comma {
            true => vec![added],
            false => vec![(element_end..element_end, ",".to_owned()), added],
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    // Writing to a string cannot fail.
    let _ = value::write_text(text, &mut quoted);
    quoted
}
