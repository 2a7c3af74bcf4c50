//! Bad input at the start: one clear line, exit code 1, nothing half-started.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::{Ca, ConfigDir, Domain, Edge, Outcome, PATIENCE, PLAY, eventually, outcome};

/// Asserts that the program did not start, and said why in one line that has all these words.
fn assert_refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let complaints = outcome.complaints();
    assert_eq!(complaints.len(), 1, "one line: {outcome:?}");
    for word in words {
        assert!(
            complaints[0].contains(word),
            "{word:?} in {:?}",
            complaints[0]
        );
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
async fn a_missing_directory_is_refused() {
    let config = ConfigDir::new();
    let missing = config.outside("nowhere");
    for subcommand in ["run", "check"] {
        assert_refused(&outcome(subcommand, &missing).await, &[&text(&missing)]);
    }
}

/// A path below a regular file cannot be entered by anyone, root included.
#[tokio::test]
async fn a_directory_that_cannot_be_read_is_refused() {
    let config = ConfigDir::new();
    let below = config.join("lockgate.toml").join("config");
    for subcommand in ["run", "check"] {
        assert_refused(&outcome(subcommand, &below).await, &[&text(&below)]);
    }
    let file = config.join("lockgate.toml");
    assert_refused(&outcome("run", &file).await, &[&text(&file)]);
}

#[tokio::test]
async fn a_directory_without_rights_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let config = ConfigDir::new();
    let closed = config.path();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("the directory is ours");
    // Root may read it all the same: there is nothing to see then.
    if fs::read_dir(&closed).is_err() {
        assert_refused(&outcome("run", &closed).await, &[&text(&closed)]);
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("the directory is ours");
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let listeners = format!("[\"127.0.0.1:0\", \"{address}\"]");
    let admin = format!("\"{address}\"");
    for (key, value) in [
        ("listeners.http", &listeners),
        ("listeners.https", &listeners),
        ("admin.listen", &admin),
    ] {
        let config = ConfigDir::new().set(key, value);
        assert_refused(&outcome("run", &config.path()).await, &[&address]);
    }
}

/// SO_REUSEPORT would let a second edge take half of the first one's connections.
#[tokio::test]
async fn a_port_of_another_edge_is_refused() {
    let first = Edge::start(ConfigDir::new()).await;
    for address in [first.http(), first.https()] {
        let listeners = format!("[\"{address}\"]");
        let config = ConfigDir::new().set("listeners.https", &listeners);
        let refused = outcome("run", &config.path()).await;
        assert_refused(&refused, &[&address.to_string()]);
    }
    assert_eq!(
        first.plain(PLAY, "/").await.status(),
        404,
        "the first one goes on"
    );
}

/// Settings that cannot be meant: each names the file, the line and the key.
#[tokio::test]
async fn bad_settings_are_refused() {
    for (settings, words) in [
        ("workers = 1\n[listeners", &["lockgate.toml:2"][..]),
        ("workers = \"two\"", &["lockgate.toml:1", "workers"]),
        ("\n\nworker = 2", &["lockgate.toml:3", "worker", "workers"]),
        (
            "[listeners]\nhttp = [\"localhost\"]",
            &["lockgate.toml:2", "localhost"],
        ),
        (
            "[timeouts]\nidle = \"soon\"",
            &["lockgate.toml:2", "idle", "soon"],
        ),
        ("[timeouts]\nidle = 75", &["lockgate.toml:2", "idle"]),
        (
            "[tls]\ndefault_domain = \"a b\"",
            &["lockgate.toml:2", "a b"],
        ),
        ("[origins]\nca = \"none.pem\"", &["none.pem"]),
        (
            "[alerts]\nwebhook = \"ftp://a.test/hook\"",
            &["lockgate.toml:2", "webhook", "https://"],
        ),
    ] {
        let config = ConfigDir::new();
        config.write("lockgate.toml", settings);
        assert_refused(&outcome("run", &config.path()).await, words);
        let check = outcome("check", &config.path()).await;
        assert_eq!(check.code, Some(1), "{settings:?}: {check:?}");
        for word in words {
            assert!(check.text().contains(word), "{word:?} in {check:?}");
        }
    }
}

/// All problems at once, each with its file and line.
#[tokio::test]
async fn check_lists_all_problems_of_all_files() {
    let config = ConfigDir::new();
    config.write(
        "lockgate.toml",
        "workers = 1\nworker = 2\n[tls]\ndefault = \"x\"\n",
    );
    config.write(
        "domains/a.toml",
        "[[domain]]\nname = \"a b\"\norigins = [\"ftp://x\"]\n",
    );
    config.write(
        "domains/b.toml",
        "[[domain]]\norigins = [\"http://127.0.0.1:1\"]\nhtps = true\n",
    );
    let check = outcome("check", &config.path()).await;
    assert_eq!(check.code, Some(1), "{check:?}");
    for place in [
        "lockgate.toml:2",
        "lockgate.toml:4",
        "a.toml:2",
        "a.toml:3",
        "b.toml:1",
        "b.toml:3",
    ] {
        assert!(check.text().contains(place), "{place} in {check:?}");
    }
}

#[tokio::test]
async fn check_passes_a_good_directory_and_starts_nothing() {
    let config = ConfigDir::new();
    config.domain(&Domain::named(PLAY).origin("http://127.0.0.1:1"));
    let edge = Edge::start(config).await;
    // The ports are in use by then, which is none of its business.
    let check = outcome("check", &edge.config.path()).await;
    assert_eq!(check.code, Some(0), "{check:?}");
}

/// What a person wants to know first: what is served, how, and a URL to try.
#[tokio::test]
async fn the_start_is_summed_up() {
    let (ca, config) = (Ca::new(), ConfigDir::new());
    config.install("play", &ca.issue(&[PLAY]));
    let domain = |name| Domain::named(name).origin("demo:");
    config.domain(&domain(PLAY).certificate("play"));
    config.domain(&domain("off.test").certificate("play").https(false));
    config.domain(&domain("unbound.test"));
    let edge = Edge::start(config).await;
    let (http, https) = (edge.http().port(), edge.https().port());
    let urls = [
        format!("https://{PLAY}:{https}/"),
        format!("http://off.test:{http}/"),
        format!("http://unbound.test:{http}/"),
    ];
    eventually(PATIENCE, "the summary", async || {
        let text = edge.program.stdout();
        urls.iter().all(|url| text.contains(url)).then_some(())
    })
    .await;
}

/// Every key has a default, so nothing has to be written to begin with.
#[tokio::test]
async fn no_file_is_needed() {
    let config = ConfigDir::new();
    config.remove("lockgate.toml");
    let check = outcome("check", &config.path()).await;
    assert_eq!(check.code, Some(0), "{check:?}");
}
