//! Links into other directories: what they lead to is watched as well.

use std::fs;
use std::time::Duration;

use super::{NO_SCAN, relink, rotate, served, settle, write_in_place, write_pair};
use crate::rotation::Prober;
use crate::support::{ConfigDir, Domain, PLAY, Pair, Stage, pause, throughout};

const FILES: [&str; 2] = ["privkey", "fullchain"];

/// Writes the nth version of a pair into certbot's archive.
fn archive(config: &ConfigDir, pair: &Pair, version: usize) {
    let contents = [pair.key.clone(), pair.fullchain()];
    for (file, content) in FILES.into_iter().zip(contents) {
        let target = config.outside(&format!("archive/play/{file}{version}.pem"));
        config.replace(&target, content.as_bytes());
    }
}

/// Points one link of a certificate at its nth version, as certbot writes it.
fn point(config: &ConfigDir, file: &str, version: usize) {
    let target = config.outside(&format!("archive/play/{file}{version}.pem"));
    let link = config.join("certificates/play").join(format!("{file}.pem"));
    relink(config, target, &link);
}

/// A stage whose pair is in an archive, behind links.
async fn linked() -> Stage {
    let stage = Stage::with(&[NO_SCAN]).await;
    let pair = stage.ca.issue(&[PLAY]);
    archive(&stage.edge.config, &pair, 1);
    for file in FILES {
        point(&stage.edge.config, file, 1);
    }
    Prober::new(&stage).serves(&pair).await;
    settle().await;
    stage
}

/// certbot replaces one link after the other. Between them the old pair is served.
#[tokio::test]
async fn links_may_be_replaced_one_by_one() {
    let stage = linked().await;
    let config = &stage.edge.config;
    let prober = Prober::new(&stage);
    let mut old = prober.leaf().await;
    for version in 2..=4 {
        let pair = stage.ca.issue(&[PLAY]);
        archive(config, &pair, version);
        point(config, FILES[version % 2], version);
        throughout(Duration::from_millis(700), "the old pair", async || {
            prober.leaf().await == old
        })
        .await;
        point(config, FILES[(version + 1) % 2], version);
        prober.serves(&pair).await;
        old = pair.fingerprint();
    }
    stage.edge.counts("lockgate_quarantined", &[], 0.0).await;
}

/// The links stay, and what they lead to is written over in place, or replaced.
#[tokio::test]
async fn what_links_lead_to_is_watched() {
    let stage = linked().await;
    let config = &stage.edge.config;
    let target = |file: &str| config.outside(&format!("archive/play/{file}1.pem"));
    let in_place = |pair: &Pair| {
        write_in_place(&target("privkey"), &pair.key);
        write_in_place(&target("fullchain"), &pair.fullchain());
    };
    let replaced = |pair: &Pair| archive(config, pair, 1);
    rotate(&stage, &[&in_place, &replaced, &in_place]).await;
}

/// Through a second link, and a directory that is a link itself.
#[tokio::test]
async fn links_may_lead_to_links() {
    let stage = linked().await;
    let config = &stage.edge.config;
    let (first, second) = (config.outside("first"), config.outside("second"));
    for directory in [&first, &second, &config.outside("third")] {
        fs::create_dir(directory).expect("a directory is made");
    }
    let store = |pair: &Pair| write_pair(config, &config.outside("third/store"), pair);
    store(&stage.ca.issue(&[PLAY]));
    relink(config, "../third/store", &second.join("play"));
    relink(config, second.join("play"), &first.join("play"));
    config.remove("certificates/play");
    relink(
        config,
        first.join("play"),
        &config.join("certificates/play"),
    );
    rotate(&stage, &[&store]).await;
    settle().await;
    let swap_last = |pair: &Pair| {
        write_pair(config, &config.outside("third/other"), pair);
        relink(config, "../third/other", &second.join("play"));
    };
    let swap_target = |pair: &Pair| {
        fs::rename(config.outside("third/other"), config.outside("third/old"))
            .expect("it is there");
        write_pair(config, &config.outside("draft"), pair);
        fs::rename(config.outside("draft"), config.outside("third/other")).expect("it is gone");
    };
    rotate(&stage, &[&swap_last, &swap_target]).await;
}

/// Two certificates may share a directory, or its files.
#[tokio::test]
async fn two_names_may_lead_to_the_same_files() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let names = ["other.test", "third.test"];
    let all = [PLAY, names[0], names[1]];
    let first = stage.ca.issue(&all);
    config.install("play", &first);
    relink(config, "play", &config.join("certificates/other"));
    for (file, ending) in [("fullchain", "crt"), ("privkey", "key")] {
        let link = config.join(&format!("certificates/third.{ending}"));
        relink(config, format!("play/{file}.pem"), &link);
    }
    for (name, certificate) in names.into_iter().zip(["other", "third"]) {
        let domain = Domain::named(name).origin(stage.origin.url());
        config.domain(&domain.certificate(certificate));
    }
    let mut pair = first;
    for _ in 0..3 {
        for name in all {
            served(&stage, name, &pair).await;
        }
        settle().await;
        pair = stage.ca.issue(&all);
        config.install("play", &pair);
    }
}

/// The file of client certificates' roots and the settings may be links as well.
#[tokio::test]
async fn settings_may_be_a_link() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let settings = config.join("lockgate.toml");
    let text = fs::read_to_string(&settings).expect("it is there");
    let outside = config.outside("etc/settings.toml");
    config.replace(&outside, text.as_bytes());
    relink(config, &outside, &settings);
    settle().await;
    write_in_place(&outside, &format!("surprise = 1\n{text}"));
    let problem = [("kind", "file"), ("reason", "unknown_key")];
    stage
        .edge
        .counts("lockgate_quarantined", &problem, 1.0)
        .await;
    pause(Duration::from_millis(100)).await;
    config.replace(&outside, text.as_bytes());
    stage
        .edge
        .counts("lockgate_quarantined", &problem, 0.0)
        .await;
}

/// A link whose target comes later.
#[tokio::test]
async fn a_link_may_be_there_before_what_it_leads_to() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let store = config.outside("store");
    fs::create_dir(&store).expect("a directory is made");
    config.remove("certificates/play");
    relink(
        config,
        store.join("play"),
        &config.join("certificates/play"),
    );
    let labels = [("name", "play"), ("reason", "unreadable")];
    stage
        .edge
        .counts("lockgate_quarantined", &labels, 1.0)
        .await;
    let mount = |pair: &Pair| {
        write_pair(config, &config.outside("draft"), pair);
        fs::rename(config.outside("draft"), store.join("play")).expect("nothing is there");
    };
    rotate(&stage, &[&mount]).await;
}
