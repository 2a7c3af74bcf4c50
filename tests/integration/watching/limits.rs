//! The system gives few watches, or none.

use std::fs;

use super::{NO_SCAN, SCAN, rotate};
use crate::support::{Edge, Pair, Stage, has_namespaces};

const WARNING: &str = "lockgate_warnings";

/// Starts with this limit of the user's; a scan a second finds what is not watched.
async fn start(limit: &str, count: usize) -> Stage {
    let set_up = format!("echo {count} > /proc/sys/user/{limit}");
    let start = async |config| Edge::start_in_namespace(&set_up, config).await;
    Stage::started(&[SCAN], |_, _, _| {}, start).await
}

fn raise(stage: &Stage, limit: &str) {
    let script = format!("echo 1000 > /proc/sys/user/{limit}");
    stage.edge.program.in_namespace(&script);
}

/// It serves, it says so, it finds changes by scanning, and it watches as soon as it may.
async fn is_short_of(limit: &str, count: usize, name: &str) {
    if !has_namespaces() {
        return;
    }
    let stage = start(limit, count).await;
    let config = &stage.edge.config;
    let labels = [("name", name), ("reason", "watch_limit")];
    stage.edge.counts(WARNING, &labels, 1.0).await;
    let line = stage.edge.log().wait(&[("reason", "watch_limit")]).await;
    assert!(line.field("error").contains("raise"), "{}", line.text());
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&written, &written]).await;

    raise(&stage, limit);
    stage.edge.counts(WARNING, &labels, 0.0).await;
    let recovered = [("message", "recovered"), ("reason", "watch_limit")];
    stage.edge.log().wait(&recovered).await;
    let settings = config.join("lockgate.toml");
    let text = fs::read_to_string(settings).expect("it is there");
    config.write("lockgate.toml", text.replace(SCAN.1, NO_SCAN.1));
    super::settle().await;
    rotate(&stage, &[&written, &written]).await;
}

#[tokio::test]
async fn few_watches() {
    let name = "/proc/sys/fs/inotify/max_user_watches";
    is_short_of("max_inotify_watches", 4, name).await;
}

#[tokio::test]
async fn no_watches() {
    let name = "/proc/sys/fs/inotify/max_user_watches";
    is_short_of("max_inotify_watches", 0, name).await;
}

#[tokio::test]
async fn no_instance() {
    let name = "/proc/sys/fs/inotify/max_user_instances";
    is_short_of("max_inotify_instances", 0, name).await;
}

/// A signal looks at everything, and so watches what it can.
#[tokio::test]
async fn a_signal_is_enough_to_recover() {
    if !has_namespaces() {
        return;
    }
    let set_up = "echo 4 > /proc/sys/user/max_inotify_watches";
    let start = async |config| Edge::start_in_namespace(set_up, config).await;
    let stage = Stage::started(&[NO_SCAN], |_, _, _| {}, start).await;
    let labels = [("reason", "watch_limit")];
    stage.edge.counts(WARNING, &labels, 1.0).await;
    raise(&stage, "max_inotify_watches");
    stage.edge.program.signal("HUP");
    stage.edge.counts(WARNING, &labels, 0.0).await;
    super::settle().await;
    let config = &stage.edge.config;
    let written = |pair: &Pair| config.install("play", pair);
    rotate(&stage, &[&written]).await;
}
