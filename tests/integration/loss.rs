//! Deleted means deleted, lost does not.

use std::fs;
use std::time::Duration;

use crate::rotation::Prober;
use crate::support::{
    Ca, ConfigDir, Domain, Origin, PATIENCE, PLAY, Stage, UNRECOGNIZED, eventually, get, ok,
    throughout,
};

/// The stage's domain redirects, so that plain HTTP shows its state; beside it another one, because
/// a directory that is empty all at once counts as lost.
async fn start(grace: &str) -> Stage {
    let settings = [("certificates.removal_grace", grace)];
    Stage::arranged(&settings, add_neighbour).await
}

/// The same with a scan a second: no event tells that the configuration directory itself is back.
async fn start_scanning() -> Stage {
    let settings = [
        ("certificates.removal_grace", GRACE),
        ("certificates.scan_interval", GRACE),
    ];
    Stage::arranged(&settings, add_neighbour).await
}

fn add_neighbour(config: &ConfigDir, ca: &Ca, origin: &Origin) {
    let domain = |name| Domain::named(name).origin(origin.url()).redirecting();
    config.install("other", &ca.issue(&[OTHER]));
    config.domain(&domain(OTHER).certificate("other"));
    config.domain(&domain(PLAY).certificate("play"));
}

const OTHER: &str = "other.test";
const GRACE: &str = r#""1s""#;
const LONG_GRACE: &str = r#""60s""#;

/// Whether a domain is served over TLS.
async fn is_secure(stage: &Stage, name: &str) -> bool {
    match stage.client().connect(stage.edge.https(), name).await {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(refused, UNRECOGNIZED);
            false
        }
    }
}

#[tokio::test]
async fn a_directory_may_be_removed_and_written_again() {
    let stage = start(LONG_GRACE).await;
    let prober = Prober::new(&stage);
    for _ in 0..5 {
        let pair = stage.ca.issue(&[PLAY]);
        stage.edge.config.remove("certificates/play");
        let half_a_second = Duration::from_millis(500);
        throughout(half_a_second, "the last good leaf", async || {
            is_secure(&stage, PLAY).await
        })
        .await;
        stage.edge.config.install("play", &pair);
        prober.serves(&pair).await;
    }
}

#[tokio::test]
async fn a_deleted_certificate_leaves_plain_http() {
    let stage = start(GRACE).await;
    assert_eq!(stage.edge.plain(PLAY, "/").await.status(), 302);
    stage.edge.config.remove("certificates/play");
    assert!(
        is_secure(&stage, PLAY).await,
        "the grace period has only begun"
    );
    eventually(PATIENCE, "the end of the grace period", async || {
        (!is_secure(&stage, PLAY).await).then_some(())
    })
    .await;
    let mut viewer = stage.plain().await;
    viewer.send(get(PLAY, "/")).await;
    let (_, mut origin) = stage.origin.request().await;
    origin.send(ok("served")).await;
    assert_eq!(viewer.response().await.status(), 200);
    assert!(is_secure(&stage, OTHER).await);

    let pair = stage.ca.issue(&[PLAY]);
    stage.edge.config.install("play", &pair);
    eventually(PATIENCE, "the certificate that came back", async || {
        is_secure(&stage, PLAY).await.then_some(())
    })
    .await;
    assert_eq!(stage.edge.plain(PLAY, "/").await.status(), 302);
}

#[tokio::test]
async fn a_deleted_domain_is_unknown() {
    let stage = start(GRACE).await;
    stage.edge.config.remove(&Domain::named(PLAY).file());
    eventually(PATIENCE, "404 for the deleted domain", async || {
        (stage.edge.plain(PLAY, "/").await.status() == 404).then_some(())
    })
    .await;
    assert!(!is_secure(&stage, PLAY).await);
    assert!(is_secure(&stage, OTHER).await);
}

/// How a directory gets lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Missing,
    /// A mount point without its mount.
    Empty,
}

/// A lost directory takes nothing down, however long it is away, and works on when it is back.
async fn stays(stage: Stage, directory: &str, loss: Loss) {
    let config = &stage.edge.config;
    let (here, away) = (config.join(directory), config.outside("away"));
    fs::rename(&here, &away).expect("the directory is moved away");
    if matches!(loss, Loss::Empty) {
        fs::create_dir(&here).expect("an empty one is made");
    }
    let long = Duration::from_secs(3);
    throughout(long, &format!("{directory} {loss:?}: TLS"), async || {
        is_secure(&stage, PLAY).await
            && is_secure(&stage, OTHER).await
            && stage.edge.plain(PLAY, "/").await.status() == 302
    })
    .await;
    let metrics = stage.edge.metrics().await;
    let lost = [("reason", "lost")];
    assert!(
        metrics.find("lockgate_quarantined", &lost),
        "the reason is told"
    );
    if matches!(loss, Loss::Empty) {
        fs::remove_dir(&here).expect("it is still empty");
    }
    fs::rename(&away, &here).expect("the directory is moved back");
    let pair = stage.ca.issue(&[PLAY]);
    config.install("play", &pair);
    Prober::new(&stage).serves(&pair).await;
}

/// A domain moves from one file to another: by `mv`, and by being written there before it is removed
/// here. It is served all the time.
#[tokio::test]
async fn a_domain_may_move_to_another_file() {
    let stage = start(GRACE).await;
    let config = &stage.edge.config;
    let old = config.join(&Domain::named(PLAY).file());
    let [moved, rewritten] = ["domains/moved.toml", "domains/rewritten.toml"];
    let steps: [&dyn Fn(); 3] = [
        &|| fs::rename(&old, config.join(moved)).expect("the file is moved"),
        &|| {
            let text = fs::read(config.join(moved)).expect("the file is there");
            config.write(rewritten, text);
        },
        &|| config.remove(moved),
    ];
    for step in steps {
        step();
        let longer_than_grace = Duration::from_millis(1_500);
        throughout(longer_than_grace, "the moved domain", async || {
            is_secure(&stage, PLAY).await && stage.edge.plain(PLAY, "/").await.status() == 302
        })
        .await;
    }
    stage.edge.counts("lockgate_quarantined", &[], 0.0).await;
}

#[tokio::test]
async fn a_missing_configuration_takes_nothing_down() {
    stays(start_scanning().await, "", Loss::Missing).await;
}

#[tokio::test]
async fn a_missing_certificate_directory_takes_nothing_down() {
    stays(start(GRACE).await, "certificates", Loss::Missing).await;
}

#[tokio::test]
async fn an_empty_certificate_directory_takes_nothing_down() {
    stays(start(GRACE).await, "certificates", Loss::Empty).await;
}

#[tokio::test]
async fn a_missing_domain_directory_takes_nothing_down() {
    stays(start(GRACE).await, "domains", Loss::Missing).await;
}

#[tokio::test]
async fn an_empty_domain_directory_takes_nothing_down() {
    stays(start(GRACE).await, "domains", Loss::Empty).await;
}
