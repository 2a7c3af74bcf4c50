//! The files of the corpus. A case is a block of lines:
//!
//! ```text
//! == what is odd about it
//! > what is sent, with escapes; its lines are joined without anything between them
//! < what has to come of it, a line for each condition
//! ```
//!
//! Escapes are `\r \n \t \0 \\ \xHH`; `{host}` is a whole Host field, `{play}` the domain's name,
//! and `{x*70000}` repeats a text. Lines that begin with `#` are remarks.

use crate::support::PLAY;

/// A file: its name, and what is in it.
pub(crate) type File = (&'static str, &'static str);

/// A case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What is sent, unescaped as yet.
    pub(crate) lines: Vec<String>,
    pub(crate) expected: Vec<String>,
}

/// The cases of some files, each with its file's name before its own.
pub(crate) fn all(files: &[File]) -> impl Iterator<Item = Case> {
    files.iter().flat_map(|(file, text)| {
        parse(text).into_iter().map(move |case| Case {
            name: format!("{file}: {}", case.name),
            ..case
        })
    })
}

fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (sign, cases.last_mut()) {
            ("" | "#", _) => {}
            ("==", _) => cases.push(Case {
                name: rest.to_owned(),
                lines: Vec::new(),
                expected: Vec::new(),
            }),
            (">", Some(case)) => case.lines.push(rest.to_owned()),
            ("<", Some(case)) => case.expected.push(rest.to_owned()),
            _ => panic!("{line:?} is no line of a case"),
        }
    }
    for case in &cases {
        let whole = !case.lines.is_empty() && !case.expected.is_empty();
        assert!(whole, "{}: something is sent and expected", case.name);
    }
    assert_each_has_a_name_of_its_own(&cases);
    cases
}

fn assert_each_has_a_name_of_its_own(cases: &[Case]) {
    let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "two cases of the same name");
}

impl Case {
    /// All lines as one message.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let lines = self.lines.iter();
        lines.flat_map(|line| unescape(line)).collect()
    }
}

/// The bytes that a text of a case stands for.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let text = expand(text);
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match chars.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).expect("two hexadecimal digits follow \\x")
            }
            other => panic!("\\{other:?} is no escape, in {text:?}"),
        });
    }
    bytes
}

/// Puts texts in the place of what stands in braces.
fn expand(text: &str) -> String {
    let mut rest = text;
    let mut expanded = String::new();
    while let Some((before, inner, after)) = braces(rest) {
        expanded += before;
        match inner.rsplit_once('*') {
            Some((repeated, times)) if times.parse::<usize>().is_ok() => {
                expanded += &repeated.repeat(times.parse().unwrap_or_default());
            }
            _ => match inner {
                "host" => expanded += &format!(r"Host: {PLAY}\r\n"),
                "play" => expanded += PLAY,
                _ => expanded += &format!("{{{inner}}}"),
            },
        }
        rest = after;
    }
    expanded + rest
}

fn braces(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('{')?;
    let end = start + text[start..].find('}')?;
    Some((&text[..start], &text[start + 1..end], &text[end + 1..]))
}

#[test]
fn a_file_of_cases_is_read() {
    let cases = parse("# a remark\n\n== a name\n> GET /{ab*2}{x} \\x41\\r\n> \\n\n< 400\n");
    assert_eq!(cases[0].bytes(), b"GET /abab{x} A\r\n");
    assert_eq!(
        (cases[0].name.as_str(), &*cases[0].expected),
        ("a name", &["400".to_owned()][..])
    );
}
