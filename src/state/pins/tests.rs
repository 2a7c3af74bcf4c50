use std::os::unix::fs::MetadataExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

struct Bench {
    directory: TempDir,
    pins: Pins,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let pins = Pins::new(directory.path().join("state"));
    Bench { directory, pins }
}

impl Bench {
    fn write(&self, file: &str, content: &[u8]) {
        let directory = self.directory.path().join("state/rollback");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(file), content).unwrap();
    }
}

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

fn pin() -> Pin {
    Pin {
        version: "20261124T101502.123Z-1a2b3c4d5e6f".parse().unwrap(),
        files: FilesDigest::of([("tls.crt", &b"chain"[..])]),
        since: Timestamp(1_795_515_302),
    }
}

#[test]
fn a_pin_is_set_read_replaced_and_released() {
    let bench = bench();
    let pins = &bench.pins;
    assert!(pins.read().0.is_empty() && pins.read().1.is_empty());
    assert!(!pins.release(&name("play")).unwrap());
    pins.set(&name("play"), &pin()).unwrap();
    let later = Pin {
        since: Timestamp(1_795_515_303),
        ..pin()
    };
    pins.set(&name("play"), &later).unwrap();
    pins.set(&name("a.toml"), &pin()).unwrap();
    let expected = BTreeMap::from([(name("play"), later), (name("a.toml"), pin())]);
    let (read, problems) = pins.read();
    assert_eq!(read, expected);
    assert!(problems.is_empty());
    assert!(pins.release(&name("play")).unwrap());
    assert_eq!(pins.get(&name("play")).unwrap(), None);
}

#[test]
fn what_a_killed_command_left_goes() {
    let bench = bench();
    bench.write(".0123456789abcdef.draft", b"version");
    assert!(bench.pins.read().0.is_empty() && bench.pins.read().1.is_empty());
    bench.pins.set(&name("play"), &pin()).unwrap();
    let files = fs::read_dir(bench.directory.path().join("state/rollback"));
    assert_eq!(files.unwrap().count(), 1);
}

#[test]
fn nobody_else_may_read_pins() {
    let bench = bench();
    bench.pins.set(&name("play"), &pin()).unwrap();
    let mode = |path: &str| {
        let path = bench.directory.path().join(path);
        fs::metadata(path).unwrap().mode() & 0o7777
    };
    assert_eq!(mode("state"), 0o700);
    assert_eq!(mode("state/rollback"), 0o700);
    assert_eq!(mode("state/rollback/play.toml"), 0o600);
}

#[test]
fn bad_pins_are_problems_and_hide_no_others() {
    let bench = bench();
    let good = pin().to_string();
    let cases = [
        (&b"\xff"[..], "not UTF-8 text"),
        (b"version = ", "not valid TOML: "),
        (b"", "`version` is missing"),
        (b"version = 1", "`version` has a value that is none"),
    ];
    for (place, (content, _)) in cases.iter().enumerate() {
        bench.write(&format!("{place}.toml"), content);
    }
    bench.write("4.toml", format!("{good}more = true").as_bytes());
    bench.write("good.toml", good.as_bytes());
    bench.write(".draft.toml", b"");
    bench.write("README", b"");
    let (pins, mut problems) = bench.pins.read();
    assert_eq!(pins, BTreeMap::from([(name("good"), pin())]));
    problems.sort_by_key(|problem| problem.path.clone());
    assert_eq!(problems.len(), cases.len() + 1);
    for (problem, (_, expected)) in problems.iter().zip(cases) {
        let text = problem.error.to_string();
        assert!(text.starts_with(expected), "{text}");
    }
    let last = problems.last().unwrap().to_string();
    assert!(
        last.ends_with(
            "4.toml: unknown key `more`; roll the certificate back again, or remove the file"
        ),
        "{last}"
    );
}

#[test]
fn a_directory_that_cannot_be_listed_is_one_problem() {
    let bench = bench();
    fs::write(bench.directory.path().join("state"), "a file").unwrap();
    let (pins, problems) = bench.pins.read();
    assert!(pins.is_empty());
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].error.code(), "pin_unreadable");
    assert!(bench.pins.set(&name("play"), &pin()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, text: String) {
        let _ = Pin::parse(&bytes);
        let _ = Pin::parse(text.as_bytes());
        let _ = Pin::parse(format!("{}{text}", pin()).as_bytes());
    }
}
