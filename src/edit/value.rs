use std::fmt;

use toml_edit::Item;

use super::key::Key;

/// What a key can be set to: all that the files of domains and of certificates hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `"…"`
    Text(String),
    /// `true` or `false`
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// `["…", "…"]`
    Texts(Vec<String>),
    /// `[{ … }, { … }]`
    Tables(Vec<Fields>),
}

/// The keys of a table in their order.
pub type Fields = Vec<(String, Value)>;

impl Value {
    /// Whether an item of a file means the same, however it is written.
    pub(super) fn is(&self, item: &Item) -> bool {
        item.as_value().is_some_and(|there| self.is_value(there))
    }

    fn is_value(&self, there: &toml_edit::Value) -> bool {
        match self {
            Self::Text(text) => there.as_str() == Some(text),
            Self::Boolean(boolean) => there.as_bool() == Some(*boolean),
            Self::Integer(integer) => there.as_integer() == Some(*integer),
            Self::Texts(texts) => there.as_array().is_some_and(|array| {
                let there = array.iter().map(toml_edit::Value::as_str);
                there.eq(texts.iter().map(|text| Some(&**text)))
            }),
            Self::Tables(tables) => there.as_array().is_some_and(|array| {
                let pairs = array.iter().zip(tables);
                array.len() == tables.len() && pairs.into_iter().all(|(it, table)| holds(it, table))
            }),
        }
    }
}

/// Whether an inline table has these keys and no other, in any order.
fn holds(there: &toml_edit::Value, fields: &Fields) -> bool {
    there.as_inline_table().is_some_and(|there| {
        let is_there = |(key, value): &(String, Value)| {
            let there = there.get(key);
            there.is_some_and(|there| value.is_value(there))
        };
        there.len() == fields.len() && fields.iter().all(is_there)
    })
}

/// As it is written in TOML, in one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write_text(text, f),
            Self::Boolean(boolean) => boolean.fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            Self::Texts(texts) => write_list(texts, f, |text, f| write_text(text, f)),
            Self::Tables(tables) => write_list(tables, f, write_fields),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

impl From<Vec<Fields>> for Value {
    fn from(tables: Vec<Fields>) -> Self {
        Self::Tables(tables)
    }
}

fn write_list<T>(
    items: &[T],
    f: &mut fmt::Formatter<'_>,
    write: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (number, item) in items.iter().enumerate() {
        f.write_str(if number > 0 { ", " } else { "" })?;
        write(item, f)?;
    }
    f.write_str("]")
}

fn write_fields(fields: &Fields, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("{")?;
    for (number, (key, value)) in fields.iter().enumerate() {
        f.write_str(if number > 0 { ", " } else { " " })?;
        write!(f, "{} = {value}", Key::from(vec![key.clone()]))?;
    }
    f.write_str(" }")
}

/// Writes a basic string of one line (TOML 1.0, "String"): every control character is escaped.
pub(super) fn write_text(text: &str, f: &mut impl fmt::Write) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            _ if character.is_control() => write!(f, "\\u{:04X}", u32::from(character))?,
            _ => f.write_char(character)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml_edit::Document;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<String>().prop_map(Value::Text),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            prop::collection::vec(any::<String>(), 0..4).prop_map(Value::Texts),
            prop::collection::vec(fields(), 1..4).prop_map(Value::Tables),
        ]
    }

    fn fields() -> impl Strategy<Value = Fields> {
        let value = prop_oneof![
            any::<String>().prop_map(Value::Text),
            prop::collection::vec(any::<String>(), 0..3).prop_map(Value::Texts),
        ];
        let fields = prop::collection::btree_map(any::<String>(), value, 0..3);
        fields.prop_map(|fields| fields.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_is_one_line(value in values()) {
            let text = format!("x = {value}");
            prop_assert!(!text.contains(['\n', '\r']));
            let document = Document::parse(&*text).unwrap();
            prop_assert!(value.is(&document.as_table()["x"]), "{}", text);
        }
    }

    #[test]
    fn a_value_is_what_it_means_not_how_it_is_written() {
        let text = "a = 'x'\nb = [\n  'x', # y\n  \"z\",\n]\nc = 0x10\nd = [1]\n";
        let document = Document::parse(text).unwrap();
        let is = |value: Value, key| value.is(&document.as_table()[key]);
        assert!(is("x".into(), "a") && !is("y".into(), "a") && !is(true.into(), "a"));
        assert!(is(vec!["x".to_owned(), "z".to_owned()].into(), "b"));
        assert!(is(16.into(), "c") && !is(vec!["1".to_owned()].into(), "d"));
    }
}
