//! Many events, and more than the system keeps.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::{NO_SCAN, neighbour, served, settle, write_pair};
use crate::rotation::Prober;
use crate::support::{ConfigDir, PLAY, SECOND, Stage, within};

/// The program stands still while more happens than the system keeps for it; the last change is
/// among what it does not.
#[tokio::test]
async fn events_that_were_lost_are_made_up_for() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    settle().await;
    stage.edge.program.signal("STOP");
    // Each file makes two events or more.
    for number in 0..kept_events() {
        let path = config.join(&format!("certificates/.{number}"));
        File::create(&path).expect("a file is made");
        fs::remove_file(&path).expect("it is there");
    }
    let pair = stage.ca.issue(&[PLAY]);
    config.install("play", &pair);
    stage.edge.program.signal("CONT");
    Prober::new(&stage).serves(&pair).await;
}

fn kept_events() -> usize {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    let limit = limit.expect("the process runs on Linux");
    limit.trim().parse().expect("the limit is a number")
}

/// Writes and removes files that are no business of ours, until it is dropped.
struct Noise {
    stop: Arc<AtomicBool>,
    events: Arc<AtomicUsize>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Noise {
    fn start(config: &ConfigDir) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let events = Arc::new(AtomicUsize::new(0));
        let directories = ["", "certificates", "domains"].map(|directory| config.join(directory));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&events));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for directory in &directories {
                    counted.fetch_add(disturb(directory), Ordering::Relaxed);
                }
            }
        });
        Self {
            stop,
            events,
            thread: Some(thread),
        }
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take();
        thread.map(thread::JoinHandle::join);
    }
}

/// What an editor leaves beside a file while it is open; returns how many events that makes.
fn disturb(directory: &Path) -> usize {
    for name in [".play.pem.swp", "README.tmp", "4913"] {
        let path = directory.join(name);
        fs::write(&path, "x").expect("a file is written");
        fs::rename(&path, directory.join("README~")).expect("it is renamed");
    }
    fs::remove_file(directory.join("README~")).expect("it is there");
    3 * 5 + 1
}

/// Thousands of such events a second cause next to no work, and hold nothing up.
#[tokio::test]
async fn files_that_are_no_business_of_ours_cause_no_storm() {
    let stage = Stage::with(&[NO_SCAN]).await;
    settle().await;
    let reloads = async || {
        stage
            .edge
            .metrics()
            .await
            .sum("lockgate_reloads_total", &[])
    };
    let (before, ticks, begin) = (reloads().await, stage.edge.program.ticks(), Instant::now());
    let noise = Noise::start(&stage.edge.config);
    settle().await;
    let reloads = reloads().await - before;
    let used = stage.edge.program.ticks() - ticks;
    let span = begin.elapsed().as_secs_f64();
    let events = noise.events.load(Ordering::Relaxed);
    assert!(events > 10_000, "{events} events are no noise");
    // What has no ending may be a certificate's directory: its name is looked up, but not each time.
    assert!(reloads < 10.0 * span, "{reloads} reloads in {span} s");
    // A hundred ticks are a second: half a processor is more than an optimised build takes.
    let share = f64::from(u32::try_from(used).expect("a few seconds")) / 100.0 / span;
    assert!(share < 0.5, "{share} of a processor for {events} events");
    let prober = Prober::new(&stage);
    for _ in 0..5 {
        let pair = stage.ca.issue(&[PLAY]);
        stage.edge.config.install("play", &pair);
        within(SECOND, "a real change", prober.serves(&pair)).await;
    }
}

/// A whole set at once: directories are filled while their watches are being added.
#[tokio::test]
async fn two_hundred_certificates_may_be_dropped_at_once() {
    const COUNT: usize = 200;
    let name = |number: usize| format!("live-{number}.test");
    let stage = Stage::arranged(&[NO_SCAN], |config, _, _| {
        for number in 0..COUNT {
            let certificate = format!("live-{number}");
            config.domain(&neighbour(&name(number), &certificate));
        }
    })
    .await;
    let config = &stage.edge.config;
    let drop = config.outside("drop");
    let pairs: Vec<_> = (0..COUNT)
        .map(|number| {
            let pair = stage.ca.issue(&[&name(number)]);
            write_pair(config, &drop.join(format!("live-{number}")), &pair);
            pair
        })
        .collect();
    settle().await;
    let mut copy = Command::new("cp");
    copy.arg("-r")
        .arg(drop.join("."))
        .arg(config.join("certificates"));
    assert!(copy.status().is_ok_and(|status| status.success()));
    let all = async {
        for (number, pair) in pairs.iter().enumerate() {
            served(&stage, &name(number), pair).await;
        }
    };
    within(Duration::from_secs(3), "all of them", all).await;
}
