use std::path::{Path, PathBuf};

use super::{Admin, read_certificate, read_list, read_listen};
use crate::config::problem::Problem;
use crate::config::raw::File;
use crate::config::settings::{Settings, path};

/// What somebody has to know who wants to ask the process of a configuration directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminFound {
    /// Where to ask, and how.
    pub admin: Admin,
    /// The state directory, relative to the configuration directory: the tokens are there.
    pub state: PathBuf,
}

/// Reads where the admin listener is from a `lockgate.toml`, and nothing else: a process that goes
/// on with its last good settings can be asked what is wrong with the new ones.
///
/// # Errors
///
/// What keeps it from being told.
pub fn parse_admin(file: &Path, content: &[u8]) -> Result<AdminFound, Vec<Problem>> {
    let file = File::new(file, content);
    let mut root = file.table();
    let torn = file.take_problems();
    let mut table = root.table("admin");
    let listen = read_listen(&mut table);
    let directory = path(&mut root.table("state"), "directory");
    let problems = file.take_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    if listen.is_none() && !torn.is_empty() {
        return Err(torn);
    }
    let default = Settings::default();
    // What is wrong with these matters to the process, not to who asks it.
    let admin = Admin {
        listen: listen.map_or(default.admin.listen, toml::Spanned::into_inner),
        certificate: read_certificate(&file, &mut table),
        hosts: read_list(&mut table, "hosts", "", |text| text.parse().ok()),
        ..default.admin
    };
    Ok(AdminFound {
        admin,
        state: directory.unwrap_or(default.state.directory),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AdminFound, Vec<Problem>> {
        parse_admin(Path::new("lockgate.toml"), text.as_bytes())
    }

    #[test]
    fn what_else_is_wrong_does_not_matter() {
        for (text, expected) in [
            ("", "127.0.0.1:9180"),
            ("worker = 1\n[admin]\ntoken = 7", "127.0.0.1:9180"),
            ("[admin]\nlisten = \"[::1]:1\"\n[listeners\n", "[::1]:1"),
            (
                "[admin]\nlisten = \"0.0.0.0:1\"\nhosts = [\"a b\"]",
                "0.0.0.0:1",
            ),
            ("[admin]\nlisten = \"unix:a.sock\"", "unix:a.sock"),
        ] {
            let found = parse(text).unwrap();
            assert_eq!(found.admin.listen.to_string(), expected, "{text}");
            assert_eq!(found.state, Path::new("../state"));
        }
    }

    #[test]
    fn all_that_leads_to_the_process_is_read() {
        let found = parse(
            "[admin]\nlisten = \"0.0.0.0:1\"\ncertificate = \"a\"\nhosts = [\"a.test\"]\n\
             [state]\ndirectory = \"/var/lib/lockgate\"",
        );
        let found = found.unwrap();
        assert!(found.admin.is_tls());
        assert_eq!(found.admin.hosts.len(), 1);
        assert_eq!(found.state, Path::new("/var/lib/lockgate"));
    }

    #[test]
    fn an_address_that_cannot_be_told_is_a_problem() {
        for (text, code) in [
            ("[admin]\nlisten = \"here\"", "invalid_value"),
            ("[admin]\nlisten = 9180", "invalid_value"),
            ("admin = 1", "invalid_value"),
            ("[state]\ndirectory = 1", "invalid_value"),
            ("[admin\nlisten = \"[::1]:1\"", "toml_syntax"),
        ] {
            let problems = parse(text).unwrap_err();
            assert_eq!(problems[0].reason.code(), code, "{text}");
        }
    }
}
