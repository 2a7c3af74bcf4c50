//! The process is killed at any moment while certificates rotate: the next start serves every
//! domain, and history is whole.
//!
//! `LOCKGATE_KILLS=200 cargo test --test integration kill` kills more often.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Answer, Ca, ConfigDir, Domain, Edge, Hello, Pair, Responder, outcome};

const DOMAINS: [&str; 4] = ["a.test", "b.test", "c.test", "d.test"];

/// Enough for every day.
fn kills() -> usize {
    let kills = std::env::var("LOCKGATE_KILLS").ok();
    kills.and_then(|kills| kills.parse().ok()).unwrap_or(12)
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % sides
    }
}

/// Pairs for each domain, made once: what counts is the order in which they come.
fn issue(ca: &Ca) -> BTreeMap<&'static str, Vec<Pair>> {
    let issue = |name: &&'static str| {
        let pairs = (0..8).map(|_| ca.issue(&[name]));
        (*name, pairs.collect())
    };
    DOMAINS.iter().map(issue).collect()
}

/// Rotates one certificate after the other until it is stopped, at whatever byte.
fn rotate(directories: &[(PathBuf, Vec<(String, String)>)], stop: &AtomicBool, mut dice: Dice) {
    while !stop.load(Ordering::Relaxed) {
        let (directory, pairs) = &directories[dice.throw(directories.len())];
        let (chain, key) = &pairs[dice.throw(pairs.len())];
        for (file, content) in [("privkey.pem", key), ("fullchain.pem", chain)] {
            let cut = dice.throw(content.len());
            let path = directory.join(file);
            fs::write(&path, &content[..cut]).expect("the first part is written");
            if stop.load(Ordering::Relaxed) {
                return;
            }
            fs::write(&path, content).expect("all of it is written");
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing() {
    let (ca, origin) = (Ca::new(), Responder::start("hello").await);
    let pairs = issue(&ca);
    let mut config = ConfigDir::new();
    for (name, pairs) in &pairs {
        config.install(name, &pairs[0]);
        let domain = Domain::named(name).origin(origin.url());
        config.domain(&domain.certificate(name));
    }
    let directories = pairs.iter().map(|(name, pairs)| {
        let texts = pairs
            .iter()
            .map(|pair| (pair.fullchain(), pair.key.clone()));
        (
            config.join(&format!("certificates/{name}")),
            texts.collect(),
        )
    });
    let directories: Arc<Vec<_>> = Arc::new(directories.collect());
    let known: BTreeSet<_> = pairs.values().flatten().map(Pair::fingerprint).collect();
    let mut dice = Dice(4711);
    // Before the first kill, history has something to fall back to.
    let edge = Edge::start(config).await;
    for name in DOMAINS {
        let kept = edge.config.path().join("../state/history").join(name);
        let is_kept = async || {
            let mut files = fs::read_dir(&kept).ok()?.filter_map(Result::ok);
            // Not a draft, which a kill leaves behind.
            let is_whole = |it: fs::DirEntry| it.path().extension().is_some_and(|it| it == "pem");
            files.any(is_whole).then_some(())
        };
        crate::support::eventually(crate::support::PATIENCE, "history", is_kept).await;
    }
    config = edge.stop();
    for kill in 0..kills() {
        let edge = Edge::start(config).await;
        for name in DOMAINS {
            let answer = Hello::named(name).ask(edge.https()).await;
            let Answer::Leaf(leaf) = &answer else {
                panic!("{name} is refused after kill {kill}: {answer:?}");
            };
            assert!(known.contains(leaf), "{name}: a leaf of nobody");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let rotator = {
            let (stop, directories) = (Arc::clone(&stop), Arc::clone(&directories));
            let dice = Dice(dice.throw(1 << 20) as u64);
            thread::spawn(move || rotate(&directories, &stop, dice))
        };
        // Not to wait for something, but to be killed at another moment each time.
        tokio::time::sleep(Duration::from_millis(dice.throw(150) as u64)).await;
        config = edge.stop();
        stop.store(true, Ordering::Relaxed);
        rotator.join().expect("files can be written");
    }
    for name in DOMAINS {
        let history = outcome(&format!("certificates history {name}"), &config.path()).await;
        assert_eq!(history.code, Some(0), "{history:?}");
        assert!(!history.text().contains("cannot be used"), "{history:?}");
    }
}
