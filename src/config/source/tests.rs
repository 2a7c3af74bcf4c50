use super::*;
use crate::certificate::Files;

struct Directory(tempfile::TempDir);

impl Directory {
    fn new(files: &[&str]) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        for file in files {
            directory.write(file, "x");
        }
        directory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Only what is there matters here, not what it means.
struct Bytes;

impl Parse for Bytes {
    type Domains = Content;
    type Certificate = Files;

    fn domains(&self, _: &Path, content: Content) -> Content {
        content
    }

    fn certificate(&self, _: &Name, files: Files) -> Files {
        files
    }
}

fn look(source: &mut Source, scope: Scope) -> Changes<Bytes> {
    let mut changes = Changes::default();
    let look = Look::at(scope);
    source.scan(&["certificates".into()], &look, &Bytes, &mut changes);
    changes
}

fn scan(source: &mut Source) -> Changes<Bytes> {
    look(source, Scope::Everything)
}

fn certificates(changes: &Changes<Bytes>) -> Vec<&str> {
    let certificates = changes.certificates.iter();
    certificates.map(|(name, _)| name.as_str()).collect()
}

fn missing(changes: &Changes<Bytes>) -> Vec<&str> {
    let missing = changes.certificates_missing.iter();
    missing.map(Name::as_str).collect()
}

#[test]
fn finds_directories_and_flat_files() {
    let directory = Directory::new(&[
        "domains/a.toml",
        "domains/.b.toml.swp",
        "certificates/README",
        "certificates/one/fullchain.pem",
        "certificates/one/notes.txt",
        "certificates/two.crt",
        "certificates/two.key",
        "certificates/two.issuer.crt",
        "certificates/empty/notes.txt",
    ]);
    let mut source = Source::new(directory.0.path().into());
    let changes = scan(&mut source);
    assert_eq!(certificates(&changes), ["one", "two"]);
    assert_eq!(changes.domains[0].0, directory.path("domains/a.toml"));
    assert!(changes.lost.is_empty() && changes.duplicates.is_empty());
}

#[test]
fn what_is_gone_is_told_until_it_is_dropped_but_not_while_its_directory_is_lost() {
    let directory = Directory::new(&[
        "domains/a.toml",
        "certificates/one/tls.crt",
        "certificates/two/tls.crt",
    ]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    fs::remove_dir_all(directory.path("certificates/two")).unwrap();
    assert_eq!(missing(&scan(&mut source)), ["two"]);
    assert_eq!(missing(&scan(&mut source)), ["two"]);

    fs::remove_dir_all(directory.path("certificates/one")).unwrap();
    let changes = scan(&mut source);
    assert!(missing(&changes).is_empty());
    assert_eq!(changes.lost[0].path, directory.path("certificates"));

    fs::remove_dir_all(directory.path("certificates")).unwrap();
    let changes = scan(&mut source);
    assert!(missing(&changes).is_empty());
    assert_eq!(changes.lost[0].path, directory.path("certificates"));

    directory.write("certificates/one/tls.crt", "x");
    let changes = scan(&mut source);
    assert_eq!(certificates(&changes), ["one"]);
    assert_eq!(missing(&changes), ["two"]);
    source.drop_missing(&[], &["two".parse().unwrap()]);
    assert!(missing(&scan(&mut source)).is_empty());
}

#[test]
fn an_entry_that_cannot_be_followed_is_there_and_unreadable() {
    let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    fs::rename(
        directory.path("certificates/one"),
        directory.path("elsewhere"),
    )
    .unwrap();
    std::os::unix::fs::symlink("/nowhere", directory.path("certificates/one")).unwrap();
    let changes = scan(&mut source);
    assert!(missing(&changes).is_empty());
    assert_eq!(certificates(&changes), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_fresh_when_it_was_read_is_read_once_more() {
    let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    assert!(certificates(&scan(&mut source)).is_empty());
    tokio::time::advance(stamp::TIME_STEP).await;
    assert!(source.next_look().unwrap() <= Instant::now());
    let changes = look(&mut source, Scope::default());
    assert_eq!(certificates(&changes), ["one"]);
    assert_eq!(changes.domains.len(), 1);
    assert_eq!(source.next_look(), None);
}

#[test]
fn a_look_at_paths_sees_what_they_concern_and_nothing_else() {
    let directory = Directory::new(&[
        "domains/a.toml",
        "certificates/one/tls.crt",
        "certificates/two/tls.crt",
        "certificates/three.crt",
        "certificates/four.crt",
    ]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    for name in ["one/tls.crt", "two/tls.crt", "three.crt", "five/tls.crt"] {
        directory.write(&format!("certificates/{name}"), "longer");
    }
    fs::remove_file(directory.path("certificates/four.crt")).unwrap();
    directory.write("domains/a.toml", "longer");
    directory.write("domains/b.toml", "x");
    let mut at = |paths: &[&str]| {
        let paths = paths.iter().map(|path| directory.path(path)).collect();
        look(&mut source, Scope::Paths(paths))
    };
    let changes = at(&["certificates/one/..data", "certificates/three.key"]);
    assert_eq!(certificates(&changes), ["one", "three"]);
    assert!(missing(&changes).is_empty() && changes.domains.is_empty());
    let changes = at(&[
        "certificates/five",
        "certificates/four.crt",
        "domains/b.toml",
    ]);
    assert_eq!(certificates(&changes), ["five"]);
    assert_eq!(missing(&changes), ["four"]);
    assert_eq!(changes.domains.len(), 1);
    let changes = scan(&mut source);
    assert_eq!(certificates(&changes), ["two"]);
    assert_eq!(changes.domains[0].0, directory.path("domains/a.toml"));
}

#[test]
fn a_patrol_finds_all_that_changed_a_little_at_a_time() {
    let directory = Directory::new(&["domains/a.toml", "domains/b.toml"]);
    for number in 0..300 {
        directory.write(&format!("certificates/c{number}/tls.crt"), "x");
    }
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    directory.write("certificates/c0/tls.crt", "longer");
    directory.write("certificates/c299/tls.crt", "longer");
    directory.write("certificates/new.crt", "x");
    directory.write("domains/b.toml", "longer");
    fs::remove_dir_all(directory.path("certificates/c7")).unwrap();
    source.begin_patrol(&["certificates".into()]).unwrap();
    let (mut changed, mut gone, mut parts) = (Vec::new(), BTreeSet::new(), 0);
    while source.is_on_patrol() {
        let changes = look(&mut source, Scope::default());
        changed.extend(
            changes
                .certificates
                .into_iter()
                .map(|(name, _)| name.to_string()),
        );
        changed.extend(changes.domains.into_iter().map(|_| "domains".to_owned()));
        gone = changes.certificates_missing;
        parts += 1;
    }
    changed.sort();
    assert_eq!(changed, ["c0", "c299", "domains", "new"]);
    assert_eq!(
        gone.into_iter()
            .map(|name| name.to_string())
            .collect::<Vec<_>>(),
        ["c7"]
    );
    assert_eq!(parts, 2);
    fs::remove_dir_all(directory.path("certificates")).unwrap();
    assert!(source.begin_patrol(&["certificates".into()]).is_err());
}

#[test]
fn a_look_at_paths_notices_that_a_directory_is_lost() {
    let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    fs::remove_dir_all(directory.path("certificates/one")).unwrap();
    fs::remove_file(directory.path("domains/a.toml")).unwrap();
    let gone = ["certificates/one", "domains/a.toml"];
    let paths = gone.iter().map(|path| directory.path(path)).collect();
    let changes = look(&mut source, Scope::Paths(paths));
    assert!(missing(&changes).is_empty() && changes.domains_missing.is_empty());
    assert_eq!(changes.lost.len(), 2);
    directory.write("certificates/two/tls.crt", "x");
    let changes = look(&mut source, Scope::default());
    assert_eq!(certificates(&changes), ["two"]);
    assert_eq!(missing(&changes), ["one"]);
}

#[test]
fn the_same_name_twice_is_a_duplicate() {
    let directory = Directory::new(&[
        "domains/a.toml",
        "certificates/one/tls.crt",
        "certificates/one.pem",
    ]);
    let changes = scan(&mut Source::new(directory.0.path().into()));
    assert_eq!(certificates(&changes), ["one"]);
    assert_eq!(
        changes.duplicates[0].taken_by,
        directory.path("certificates/one")
    );
}
