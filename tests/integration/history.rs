//! What was adopted is kept, and comes back when it is needed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{
    Answer, ConfigDir, Domain, Edge, Hello, PATIENCE, PLAY, Pair, Responder, Stage, eventually,
    outcome,
};

/// The versions of a certificate that are kept, the newest first.
fn versions(config: &ConfigDir, name: &str) -> Vec<PathBuf> {
    let directory = config.path().join("../state/history").join(name);
    let entries = fs::read_dir(directory).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry is read").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "pem"))
        .collect();
    paths.sort();
    paths.reverse();
    paths
}

async fn recorded(config: &ConfigDir, name: &str, count: usize) {
    eventually(PATIENCE, "the versions in history", async || {
        (versions(config, name).len() == count).then_some(())
    })
    .await;
}

async fn serves(edge: &Edge, name: &str, pair: &Pair) {
    let wanted = Answer::Leaf(pair.fingerprint());
    eventually(PATIENCE, "the certificate that is wanted", async || {
        let answer = Hello::named(name).ask(edge.https()).await;
        (answer == wanted).then_some(())
    })
    .await;
}

/// The last five versions are kept, for nobody else to read.
#[tokio::test]
async fn each_version_is_kept_with_its_key() {
    let stage = Stage::new().await;
    for count in 2..=7 {
        let pair = stage.ca.issue(&[PLAY]);
        stage.edge.config.install("play", &pair);
        serves(&stage.edge, PLAY, &pair).await;
        recorded(&stage.edge.config, "play", count.min(5)).await;
    }
    let config = &stage.edge.config;
    for path in versions(config, "play") {
        let mode = |path| {
            fs::metadata(path)
                .expect("it is there")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(path.clone()), 0o600);
        assert_eq!(mode(path.parent().expect("a directory").to_owned()), 0o700);
    }
}

/// While the files are bad, a restart serves what was good.
#[tokio::test]
async fn a_restart_with_bad_files_serves_the_last_good_version() {
    let stage = Stage::new().await;
    let good = stage.ca.issue(&[PLAY]);
    stage.edge.config.install("play", &good);
    serves(&stage.edge, PLAY, &good).await;
    recorded(&stage.edge.config, "play", 2).await;
    let other = stage.ca.issue(&[PLAY]);
    let config = stage.edge.stop();
    config.write("certificates/play/privkey.pem", &other.key);
    let edge = Edge::start(config).await;
    serves(&edge, PLAY, &good).await;
    let labels = [("name", "play"), ("reason", "key_mismatch")];
    edge.counts("lockgate_quarantined", &labels, 1.0).await;

    // A torn record is passed over for the one before.
    let config = edge.stop();
    let newest = versions(&config, "play").remove(0);
    let text = fs::read(&newest).expect("it is there");
    fs::write(&newest, &text[..text.len() / 2]).expect("it is torn");
    let edge = Edge::start(config).await;
    serves(&edge, PLAY, &stage.pair).await;
    edge.log()
        .wait(&[("message", "a version in history is passed over")])
        .await;
    edge.config.install("play", &other);
    serves(&edge, PLAY, &other).await;
}

/// The certificates' directory is lost, and the process is started without it.
#[tokio::test]
async fn a_restart_without_the_directory_serves_what_was_in_it() {
    for empty in [false, true] {
        let stage = Stage::new().await;
        recorded(&stage.edge.config, "play", 1).await;
        let config = stage.edge.stop();
        fs::rename(config.join("certificates"), config.outside("certificates"))
            .expect("it is taken away");
        if empty {
            fs::create_dir(config.join("certificates")).expect("a mount point is left");
        }
        let edge = Edge::start(config).await;
        serves(&edge, PLAY, &stage.pair).await;
        let lost = [("kind", "directory"), ("reason", "lost")];
        edge.counts("lockgate_quarantined", &lost, 1.0).await;
        if empty {
            fs::remove_dir(edge.config.join("certificates")).expect("it is empty");
        }
        let new = stage.ca.issue(&[PLAY]);
        edge.config.install("play", &new);
        serves(&edge, PLAY, &new).await;
    }
}

/// Deleted means deleted, after a restart as well.
#[tokio::test]
async fn history_does_not_bring_back_what_was_deleted() {
    let stage = Stage::with(&[("certificates.removal_grace", r#""100ms""#)]).await;
    let other = stage.ca.issue(&["other.test"]);
    stage.edge.config.install("other", &other);
    recorded(&stage.edge.config, "other", 1).await;
    recorded(&stage.edge.config, "play", 1).await;
    stage.edge.config.remove("certificates/play");
    let refused = async |edge: &Edge| {
        eventually(PATIENCE, "a refusal", async || {
            let answer = Hello::named(PLAY).ask(edge.https()).await;
            matches!(answer, Answer::Refused(_)).then_some(())
        })
        .await;
    };
    refused(&stage.edge).await;
    let mark = stage
        .edge
        .config
        .path()
        .join("../state/history/play/deleted");
    eventually(PATIENCE, "the mark", async || mark.exists().then_some(())).await;
    let config = stage.edge.stop();
    config.write("certificates/play/privkey.pem", "torn");
    let edge = Edge::start(config).await;
    refused(&edge).await;
}

/// Back to an earlier version, over a restart, until the files change or it is given up.
#[tokio::test]
async fn a_rollback_holds_until_the_files_change() {
    let stage = Stage::new().await;
    let (old, new) = (&stage.pair, stage.ca.issue(&[PLAY]));
    recorded(&stage.edge.config, "play", 1).await;
    stage.edge.config.install("play", &new);
    serves(&stage.edge, PLAY, &new).await;
    recorded(&stage.edge.config, "play", 2).await;

    let path = stage.edge.config.path();
    let history = outcome("certificates history play", &path).await.text();
    assert_eq!(history.lines().count(), 2, "{history}");
    assert!(history.contains(PLAY), "{history}");
    let done = outcome("certificates rollback play", &path).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    serves(&stage.edge, PLAY, old).await;
    let labels = [("name", "play"), ("reason", "rolled_back")];
    stage.edge.counts("lockgate_warnings", &labels, 1.0).await;
    let edge = Edge::start(stage.edge.stop()).await;
    serves(&edge, PLAY, old).await;

    let done = outcome("certificates rollback play --release", &path).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    serves(&edge, PLAY, &new).await;
    edge.counts("lockgate_warnings", &[], 0.0).await;

    let version = history.lines().last().expect("two versions");
    let version = version
        .split(' ')
        .next()
        .expect("it begins with the version");
    let done = outcome(&format!("certificates rollback play {version}"), &path).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    serves(&edge, PLAY, old).await;
    let newest = stage.ca.issue(&[PLAY]);
    edge.config.install("play", &newest);
    serves(&edge, PLAY, &newest).await;
    edge.counts("lockgate_warnings", &[], 0.0).await;
    let pin = path.join("../state/rollback/play.toml");
    eventually(PATIENCE, "the end of the pin", async || {
        (!pin.exists()).then_some(())
    })
    .await;
    let given_up = outcome("certificates rollback play --release", &path).await;
    assert!(
        given_up.text().contains("is not rolled back"),
        "{given_up:?}"
    );
}

/// What cannot be done is said, with what to do.
#[tokio::test]
async fn a_rollback_to_nothing_says_so() {
    let config = ConfigDir::new();
    for (arguments, text) in [
        ("certificates history play", "history has no version"),
        ("certificates rollback play", "there are no files"),
        ("certificates rollback play yesterday", "invalid value"),
    ] {
        let outcome = outcome(arguments, &config.path()).await;
        assert_ne!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.text().contains(text), "{outcome:?}");
    }
}

/// Switched off, nothing is written.
#[tokio::test]
async fn history_may_be_switched_off() {
    let stage = Stage::with(&[("state.history", "0")]).await;
    let domain = Domain::named("more.test").origin(Responder::start("hello").await.url());
    stage.edge.config.domain(&domain.certificate("play"));
    stage.edge.counts("lockgate_generation", &[], 2.0).await;
    assert!(!stage.edge.config.path().join("../state/history").exists());
}
