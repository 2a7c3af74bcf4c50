//! What cannot be read now may be read later, without anything telling so.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{NO_SCAN, neighbour, redirects, rotate, settle};
use crate::rotation::Prober;
use crate::support::{Edge, PATIENCE, PLAY, Pair, Stage, Wire, eventually};

/// What is put in the place of a file for a while.
type Obstacle = fn(&std::path::Path);

const OBSTACLES: [(&str, Obstacle); 4] = [
    ("unreadable", |path| {
        symlink(path, path).expect("a loop is made");
    }),
    ("unreadable", |path| {
        symlink("nothing", path).expect("a link is made");
    }),
    ("not_a_file", |path| {
        let made = Command::new("mkfifo").arg(path).status();
        assert!(made.is_ok_and(|status| status.success()));
    }),
    ("not_a_file", |path| {
        fs::create_dir(path).expect("a directory is made");
    }),
];

/// Whatever stands in a file's place is waited out, and the file is read once it is there.
#[tokio::test]
async fn what_stands_in_a_files_place_is_waited_out() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    config.domain(&neighbour("other.test", "play"));
    let key = config.join("certificates/play/privkey.pem");
    let domain = config.join("domains/other.test.toml");
    redirects(&stage, "other.test").await;
    for (reason, obstacle) in OBSTACLES {
        let table = fs::read(&domain).expect("it is there");
        for path in [&key, &domain] {
            fs::remove_file(path).expect("it is there");
            obstacle(path);
        }
        let labels = [("reason", reason)];
        stage
            .edge
            .counts("lockgate_quarantined", &labels, 2.0)
            .await;
        redirects(&stage, "other.test").await;
        for path in [&key, &domain] {
            if path.is_dir() {
                fs::remove_dir(path).expect("it is empty");
            }
        }
        config.replace(&domain, &table);
        let written = |pair: &Pair| config.install("play", pair);
        rotate(&stage, &[&written]).await;
        stage.edge.counts("lockgate_quarantined", &[], 0.0).await;
    }
}

/// A pair comes while no file can be opened. It is read when that is over.
#[tokio::test]
async fn running_out_of_descriptors_loses_no_change() {
    const FILES: usize = 64;
    let start = async |config| Edge::start_with_files(FILES, config).await;
    // More than there are descriptors for, which the default is not.
    let settings = [NO_SCAN, ("limits.connections", "1000")];
    let stage = Stage::started(&settings, |_, _, _| {}, start).await;
    settle().await;
    let mut crowd = Vec::new();
    for _ in 0..FILES * 2 {
        crowd.push(Wire::connect(stage.edge.http()).await);
    }
    eventually(PATIENCE, "a line that says so", async || {
        let lines = stage.edge.log().find(&[("level", "ERROR")]);
        let mut messages = lines.iter().map(|line| line.field("message"));
        messages.any(|text| text.contains("accept")).then_some(())
    })
    .await;
    let pair = stage.ca.issue(&[PLAY]);
    stage.edge.config.install("play", &pair);
    let table = neighbour("other.test", "play");
    stage.edge.config.domain(&table);
    let refused = [("message", "quarantined"), ("kind", "file")];
    stage.edge.log().wait(&refused).await;
    drop(crowd);
    redirects(&stage, "other.test").await;
    Prober::new(&stage).serves(&pair).await;
    stage.edge.counts("lockgate_quarantined", &[], 0.0).await;
}
