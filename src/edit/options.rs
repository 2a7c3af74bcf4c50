//! Edits of a `certificate.toml`.

use super::fault::EditFault;
use super::key::Key;
use super::table::{self, Base};
use super::value::Value;

/// Sets keys, or removes those that are set to none; the text may be empty.
///
/// # Errors
///
/// When the text is no TOML, or has something else where a key should be.
pub fn set(text: &str, keys: &[(Key, Option<Value>)]) -> Result<String, EditFault> {
    let (mark, text) = table::split_mark(text);
    let edited = table::set(text, Base::Root, keys)?;
    Ok(format!("{mark}{edited}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse_options;

    #[test]
    fn keys_are_set_and_removed_beside_comments() {
        let set = |text: &str, key: &str, value: Option<Value>| {
            let edited = set(text, &[(key.into(), value)]).unwrap();
            parse_options(Path::new("certificate.toml"), edited.as_bytes()).unwrap();
            edited
        };
        assert_eq!(set("", "force", Some(true.into())), "force = true\n");
        let text = "# ours\r\nremarks = 'a' # b\r\n";
        let forced = set(text, "force", Some(true.into()));
        assert_eq!(forced, format!("{text}force = true\r\n"));
        assert_eq!(set(&forced, "force", None), text);
        let other = set(text, "remarks", Some("c\"".into()));
        assert_eq!(other, "# ours\r\nremarks = \"c\\\"\" # b\r\n");
        assert_eq!(
            set("# ours", "force", Some(false.into())),
            "# ours\nforce = false"
        );
        let marked = "\u{feff}remarks = 'a'\n";
        assert_eq!(set(marked, "remarks", None), "\u{feff}");
    }
}
