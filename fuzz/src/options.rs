use std::path::Path;

use lockgate::config::{Options, parse_options};
use toml::{Table, Value};

use crate::message;

/// A `certificate.toml`.
pub fn options(content: &[u8]) {
    let parse = || parse_options(Path::new("certificate.toml"), content);
    match parse() {
        Ok(options) => {
            assert_eq!(parse().ok().as_ref(), Some(&options));
            assert_eq!(understood(content), options);
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.is_sorted_by_key(|problem| problem.place.line));
            message::check_problems(content, &problems);
        }
    }
}

/// What serde makes of options that are sound.
fn understood(content: &[u8]) -> Options {
    let text = str::from_utf8(content).expect("sound options are text");
    let table: Table = text.parse().expect("sound options are TOML");
    let is_known = |key: &String| ["force", "remarks"].contains(&key.as_str());
    assert!(table.keys().all(is_known), "{table:?}");
    let remarks = table.get("remarks").and_then(Value::as_str);
    Options {
        force: table.get("force").and_then(Value::as_bool) == Some(true),
        remarks: remarks.unwrap_or_default().to_owned(),
    }
}
