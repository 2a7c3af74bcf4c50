use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;

#[test]
fn every_file_is_served_and_every_reference_leads_to_one() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/console");
    for entry in fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("/console/{name}");
        let is_ours = name.ends_with(".rs") || name == "index.html";
        assert!(is_ours || Asset::at(&path).is_some(), "{name}");
    }
    for asset in Asset::all() {
        for path in references(asset.text) {
            assert!(Asset::at(&path).is_some(), "{}: {path}", asset.path);
        }
    }
    assert!(references(Asset::at(HOME).unwrap().text).len() >= 2);
}

/// The paths of the console that a file names: imports, and what the page loads.
fn references(text: &str) -> Vec<String> {
    let imports = literals(text, "from './", '\'').map(|name| format!("/console/{name}"));
    let loaded = literals(text, "\"/console/", '"').map(|name| format!("/console/{name}"));
    imports.chain(loaded).collect()
}

/// What stands between each `before` and the next `end`.
fn literals<'t>(text: &'t str, before: &str, end: char) -> impl Iterator<Item = &'t str> {
    let found = text.split(before).skip(1);
    found.filter_map(move |rest| rest.split(end).next())
}

#[test]
fn the_page_has_nothing_inline_and_nothing_from_elsewhere() {
    let page = Asset::at(HOME).unwrap().text;
    for inline in ["<style", "style=", "onclick", "onload", "http:", "https:"] {
        assert!(!page.contains(inline), "{inline}");
    }
    assert!(page.contains("></script>"), "a script with something in it");
    for asset in Asset::all() {
        for markup in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!asset.text.contains(markup), "{}: {markup}", asset.path);
        }
    }
}

#[test]
fn answers_say_what_they_may_do() {
    for asset in Asset::all() {
        let response = answer(asset);
        assert_eq!(response.headers()["content-security-policy"], POLICY);
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    assert!(!POLICY.contains("unsafe") && !POLICY.contains("  "));
}

#[test]
#[expect(clippy::print_stdout, reason = "the size is worth knowing")]
fn the_console_is_small() {
    let sizes = Asset::all().map(|asset| asset.text.len());
    let size: usize = sizes.sum();
    println!("the console has {size} bytes");
    assert!(size < 150_000, "{size}");
}

fn texts(language: &str) -> BTreeMap<String, String> {
    let asset = Asset::at(&format!("/console/{language}.json")).unwrap();
    serde_json::from_str(asset.text).unwrap()
}

#[test]
fn both_languages_say_the_same_things() {
    let (english, chinese) = (texts("en"), texts("zh"));
    let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&english), keys(&chinese));
    for (key, text) in &english {
        let values = |text: &str| literals(text, "{", '}').map(str::to_owned).collect();
        let (here, there): (BTreeSet<_>, BTreeSet<_>) = (values(text), values(&chinese[key]));
        assert_eq!(here, there, "{key}");
    }
}

/// The API gives reasons in English; each that the documentation lists has words in Chinese as well:
/// what is wrong, and what to do. `{api}` is where the API's own words are put.
#[test]
fn every_reason_is_said_in_chinese() {
    let asset = Asset::at("/console/reasons-zh.json").unwrap();
    let said: BTreeMap<String, [String; 2]> = serde_json::from_str(asset.text).unwrap();
    let said_codes: BTreeSet<_> = said.keys().map(String::as_str).collect();
    let codes = documented_reasons();
    assert!(codes.contains("key_mismatch") && codes.contains("token_not_valid"));
    assert_eq!(said_codes, codes, "reasons-zh.json, and docs/observing.md");
    for (code, [what, todo]) in &said {
        let head = what.strip_suffix("：{api}").unwrap_or(what);
        assert!(!head.is_empty() && !head.contains('{'), "{code}: {what}");
        let rest = todo.replacen("{api}", "", 1);
        assert!(!rest.is_empty() && !rest.contains('{'), "{code}: {todo}");
    }
}

/// The words in the tables of faults and of reasons.
fn documented_reasons() -> BTreeSet<&'static str> {
    let page = include_str!("../../../docs/observing.md");
    let (_, part) = page.split_once("\n## Faults\n").unwrap();
    let (part, _) = part.split_once("\n## The audit log\n").unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| {
        let mut cells = row.split(" | ");
        let first = cells.next().unwrap();
        // Before a fault's code stands its status.
        match first.parse::<u16>() {
            Ok(_) => cells.next().unwrap(),
            Err(_) => first,
        }
    });
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_text_that_is_used_exists() {
    let texts = texts("en");
    let mut used = 0;
    for asset in Asset::all().filter(|asset| asset.path.ends_with(".js")) {
        for key in keys(asset.text) {
            assert!(texts.contains_key(&key), "{}: {key}", asset.path);
            used += 1;
        }
        for kind in literals(asset.text, "word('", '\'') {
            let prefix = format!("{kind}.");
            assert!(texts.keys().any(|it| it.starts_with(&prefix)), "{kind}");
        }
    }
    assert!(used > 100, "{used}");
}

/// The keys that a script asks for.
fn keys(script: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for (call, endings) in [
        ("t", &[""][..]),
        ("missing", &[""]),
        ("count", &[".one", ".other"]),
        ("action", &["", ".of"]),
    ] {
        for argument in arguments(script, call) {
            // Of `a ? 'x' : 'y'` as well.
            for key in literals_of(argument) {
                keys.extend(endings.iter().map(|ending| format!("{key}{ending}")));
            }
        }
    }
    keys
}

/// The first argument of each call of a function.
fn arguments<'s>(script: &'s str, function: &str) -> impl Iterator<Item = &'s str> {
    let call = format!("{function}(");
    let found = script.match_indices(&call).collect::<Vec<_>>();
    found.into_iter().filter_map(move |(start, call)| {
        let before = script[..start].chars().next_back();
        let is_call = before.is_none_or(|it| !it.is_alphanumeric() && it != '.' && it != '#');
        let argument = script[start + call.len()..].split([',', ')']).next();
        argument.filter(|_| is_call)
    })
}

fn literals_of(argument: &str) -> impl Iterator<Item = &str> {
    argument.split('\'').skip(1).step_by(2)
}
