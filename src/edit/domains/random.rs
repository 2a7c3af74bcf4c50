//! Random files and random edits, judged by what the configuration reads.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::{self, Domain};

/// How a table may be written; NAME stands for its name, and each line that begins with `##` is a
/// comment of its own.
const TABLES: [&str; 7] = [
    "[[domain]]\nname = \"NAME\"\norigins = [\"demo:\"]\n",
    "## above\n[[domain]] # header\n  name = 'NAME'   # name\n  ## within\n  origins = [\n    'http://127.0.0.1:1', # one\n    'http://127.0.0.1:2' # two\n  ]\n  https = false # off\n## below\n",
    "[[ domain ]]\n## first\norigins=['demo:']\ntls = { min_version = '1.3', alpn = [ 'h2' ] } # tls\nname=\"NAME\"\n",
    "[[domain]]\nname = \"NAME\"\norigins = [\"demo:\"]\n\n## of tls\n\n[domain.tls] # own\n## lowest\nmin_version = \"1.2\"\n",
    "[[domain]]\ntls.min_version = \"1.3\"\nname = \"NAME\"\ntls.alpn = [\n  'h2', 'http/1.1',\n]\norigins = [\"demo:\"]\nremarks = '''\n# no comment\n[[domain]]\n'''\n",
    "## one\n## two\n[[\"domain\"]]\n\"name\" = \"NAME\"\norigins = [\"demo:\"]\ncertificate = \"auto\"\n## old\nhttp = \"redirect\" # why\nredirect_status = 308\n",
    "[[domain]]\nname = \"NAME\"\norigins = [\"demo:\"]\n[domain.tls]\n",
];

const GAPS: [&str; 5] = [
    "",
    "\n",
    "\n\n",
    "\n## apart\n\n",
    "  \n## twice\n## apart\n\n",
];

#[derive(Clone, Debug)]
enum Edit {
    Set(usize, Vec<(Key, Option<Value>)>),
    Add(usize, Vec<(Key, Option<Value>)>),
    Remove(usize),
}

fn key() -> impl Strategy<Value = (Key, Option<Value>)> {
    let text = |texts: &'static [&'static str]| {
        let value = prop::sample::select(texts).prop_map(Value::from);
        prop::option::weighted(0.7, value)
    };
    let texts = |texts: &'static [&'static str], most: usize| {
        let texts = prop::sample::subsequence(texts, 1..=most).prop_shuffle();
        texts.prop_map(|texts| {
            let texts = texts.into_iter().map(str::to_owned);
            Value::Texts(texts.collect())
        })
    };
    let origins = &[
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
        "http://127.0.0.1:3",
    ];
    let switch = prop::option::of(any::<bool>().prop_map(Value::from));
    prop_oneof![
        texts(origins, 3).prop_map(|value| ("origins".into(), Some(value))),
        switch.prop_map(|value| ("https".into(), value)),
        text(&["serve", "redirect"]).prop_map(|value| ("http".into(), value)),
        text(&["auto", "play-2026"]).prop_map(|value| ("certificate".into(), value)),
        text(&["# x", "\"'\\", "a\r\nb"]).prop_map(|value| ("remarks".into(), value)),
        text(&["1.2", "1.3"]).prop_map(|value| ("tls.min_version".into(), value)),
        text(&["none"]).prop_map(|value| ("tls.client_auth".into(), value)),
        prop::option::of(texts(&["h2", "http/1.1"], 2)).prop_map(|it| ("tls.alpn".into(), it)),
        Just(("tls".into(), None)),
        prop::option::of(prop::sample::select(&[301, 307][..]).prop_map(Value::from))
            .prop_map(|value| ("redirect_status".into(), value)),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let keys = || prop::collection::vec(key(), 0..5);
    let domain = || 0..NAMES.len();
    prop_oneof![
        6 => (domain(), keys()).prop_map(|(domain, keys)| Edit::Set(domain, keys)),
        2 => (domain(), keys()).prop_map(|(domain, mut keys)| {
            keys.push(("origins".into(), Some(vec!["demo:".to_owned()].into())));
            Edit::Add(domain, keys)
        }),
        2 => domain().prop_map(Edit::Remove),
    ]
}

const NAMES: [&str; 4] = [
    "a.example.com",
    "B.example.com.",
    "*.c.example.com",
    "d.example.com",
];

fn file() -> impl Strategy<Value = String> {
    let piece = (
        prop::sample::select(&TABLES[..]),
        prop::sample::select(&GAPS[..]),
    );
    let pieces = prop::collection::vec(piece, 0..=NAMES.len());
    let first = prop::sample::select(&GAPS[..]);
    let form = (any::<bool>(), any::<bool>(), any::<bool>());
    (first, pieces, form).prop_map(|(first, pieces, (dos, mark, cut))| {
        let tables = pieces.into_iter().zip(NAMES);
        let tables = tables.map(|((table, gap), name)| table.replace("NAME", name) + gap);
        let mut text: String = [first.to_owned()].into_iter().chain(tables).collect();
        if cut {
            text.truncate(text.trim_end().len());
        }
        let text = if dos {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        let mark = if mark { "\u{feff}" } else { "" };
        numbered(&format!("{mark}{text}"))
    })
}

/// Makes each comment another one.
fn numbered(text: &str) -> String {
    let mut parts = text.split("## ");
    let first = parts.next().unwrap_or_default().to_owned();
    let numbered = parts.enumerate();
    let numbered = numbered.map(|(number, part)| format!("# {number} {part}"));
    [first].into_iter().chain(numbered).collect()
}

fn domains(text: &str) -> Vec<Domain> {
    let file = config::parse_domains(Path::new("x.toml"), text.as_bytes());
    assert!(file.problems.is_empty(), "{:?}\n{text}", file.problems);
    file.domains
        .iter()
        .map(|domain| Domain::clone(domain))
        .collect()
}

fn same(one: &[Domain], other: &[Domain]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.same_meaning(other))
}

fn comments(text: &str) -> Vec<&str> {
    let comments = text.lines().map(str::trim);
    let is_own = |line: &&str| line.starts_with("# ") && !line.contains("no comment");
    comments.filter(is_own).collect()
}

fn is_within(few: &[&str], many: &[&str]) -> bool {
    let mut many = many.iter();
    few.iter().all(|one| many.any(|other| one == other))
}

/// Whether a table holds what was set last.
fn check_keys(editor: &Editor, name: &Pattern, keys: &[(Key, Option<Value>)]) {
    let table = editor.table_text(name).unwrap();
    let document = toml_edit::Document::parse(table).unwrap();
    let domain = &document.as_table()[DOMAIN]
        .as_array_of_tables()
        .unwrap()
        .get(0)
        .unwrap();
    for (number, (key, value)) in keys.iter().enumerate() {
        let later = &keys[number + 1..];
        if later
            .iter()
            .any(|(later, _)| later.parts()[0] == key.parts()[0])
        {
            continue;
        }
        let mut item = domain.get(&key.parts()[0]);
        for part in &key.parts()[1..] {
            item = item.and_then(|item| item.get(part));
        }
        match value {
            Some(value) => assert!(value.is(item.unwrap()), "{key}\n{table}"),
            None => assert!(item.is_none(), "{key}\n{table}"),
        }
    }
}

fn run(editor: &mut Editor, edit: &Edit) {
    let before = editor.finish();
    let (Edit::Set(at, _) | Edit::Add(at, _) | Edit::Remove(at)) = edit;
    let name: Pattern = NAMES[*at].parse().unwrap();
    let others = |editor: &Editor| {
        let names = NAMES.iter().map(|name| name.parse().unwrap());
        let names = names.filter(|other: &Pattern| *other != name);
        let tables = names.map(|name| editor.table_text(&name).map(str::to_owned));
        tables.collect::<Vec<_>>()
    };
    let (was_there, tables) = (editor.table_text(&name).is_some(), others(editor));
    let done = match edit {
        Edit::Set(_, keys) => editor.set(&name, keys),
        Edit::Add(_, keys) => editor.add(&name, keys),
        Edit::Remove(_) => editor.remove(&name),
    };
    let after = editor.finish();
    assert_eq!(done.is_ok(), was_there != matches!(edit, Edit::Add(..)));
    if done.is_err() {
        assert_eq!(before, after);
        return;
    }
    assert_eq!(others(editor), tables);
    let rest = |text: &str| {
        let domains = domains(text).into_iter();
        domains
            .filter(|domain| domain.name != name)
            .collect::<Vec<_>>()
    };
    assert!(same(&rest(&before), &rest(&after)), "{before}\n→\n{after}");
    assert!(
        is_within(&comments(&after), &comments(&before)),
        "{before}\n→\n{after}"
    );
    check_shape(&before, &after);
    match edit {
        Edit::Set(_, keys) | Edit::Add(_, keys) => {
            check_keys(editor, &name, keys);
            check_again(editor, &name, keys);
        }
        Edit::Remove(_) => assert_eq!(editor.table_text(&name), None),
    }
}

/// Ends of lines and the mark stay, and what another look makes of the text is the same.
fn check_shape(before: &str, after: &str) {
    assert_eq!(
        before.starts_with('\u{feff}'),
        after.starts_with('\u{feff}')
    );
    if before.contains('\n') {
        let (lines, dos) = (after.matches('\n').count(), after.matches("\r\n").count());
        assert_eq!(
            dos,
            if before.contains("\r\n") { lines } else { 0 },
            "{after:?}"
        );
    }
    assert_eq!(Editor::parse(after).unwrap().finish(), after);
}

/// Setting what is there already changes no byte.
fn check_again(editor: &Editor, name: &Pattern, keys: &[(Key, Option<Value>)]) {
    let mut once = editor.clone();
    let last = keys.iter().enumerate().filter(|(number, (key, _))| {
        let mut later = keys[number + 1..].iter();
        !later.any(|(later, _)| later.parts()[0] == key.parts()[0])
    });
    let last: Vec<_> = last.map(|(_, pair)| pair.clone()).collect();
    once.set(name, &last).unwrap();
    assert_eq!(once.finish(), editor.finish());
}

/// The comments that no edit may take: those of other tables and of none.
fn kept(text: &str, edits: &[Edit]) -> Vec<String> {
    let mut editor = Editor::parse(text).unwrap();
    for edit in edits {
        let (Edit::Set(at, _) | Edit::Add(at, _) | Edit::Remove(at)) = edit;
        let _ = editor.remove(&NAMES[*at].parse().unwrap());
    }
    let text = editor.finish();
    comments(&text).into_iter().map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn an_edit_changes_what_it_is_about_and_nothing_else(
        text in file(),
        edits in prop::collection::vec(edit(), 1..6),
    ) {
        let mut editor = Editor::parse(&text).unwrap();
        prop_assert_eq!(&editor.finish(), &text);
        for edit in &edits {
            run(&mut editor, edit);
        }
        let after = editor.finish();
        let kept = kept(&text, &edits);
        let kept: Vec<_> = kept.iter().map(|comment| &**comment).collect();
        prop_assert!(is_within(&kept, &comments(&after)), "{}\n→\n{}", text, after);
    }
}

/// Puts pieces of TOML anywhere into a text, and takes pieces of it away.
fn mangle(text: &str, cuts: &[(prop::sample::Index, &'static str, usize)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (at, piece, gone) in cuts {
        let at = at.index(text.len() + 1);
        let end = text.len().min(at + gone);
        text.splice(at..end, piece.chars());
    }
    text.into_iter().collect()
}

const PIECES: [&str; 16] = [
    "",
    "\n",
    "#",
    "'",
    "\"",
    "'''",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "x.y = { z = 1, }\n",
    "[domain.tls.x]\n",
    "[[x]]\n",
    "é",
];

proptest! {
    #[test]
    fn whatever_stands_there_no_edit_tears_it(
        text in file(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&PIECES[..]), 0..20_usize), 1..4),
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        let text = mangle(&text, &cuts);
        let Ok(mut editor) = Editor::parse(&text) else {
            return Ok(());
        };
        prop_assert_eq!(&editor.finish(), &text);
        for edit in &edits {
            let (Edit::Set(at, _) | Edit::Add(at, _) | Edit::Remove(at)) = edit;
            let name: Pattern = NAMES[*at].parse().unwrap();
            let _ = match edit {
                Edit::Set(_, keys) => editor.set(&name, keys),
                Edit::Add(_, keys) => editor.add(&name, keys),
                Edit::Remove(_) => editor.remove(&name),
            };
            let after = editor.finish();
            let again = Editor::parse(&after);
            prop_assert!(again.is_ok(), "{:?}\n{}\n→\n{}", again.err(), text, after);
        }
    }
}
