use serde_json::{Map, Value as Json};

use super::invalid::InvalidBody;
use crate::edit::{Fields, Key, Value};
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
        Json::Array(items) if items.first().is_some_and(Json::is_object) => {
            let tables = items.into_iter().map(fields);
            Some(tables.collect::<Option<Vec<_>>>()?.into())
        }
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

/// A table in a list, whose own values are no tables. What is null there is as if it was not there.
fn fields(json: Json) -> Option<Fields> {
    let Json::Object(object) = json else {
        return None;
    };
    let fields = object.into_iter().filter(|(_, json)| !json.is_null());
    let fields = fields.map(|(key, json)| {
        let is_list_of_tables = json
            .as_array()
            .is_some_and(|items| items.iter().any(Json::is_object));
        let value = (!is_list_of_tables).then(|| value(json))??;
        Some((key, value?))
    });
    fields.collect()
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
    fn objects_in_a_list_are_tables_in_braces() {
        let json = json!({
            "routes": [{"path": "/a/", "origins": ["http://a"], "balance": null}, {}],
        });
        let expected = r#"routes = [{ origins = ["http://a"], path = "/a/" }, { }]"#;
        assert_eq!(written(json).unwrap(), [expected]);
    }

    #[test]
    fn what_no_table_can_hold_is_refused() {
        for (json, key) in [
            (json!({"x": 1.5}), "x"),
            (json!({"x": u64::MAX}), "x"),
            (json!({"x": ["a", 1]}), "x"),
            (json!({"x": {"y z": [null]}}), "x.\"y z\""),
            (json!({"x": [{"y": 1}, "a"]}), "x"),
            (json!({"x": [{"y": {"z": 1}}]}), "x"),
            (json!({"x": [{"y": [{"z": 1}]}]}), "x"),
        ] {
            assert_eq!(written(json), Err(InvalidBody::Value(key.to_owned())));
        }
    }
}
