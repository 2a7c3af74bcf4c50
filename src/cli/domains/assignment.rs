use std::str::FromStr;

use serde_json::{Map, Value as Json};

/// A key and its value, as the file of a domain has them: `tls.min_version="1.3"`.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Assignment(pub(super) Map<String, Json>);

/// A key, as the file of a domain has it, that shall be there no more.
#[derive(Clone, Debug)]
pub(in crate::cli) struct KeyName(pub(super) Map<String, Json>);

/// A text that sets nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::cli) enum InvalidAssignment {
    #[error("write KEY=VALUE")]
    NoValue,
    #[error("this is not TOML; texts stand in quotes, as in --set 'http=\"redirect\"'")]
    NoToml,
    #[error("a key has a text, a number, true or false, a list of texts, or a table of these")]
    Value,
    #[error("this is no key of a table")]
    NoKey,
}

impl FromStr for Assignment {
    type Err = InvalidAssignment;

    fn from_str(text: &str) -> Result<Self, InvalidAssignment> {
        if !text.contains('=') {
            return Err(InvalidAssignment::NoValue);
        }
        let table: toml::Table = text.parse().map_err(|_| InvalidAssignment::NoToml)?;
        object(table).map(Self).ok_or(InvalidAssignment::Value)
    }
}

impl FromStr for KeyName {
    type Err = InvalidAssignment;

    fn from_str(text: &str) -> Result<Self, InvalidAssignment> {
        let invalid = InvalidAssignment::NoKey;
        let table = format!("{text} = 0").parse::<toml::Table>();
        let table = table.map_err(|_| invalid.clone())?;
        let mut object = object(table).ok_or(invalid.clone())?;
        match object.len() == 1 && remove(&mut object) {
            true => Ok(Self(object)),
            false => Err(invalid),
        }
    }
}

/// Puts null in place of the one value at the end of a path of tables.
fn remove(object: &mut Map<String, Json>) -> bool {
    match object.values_mut().next() {
        Some(Json::Object(inner)) => remove(inner),
        Some(value) => {
            *value = Json::Null;
            true
        }
        None => false,
    }
}

fn object(table: toml::Table) -> Option<Map<String, Json>> {
    let entries = table.into_iter();
    entries
        .map(|(key, value)| Some((key, json(value)?)))
        .collect()
}

fn json(value: toml::Value) -> Option<Json> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(boolean) => boolean.into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect::<Option<_>>()?,
        toml::Value::Table(table) => object(table)?.into(),
        // Nothing in the configuration is one of these.
        toml::Value::Float(_) | toml::Value::Datetime(_) => return None,
    })
}
