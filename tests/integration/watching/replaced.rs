//! Whole directories in the place of others, at once.

use std::fs;
use std::path::Path;

use super::{NO_SCAN, exchange, neighbour, redirects, relink, rotate, settle, write_pair};
use crate::rotation::Prober;
use crate::support::{ConfigDir, Domain, PLAY, Pair, Stage};

async fn stage() -> Stage {
    let stage = Stage::with(&[NO_SCAN]).await;
    settle().await;
    stage
}

/// Another version of a directory beside the configuration, with this pair in it.
fn stand_in(config: &ConfigDir, directory: &str, pair: &Pair) -> std::path::PathBuf {
    let path = config.outside("other");
    write_pair(config, &path.join(directory), pair);
    path
}

#[tokio::test]
async fn one_certificates_directory_is_exchanged() {
    let stage = stage().await;
    let config = &stage.edge.config;
    let own = config.join("certificates/play");
    let other = config.outside("other");
    let swap = |pair: &Pair| {
        write_pair(config, &other, pair);
        exchange(&own, &other);
    };
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&swap, &swap, &written, &swap]).await;
}

#[tokio::test]
async fn two_certificates_directories_are_exchanged() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let other = stage.ca.issue(&[PLAY, "other.test"]);
    config.install("other", &other);
    settle().await;
    let [own, others] = ["play", "other"].map(|name| config.join("certificates").join(name));
    exchange(&own, &others);
    let prober = Prober::new(&stage);
    prober.serves(&other).await;
    // Each is watched under its new name.
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&written, &written]).await;
}

/// The same for the directory of all certificates, which is what a rollout of a whole set does.
#[tokio::test]
async fn the_directory_of_all_certificates_is_exchanged() {
    let stage = stage().await;
    let config = &stage.edge.config;
    let all = config.join("certificates");
    let swap = |pair: &Pair| exchange(&all, &stand_in(config, "play", pair));
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&swap, &written, &swap, &written]).await;
}

#[tokio::test]
async fn the_directory_becomes_a_link_and_a_directory_again() {
    let stage = stage().await;
    let config = &stage.edge.config;
    let all = config.join("certificates");
    let link = |pair: &Pair| {
        write_pair(config, &config.outside("release-1/play"), pair);
        fs::rename(&all, config.outside("before")).expect("it is there");
        relink(config, config.outside("release-1"), &all);
    };
    let next = |pair: &Pair| {
        write_pair(config, &config.outside("release-2/play"), pair);
        relink(config, config.outside("release-2"), &all);
    };
    let written = |pair: &Pair| write_pair(config, &config.outside("release-2/play"), pair);
    let back = |pair: &Pair| {
        write_pair(config, &config.outside("before/play"), pair);
        exchange(&config.outside("before"), &all);
    };
    let here = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&link, &next, &written, &back, &here]).await;
}

/// A certificate directory elsewhere, behind a link that is swapped at each rollout.
#[tokio::test]
async fn a_directory_behind_a_link_is_rolled_out() {
    let elsewhere = ("certificates.directories", r#"["../outside/current/live"]"#);
    let stage = Stage::started(
        &[NO_SCAN, elsewhere],
        |config, ca, _| {
            let release = config.outside("release-0");
            write_pair(config, &release.join("live/play"), &ca.issue(&[PLAY]));
            relink(config, "release-0", &config.outside("current"));
        },
        crate::support::Edge::start,
    )
    .await;
    settle().await;
    let config = &stage.edge.config;
    let release = |number: u32| {
        move |pair: &Pair| {
            let release = format!("release-{number}");
            write_pair(config, &config.outside(&release).join("live/play"), pair);
            relink(config, release, &config.outside("current"));
        }
    };
    let written = |pair: &Pair| write_pair(config, &config.outside("current/live/play"), pair);
    rotate(&stage, &[&release(1), &release(2), &written, &release(3)]).await;
}

/// Everything is moved away and back: no event tells of that within the directory.
#[tokio::test]
async fn the_configuration_is_moved_away_and_back() {
    let stage = stage().await;
    let config = &stage.edge.config;
    let away = config.outside("away");
    let lost = [("reason", "lost")];
    for _ in 0..2 {
        fs::rename(config.path(), &away).expect("it is there");
        eventually_lost(&stage).await;
        let pair = stage.ca.issue(&[PLAY]);
        write_pair(config, &away.join("certificates/play"), &pair);
        fs::rename(&away, config.path()).expect("nothing is there");
        Prober::new(&stage).serves(&pair).await;
        stage.edge.counts("lockgate_quarantined", &lost, 0.0).await;
    }
    let moved = |pair: &Pair| {
        write_pair(config, &config.outside("new/certificates/play"), pair);
        for name in ["lockgate.toml", "domains"] {
            let (from, to) = (config.join(name), config.outside("new").join(name));
            fs::rename(from, to).expect("it is moved");
        }
        exchange(&config.path(), &config.outside("new"));
    };
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&moved, &written]).await;
}

async fn eventually_lost(stage: &Stage) {
    let labels = [("kind", "directory"), ("reason", "lost")];
    crate::support::eventually(crate::support::PATIENCE, "the loss", async || {
        let metrics = stage.edge.metrics().await;
        metrics.find("lockgate_quarantined", &labels).then_some(())
    })
    .await;
}

/// A directory of certificates that the settings name before it is there.
#[tokio::test]
async fn a_directory_may_come_later() {
    let directories = r#"["certificates", "../outside/a/b/certificates"]"#;
    let stage = Stage::with(&[NO_SCAN, ("certificates.directories", directories)]).await;
    let config = &stage.edge.config;
    config.domain(&neighbour("other.test", "other"));
    settle().await;
    let pair = stage.ca.issue(&["other.test"]);
    let path: &Path = &config.outside("a/b/certificates/other");
    write_pair(config, path, &pair);
    redirects(&stage, "other.test").await;
    // What is in use is watched, though another directory is lost.
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&written]).await;
}

/// The settings name other directories while the process runs.
#[tokio::test]
async fn a_directory_may_be_added_to_the_settings() {
    let stage = stage().await;
    let config = &stage.edge.config;
    let pair = stage.ca.issue(&["other.test"]);
    write_pair(config, &config.outside("live/other"), &pair);
    config.domain(&Domain::named("other.test").origin(stage.origin.url()));
    config.domain(&neighbour("other.test", "other"));
    let text = fs::read_to_string(config.join("lockgate.toml")).expect("it is there");
    let directories = r#"certificates.directories = ["certificates", "../outside/live"]"#;
    config.write("lockgate.toml", format!("{text}{directories}\n"));
    redirects(&stage, "other.test").await;
    settle().await;
    let again = stage.ca.issue(&["other.test"]);
    write_pair(config, &config.outside("live/other"), &again);
    super::served(&stage, "other.test", &again).await;
}
