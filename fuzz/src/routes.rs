use std::fmt::Write as _;
use std::path::Path;

use lockgate::config::parse_domains;
use lockgate::origin::{Directory, Origins};

/// The path of a request, and those of a domain's routes, a line each.
pub fn routes(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let mut lines = text.split('\n').take(MOST);
    let path = lines.next().unwrap_or_default();
    let routes: Vec<_> = lines.collect();
    let file = parse_domains(Path::new("a.toml"), domain(&routes).as_bytes());
    let is_path = |path: &str| path.starts_with('/') && !path.contains(['?', '#']);
    let mut sorted = routes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let sound = routes.iter().all(|it| is_path(it)) && sorted.len() == routes.len();
    assert_eq!(file.problems.is_empty(), sound, "{:?}", file.problems);
    let Some(domain) = file.domains.first() else {
        return;
    };
    let origins = Origins::new(domain, &mut Directory::default());
    let url = origins.group(path).url(0).expect("a group has an endpoint");
    let chosen = url.to_string();
    assert_eq!(
        chosen,
        origin(expected(path, &routes)),
        "{path:?} {routes:?}"
    );
}

/// The number of the route with most in common, by whole segments.
fn expected(path: &str, routes: &[&str]) -> Option<usize> {
    let segments: Vec<_> = path.split_inclusive('/').collect();
    // All that the path is below, the longest first.
    let above = (1..=segments.len()).rev().flat_map(|count| {
        let whole = segments[..count].concat();
        let bare = whole.strip_suffix('/').unwrap_or(&whole).to_owned();
        [whole, bare]
    });
    let mut above = above.filter(|it| !it.is_empty());
    above.find_map(|it| routes.iter().position(|route| *route == it))
}

fn origin(route: Option<usize>) -> String {
    format!("http://127.0.0.1:{}", 1 + route.map_or(0, |it| it + 1))
}

fn domain(routes: &[&str]) -> String {
    let main = origin(None);
    let mut text = format!("[[domain]]\nname = \"a.test\"\norigins = [\"{main}\"]\n");
    for (number, path) in routes.iter().enumerate() {
        let origin = origin(Some(number));
        let path = quoted(path);
        let _ = writeln!(
            text,
            "[[domain.routes]]\npath = {path}\norigins = [\"{origin}\"]"
        );
    }
    text
}

/// As a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Lines that are looked at.
const MOST: usize = 20;
