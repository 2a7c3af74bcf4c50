use serde_json::{Map, Value as Json};

use super::invalid::InvalidBody;
use crate::edit::{Key, Value};
use crate::manage::Keys;

/// The keys of a table that a JSON object sets, and removes where it has null (RFC 7396): objects
/// in it are tables in the table. What they may be, the configuration says.
pub(super) fn keys(object: Map<String, Json>) -> Result<Keys, InvalidBody> {
    let mut keys = Keys::new();
    add(&mut Vec::new(), object, &mut keys)?;
    Ok(keys)
}

fn add(
    path: &mut Vec<String>,
    object: Map<String, Json>,
    keys: &mut Keys,
) -> Result<(), InvalidBody> {
    for (name, json) in object {
        path.push(name);
        match json {
            Json::Object(object) => add(path, object, keys)?,
            json => {
                let key = Key::from(path.clone());
                let value = value(json).ok_or_else(|| InvalidBody::Value(key.to_string()))?;
                keys.push((key, value));
            }
        }
        path.pop();
    }
    Ok(())
}

/// None if nothing of the kind can stand in the configuration; none inside if the key shall go.
fn value(json: Json) -> Option<Option<Value>> {
    Some(match json {
        Json::Null => None,
        Json::Bool(boolean) => Some(boolean.into()),
        Json::Number(number) => Some(number.as_i64()?.into()),
        Json::String(text) => Some(text.into()),
        Json::Array(texts) => {
            let texts = texts.into_iter().map(|text| match text {
                Json::String(text) => Some(text),
                _ => None,
            });
            Some(texts.collect::<Option<Vec<_>>>()?.into())
        }
        Json::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(json: Json) -> Result<Vec<String>, InvalidBody> {
        let Json::Object(object) = json else {
            panic!("no object");
        };
        let keys = keys(object)?.into_iter();
        let keys = keys.map(|(key, value)| match value {
            Some(value) => format!("{key} = {value}"),
            None => format!("{key} goes"),
        });
        Ok(keys.collect())
    }

    #[test]
    fn objects_are_tables_and_null_removes() {
        let json = json!({
            "https": false,
            "origins": ["http://a", "http://b"],
            "redirect_status": 308,
            "remarks": null,
            "tls": {"client_ca": "a.pem", "alpn": null},
        });
        let expected = [
            "https = false",
            "origins = [\"http://a\", \"http://b\"]",
            "redirect_status = 308",
            "remarks goes",
            "tls.alpn goes",
            "tls.client_ca = \"a.pem\"",
        ];
        assert_eq!(written(json).unwrap(), expected);
    }

    #[test]
    fn what_no_table_can_hold_is_refused() {
        for (json, key) in [
            (json!({"x": 1.5}), "x"),
            (json!({"x": u64::MAX}), "x"),
            (json!({"x": ["a", 1]}), "x"),
            (json!({"x": {"y z": [null]}}), "x.\"y z\""),
        ] {
            assert_eq!(written(json), Err(InvalidBody::Value(key.to_owned())));
        }
    }
}
