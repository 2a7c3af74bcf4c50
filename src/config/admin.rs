use std::net::SocketAddr;
use std::path::Path;

use super::problem::Problem;
use super::raw::File;
use super::settings::{Settings, address};

/// Reads where the admin listener is from a `lockgate.toml`, and nothing else: a process that goes
/// on with its last good settings can be asked what is wrong with the new ones.
///
/// # Errors
///
/// What keeps the address from being told.
pub fn parse_admin(path: &Path, content: &[u8]) -> Result<SocketAddr, Vec<Problem>> {
    let file = File::new(path, content);
    let mut root = file.table();
    let torn = file.take_problems();
    let listen = address(&mut root.table("admin"), "listen");
    let problems = file.take_problems();
    match listen {
        Some(address) => Ok(address),
        None if problems.is_empty() && torn.is_empty() => Ok(Settings::default().admin),
        None if problems.is_empty() => Err(torn),
        None => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SocketAddr, Vec<Problem>> {
        parse_admin(Path::new("lockgate.toml"), text.as_bytes())
    }

    #[test]
    fn what_else_is_wrong_does_not_matter() {
        let default = Settings::default().admin;
        for (text, expected) in [
            ("", default),
            ("worker = 1\n[admin]\ntoken = 7", default),
            (
                "[admin]\nlisten = \"[::1]:1\"\n[listeners\n",
                "[::1]:1".parse().unwrap(),
            ),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_told_is_a_problem() {
        for (text, code) in [
            ("[admin]\nlisten = \"here\"", "invalid_value"),
            ("[admin]\nlisten = 9180", "invalid_value"),
            ("admin = 1", "invalid_value"),
            ("[admin\nlisten = \"[::1]:1\"", "toml_syntax"),
        ] {
            let problems = parse(text).unwrap_err();
            assert_eq!(problems[0].reason.code(), code, "{text}");
        }
    }
}
