use std::time::{Duration, UNIX_EPOCH};

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

fn items(domains: &[PathBuf], certificates: &[&str]) -> Scope {
    let certificates = certificates.iter().map(|name| name.parse().unwrap());
    Scope::Items(Items {
        domains: domains.iter().cloned().collect(),
        certificates: certificates.collect(),
    })
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
    tokio::time::advance(TIME_STEP).await;
    assert!(source.next_look(&["certificates".into()]).unwrap() <= Instant::now());
    let changes = look(&mut source, Scope::default());
    assert_eq!(certificates(&changes), ["one"]);
    assert_eq!(changes.domains.len(), 1);
    assert_eq!(source.next_look(&["certificates".into()]), None);
}

#[test]
fn a_look_at_items_sees_them_and_nothing_else() {
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
    let changes = look(&mut source, items(&[], &["one", "three"]));
    assert_eq!(certificates(&changes), ["one", "three"]);
    assert!(missing(&changes).is_empty() && changes.domains.is_empty());
    let b = directory.path("domains/b.toml");
    let changes = look(&mut source, items(&[b], &["five", "four"]));
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
    directory.write("certificates/c99/tls.crt", "longer");
    directory.write("certificates/new.crt", "x");
    directory.write("domains/b.toml", "longer");
    fs::remove_dir_all(directory.path("certificates/c7")).unwrap();
    assert!(source.begin_patrol(&["certificates".into()]));
    let mut parts = Vec::new();
    while source.is_on_patrol() {
        let changes = look(&mut source, Scope::default());
        let names = changes
            .certificates
            .iter()
            .map(|(name, _)| name.to_string());
        let domains = changes.domains.iter().map(|_| "domains".to_owned());
        let gone = changes.certificates_missing.iter();
        let gone = gone.map(|name| format!("{name} is gone"));
        parts.push(names.chain(domains).chain(gone).collect::<Vec<_>>());
    }
    // What is new or gone comes with the first part.
    let first = ["c0", "new", "domains", "c7 is gone"];
    assert_eq!(parts, [&first[..], &["c99", "c7 is gone"]]);
    fs::remove_dir_all(directory.path("certificates")).unwrap();
    assert!(!source.begin_patrol(&["certificates".into()]));
}

#[test]
fn a_look_at_items_notices_that_a_directory_is_lost() {
    let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    fs::remove_dir_all(directory.path("certificates/one")).unwrap();
    fs::remove_file(directory.path("domains/a.toml")).unwrap();
    let gone = items(&[directory.path("domains/a.toml")], &["one"]);
    let changes = look(&mut source, gone);
    assert!(missing(&changes).is_empty() && changes.domains_missing.is_empty());
    assert_eq!(changes.lost.len(), 2);
    directory.write("certificates/two/tls.crt", "x");
    let changes = look(&mut source, Scope::default());
    assert_eq!(certificates(&changes), ["two"]);
    assert_eq!(missing(&changes), ["one"]);
}

/// What is lost for long does not make every look one at everything.
#[tokio::test(start_paused = true)]
async fn a_lost_directory_is_told_at_each_look_and_tried_soon() {
    let directory = Directory::new(&["certificates/one/tls.crt", "certificates/two/tls.crt"]);
    let mut source = Source::new(directory.0.path().into());
    assert_eq!(scan(&mut source).lost.len(), 1);
    directory.write("certificates/one/tls.crt", "longer");
    directory.write("certificates/two/tls.crt", "longer");
    let changes = look(&mut source, items(&[], &["one"]));
    assert_eq!(certificates(&changes), ["one"]);
    assert_eq!(changes.lost[0].path, directory.path("domains"));
    let next = source.next_look(&["certificates".into()]);
    assert_eq!(next, Some(Instant::now() + TIME_STEP));
    directory.write("domains/a.toml", "x");
    let changes = look(&mut source, Scope::default());
    assert_eq!(certificates(&changes), ["two"]);
    assert!(changes.lost.is_empty() && changes.domains.len() == 1);
}

/// An ext4 mount where the certificates were, or the remains of a volume of Kubernetes.
#[test]
fn what_a_file_system_keeps_for_itself_is_no_certificate() {
    for remains in ["lost+found", "..2026_01_01", ".snapshot"] {
        let directory = Directory::new(&["domains/a.toml", "certificates/one.crt"]);
        let mut source = Source::new(directory.0.path().into());
        scan(&mut source);
        fs::remove_file(directory.path("certificates/one.crt")).unwrap();
        fs::create_dir(directory.path("certificates").join(remains)).unwrap();
        let changes = scan(&mut source);
        assert_eq!(changes.lost.len(), 1, "{remains}");
        assert!(missing(&changes).is_empty());
    }
}

/// A file that is there, but that the system does not let us read.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_tried_again_until_it_can() {
    let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
    let [domain, certificate] = ["domains/b.toml", "certificates/one/tls.key"];
    for link in [domain, certificate] {
        std::os::unix::fs::symlink("nothing", directory.path(link)).unwrap();
    }
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    tokio::time::advance(TIME_STEP).await;
    // Reading fails as long as it does, and the files stay as they are.
    for seconds in [2, 4, 8, 16, 32, 60, 60] {
        let changes = look(&mut source, Scope::default());
        assert_eq!(certificates(&changes), ["one"], "{seconds}");
        assert!(
            changes
                .domains
                .iter()
                .any(|(path, _)| path.ends_with("b.toml"))
        );
        let next = source.next_look(&["certificates".into()]).unwrap();
        assert_eq!(next, Instant::now() + Duration::from_secs(seconds));
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }
    for target in ["domains/nothing", "certificates/one/nothing"] {
        directory.write(target, "x");
    }
    let changes = look(&mut source, Scope::default());
    assert!(!changes.certificates[0].1.failed());
    assert!(changes.domains.iter().all(|(_, content)| content.is_ok()));
}

/// With a file's time in the future there is no telling how old it is.
#[test]
fn the_times_of_files_decide_nothing_but_whether_they_changed() {
    let directory = Directory::new(&["domains/a.toml", "certificates/one/tls.crt"]);
    let mut source = Source::new(directory.0.path().into());
    scan(&mut source);
    let file = || {
        fs::File::options()
            .write(true)
            .open(directory.path("certificates/one/tls.crt"))
    };
    let modified = file().unwrap().metadata().unwrap().modified().unwrap();
    let century = Duration::from_secs(100 * 365 * 86_400);
    for time in [modified + century, UNIX_EPOCH, modified] {
        file().unwrap().set_modified(time).unwrap();
        assert_eq!(certificates(&scan(&mut source)), ["one"]);
        assert!(certificates(&scan(&mut source)).is_empty());
    }
    // The same size and time: what rsync --times leaves.
    directory.write("certificates/one/tls.crt", "y");
    file().unwrap().set_modified(modified).unwrap();
    assert_eq!(certificates(&scan(&mut source)), ["one"]);
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
