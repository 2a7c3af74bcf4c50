use std::fmt;

use toml_edit::Item;

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
}

impl Value {
    /// Whether an item of a file means the same, however it is written.
    pub(super) fn is(&self, item: &Item) -> bool {
        match self {
            Self::Text(text) => item.as_str() == Some(text),
            Self::Boolean(boolean) => item.as_bool() == Some(*boolean),
            Self::Integer(integer) => item.as_integer() == Some(*integer),
            Self::Texts(texts) => item.as_array().is_some_and(|array| {
                let there = array.iter().map(toml_edit::Value::as_str);
                there.eq(texts.iter().map(|text| Some(&**text)))
            }),
        }
    }
}

/// As it is written in TOML, in one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write_text(text, f),
            Self::Boolean(boolean) => boolean.fmt(f),
            Self::Integer(integer) => integer.fmt(f),
            Self::Texts(texts) => {
                f.write_str("[")?;
                for (number, text) in texts.iter().enumerate() {
                    f.write_str(if number > 0 { ", " } else { "" })?;
                    write_text(text, f)?;
                }
                f.write_str("]")
            }
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
        ]
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
