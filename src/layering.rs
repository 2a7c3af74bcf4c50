//! Dependencies go downwards only: a module may use those that stand below it in this list.

use std::fs;
use std::path::{Path, PathBuf};

const ORDER: [&str; 30] = [
    "cli",
    "app",
    "admin",
    "proof",
    "webhook",
    "health",
    "manage",
    "reload",
    "listener",
    "tls",
    "relay",
    "http",
    "snapshot",
    "policy",
    "ticket",
    "origin",
    "edit",
    "config",
    "handover",
    "state",
    "disk",
    "hsts",
    "pump",
    "turns",
    "certificate",
    "domain",
    "table",
    "framing",
    "proxy_protocol",
    "telemetry",
];

#[test]
fn modules_use_only_what_stands_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let upward: Vec<_> = files(&src)
        .iter()
        .flat_map(|file| check(&src, file))
        .collect();
    assert!(upward.is_empty(), "upward uses:\n{}", upward.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let text = include_str!("lib.rs");
    let declared = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "));
    let mut declared: Vec<_> = declared.map(|name| name.trim_end_matches(';')).collect();
    let mut ordered = ORDER.to_vec();
    declared.sort_unstable();
    ordered.sort_unstable();
    assert_eq!(declared, ordered);
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The upward uses in a file, each with its line.
fn check(src: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(src).unwrap();
    let module = relative.iter().next().unwrap().to_str().unwrap();
    let Some(place) = place(module.trim_end_matches(".rs")) else {
        return Vec::new();
    };
    let text = fs::read_to_string(file).unwrap();
    let mut upward = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_upward = |used: &str| self::place(used).is_some_and(|used| used < place);
        for used in uses(line).filter(|used| is_upward(used)) {
            upward.push(format!("src/{}:{}: {used}", relative.display(), number + 1));
        }
    }
    upward
}

#[test]
fn each_use_of_a_module_is_written_out() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let grouped = ["crate::", "{"].concat();
    for file in files(&src) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains(&grouped), "{}", file.display());
    }
}

fn uses(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").map(|(start, prefix)| {
        let rest = &line[start + prefix.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn place(module: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == module)
}
