mod directories;
mod faults;
mod room;

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use tempfile::TempDir;

use super::renames::Plain;
use super::*;

/// A directory as text: each file by its path with its content, sorted; stages as well.
fn tree(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    collect(directory, directory, &mut found);
    found.sort();
    found
}

fn collect(root: &Path, directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_symlink() {
            found.push(format!(
                "{name} → {}",
                fs::read_link(&path).unwrap().display()
            ));
        } else if path.is_file() {
            found.push(format!("{name}={}", fs::read_to_string(&path).unwrap()));
        } else {
            found.push(format!("{name}/"));
            collect(root, &path, found);
        }
    }
}

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn pair(chain: &str) -> BTreeMap<String, (Vec<u8>, u32)> {
    let files = [
        ("fullchain.pem", chain, 0o644),
        ("privkey.pem", "key", 0o600),
    ];
    let files = files.map(|(name, content, mode)| (name.to_owned(), (bytes(content), mode)));
    files.into()
}

/// One of each kind, in a directory that [`old`] made.
fn writes(root: &Path) -> Writes {
    let mut writes = Writes::new();
    writes.replace(root.join("a.toml"), Some(bytes("a")), bytes("A"));
    writes.replace(root.join("n.toml"), None, bytes("N"));
    writes.remove(root.join("r.toml"), bytes("r"));
    writes.replace_directory(root.join("play"), pair("new"));
    writes.replace_directory(root.join("fresh"), pair("fresh"));
    writes.remove_directory(root.join("gone"));
    writes.replace(root.join("b.toml"), Some(bytes("b")), bytes("B"));
    writes
}

fn old() -> TempDir {
    directory(&[
        ("a.toml", "a"),
        ("b.toml", "b"),
        ("gone/privkey.pem", "x"),
        ("play/fullchain.pem", "old"),
        ("play/README", "ours"),
        ("r.toml", "r"),
    ])
}

const NEW: [&str; 10] = [
    "a.toml=A",
    "b.toml=B",
    "fresh/",
    "fresh/fullchain.pem=fresh",
    "fresh/privkey.pem=key",
    "n.toml=N",
    "play/",
    "play/README=ours",
    "play/fullchain.pem=new",
    "play/privkey.pem=key",
];

#[test]
fn all_get_their_places_and_nothing_is_left() {
    let root = old();
    let prepared = writes(root.path()).prepare().unwrap();
    let committed = prepared.commit().unwrap();
    committed.finish().unwrap();
    assert_eq!(tree(root.path()), NEW);
}

#[test]
fn where_a_file_system_cannot_exchange_plain_renames_do_the_same() {
    let root = old();
    let prepared = writes(root.path()).prepare().unwrap();
    drop(prepared.commit_by(&mut Plain).unwrap());
    assert_eq!(tree(root.path()), NEW);
}

#[test]
fn drafts_are_hidden_and_go_when_they_are_dropped() {
    let root = old();
    let before = tree(root.path());
    let prepared = writes(root.path()).prepare().unwrap();
    let stages = tree(root.path()).into_iter();
    let stages: Vec<_> = stages.filter(|line| !before.contains(line)).collect();
    assert!(
        stages.iter().all(|line| line.starts_with(".lockgate-")),
        "{stages:?}"
    );
    let name = stages[0].trim_end_matches('/');
    assert_eq!(mode(&root.path().join(name)), 0o700);
    assert!(name.parse::<crate::certificate::Name>().is_err());
    drop(prepared);
    assert_eq!(tree(root.path()), before);
}

#[test]
fn only_leftovers_of_killed_processes_are_removed() {
    let root = old();
    let leftover = root.path().join(".lockgate-0123456789abcdef.draft");
    fs::create_dir(&leftover).unwrap();
    fs::write(leftover.join("0"), "x").unwrap();
    let others = root.path().join(".lockgate-notes.draft");
    fs::create_dir(&others).unwrap();
    let first = writes(root.path()).prepare().unwrap();
    let second = writes(root.path()).prepare().unwrap();
    assert!(!leftover.exists() && others.exists());
    first.commit().unwrap().finish().unwrap();
    assert_eq!(second.commit().unwrap_err().code(), "changed_meanwhile");
    fs::remove_dir(others).unwrap();
    assert_eq!(tree(root.path()), NEW);
}

#[test]
fn a_replaced_file_keeps_mode_and_owner() {
    let root = directory(&[("a.toml", "a")]);
    let path = root.path().join("a.toml");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let is_root = chown(&path, Some(12_345), Some(12_346)).is_ok();
    let mut writes = Writes::new();
    writes.replace(path.clone(), Some(bytes("a")), bytes("A"));
    writes.replace(root.path().join("x.pem"), None, bytes("x"));
    writes
        .prepare()
        .unwrap()
        .commit()
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(
        (mode(&path), mode(&root.path().join("x.pem"))),
        (0o640, 0o600)
    );
    let metadata = fs::metadata(&path).unwrap();
    assert!(!is_root || (metadata.uid(), metadata.gid()) == (12_345, 12_346));
}

/// A reader that looks all the time finds the old version or the new one.
#[test]
fn a_file_is_never_missing_or_torn() {
    let root = directory(&[("a.toml", &"0".repeat(5000)), ("play/fullchain.pem", "0")]);
    let (file, own) = (root.path().join("a.toml"), root.path().join("play"));
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let read = || {
            let mut looks = 0;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                let content = fs::read(&file).unwrap();
                let is_whole = content.len() == 5000 && content.iter().all(|it| *it == content[0]);
                assert!(is_whole, "{} bytes", content.len());
                fs::read(own.join("fullchain.pem")).unwrap();
                looks += 1;
            }
            looks
        };
        let reader = scope.spawn(read);
        for number in 0..50_u8 {
            let content = |number: u8| vec![b'0' + number % 10; 5000];
            let mut writes = Writes::new();
            writes.replace(file.clone(), Some(content(number)), content(number + 1));
            writes.replace_directory(own.clone(), pair("x"));
            writes.prepare().unwrap().commit().unwrap();
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}
