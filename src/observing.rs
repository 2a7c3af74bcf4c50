//! `docs/observing.md` is complete: every metric, and every word that a `code()` returns, stands there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../docs/observing.md");

#[test]
fn every_metric_is_documented() {
    let sources = sources(&src().join("admin/metrics"));
    let lines = sources.iter().flat_map(|text| text.lines());
    let names = lines.flat_map(literals);
    let is_metric = |name: &&str| name.starts_with("lockgate_") && name.bytes().all(is_of_a_word);
    let metrics: BTreeSet<_> = names.filter(is_metric).collect();
    assert!(metrics.len() > 10, "{metrics:?}");
    let missing: Vec<_> = metrics
        .iter()
        .filter(|name| !PAGE.contains(**name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The rules and the dashboard for those who watch a process ask for nothing that it does not tell.
#[test]
fn what_is_watched_in_deployments_is_documented() {
    for text in [
        include_str!("../deploy/prometheus/lockgate.rules.yml"),
        include_str!("../deploy/grafana/lockgate.json"),
    ] {
        let words = text.split(|c: char| !c.is_ascii_lowercase() && c != '_');
        let metrics: BTreeSet<_> = words.filter(|word| word.starts_with("lockgate_")).collect();
        assert!(metrics.len() > 5, "{metrics:?}");
        for metric in metrics {
            assert!(PAGE.contains(&format!("| `{metric}` |")), "{metric}");
        }
    }
}

#[test]
fn every_code_is_documented() {
    let sources = sources(&src());
    let codes: BTreeSet<_> = sources.iter().flat_map(|text| codes(text)).collect();
    assert!(
        codes.contains("key_mismatch") && codes.contains("lost"),
        "{codes:?}"
    );
    let is_missing = |code: &&&str| !PAGE.contains(&format!("`{code}`"));
    let missing: Vec<_> = codes.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The words that `code()` functions return, and those that stand as a problem's reason.
fn codes(text: &str) -> Vec<&str> {
    let mut codes = Vec::new();
    let mut ending = None;
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.contains("fn code(") {
            ending = Some(indent);
        } else if ending == Some(indent) && line.trim() == "}" {
            ending = None;
        } else if ending.is_some() || line.trim_start().starts_with("reason: \"") {
            codes.extend(literals(line));
        }
    }
    codes
}

fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// What stands in double quotes on a line; good enough for words.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// The program's own files, apart from this one.
fn sources(directory: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with(file!())
        {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
