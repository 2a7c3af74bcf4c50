use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;

use super::*;
use crate::state::record::tests::record;

fn job(certificate: &str, adopted: u64, leaf: &str) -> Job {
    Job::Record(Box::new(record(certificate, adopted, leaf)))
}

fn history(directory: &Path) -> History {
    History::new(directory.join("state"), History::KEEP)
}

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

fn submit(archivist: &Archivist, job: Job) {
    assert!(archivist.try_submit(job).is_ok());
}

/// A state directory that cannot be one, whoever runs the test.
fn useless(directory: &Path) -> History {
    fs::write(directory.join("state"), "a file").unwrap();
    history(directory)
}

#[test]
fn all_that_is_queued_is_written_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let history = history(directory.path());
    let archivist = Archivist::start(history.clone(), |notice| panic!("{notice:?}")).unwrap();
    for number in 0..100 {
        submit(&archivist, job(&format!("c{number}"), 0, "one"));
        submit(&archivist, job("play", number, &number.to_string()));
    }
    submit(&archivist, Job::Retire(name("c7"), Timestamp(0)));
    submit(&archivist, Job::Retire(name("c8"), Timestamp(0)));
    submit(&archivist, job("c8", 1, "two"));
    assert!(archivist.end());
    assert_eq!(history.names().unwrap().len(), 101);
    let versions = history.versions(&name("play")).unwrap();
    assert_eq!(versions.len(), History::KEEP);
    let (version, newest) = history.newest_sound(&name("play"), &mut |_| ()).unwrap();
    assert_eq!((version, newest), (versions[0], record("play", 99, "99")));
    assert!(history.is_retired(&name("c7")).unwrap());
    assert!(!history.is_retired(&name("c8")).unwrap());
}

#[test]
fn what_was_deleted_long_ago_is_swept() {
    let directory = tempfile::tempdir().unwrap();
    let history = history(directory.path());
    let archivist = Archivist::start(history.clone(), |_| ()).unwrap();
    submit(&archivist, job("play", 0, "one"));
    submit(&archivist, Job::Retire(name("play"), Timestamp(0)));
    submit(&archivist, Job::Sweep(Timestamp(91 * 86_400)));
    drop(archivist);
    assert!(history.names().unwrap().is_empty());
}

#[test]
fn a_useless_state_directory_makes_one_notice_and_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let (notices, noticed) = channel();
    let notify = move |notice: &Notice| notices.send(notice.warning.code()).unwrap();
    let archivist = Archivist::start(useless(directory.path()), notify).unwrap();
    let mut waiting: Vec<_> = (0..1_000)
        .map(|number| job(&format!("c{number}"), 0, "one"))
        .collect();
    while let Some(job) = waiting.pop() {
        if let Err(job) = archivist.try_submit(job) {
            waiting.push(job);
            thread::yield_now();
        }
    }
    let unrecorded = archivist.unrecorded.clone();
    assert!(archivist.end());
    assert_eq!(unrecorded.lock().len(), 1_000);
    assert_eq!(noticed.iter().collect::<Vec<_>>(), ["history_not_recorded"]);
}

#[test]
fn a_full_queue_gives_the_job_back_and_the_end_waits_no_longer_than_it_should() {
    let directory = tempfile::tempdir().unwrap();
    let (noticed, notices) = sync_channel(0);
    let (hold, held) = channel::<()>();
    let notify = move |_: &Notice| {
        let _ = noticed.send(());
        // Until the test lets go: a disk that hangs.
        let _ = held.recv();
    };
    let mut archivist = Archivist::start(useless(directory.path()), notify).unwrap();
    submit(&archivist, job("play", 0, "one"));
    notices.recv().unwrap();
    for _ in 0..QUEUE {
        submit(&archivist, Job::Sweep(Timestamp(0)));
    }
    let back = archivist.try_submit(job("late", 0, "one")).unwrap_err();
    assert!(matches!(back, Job::Record(record) if record.certificate == name("late")));
    assert_eq!(archivist.take_unrecorded(), BTreeSet::from([name("play")]));
    assert!(archivist.take_unrecorded().is_empty());
    assert!(!archivist.wait(Duration::ZERO));
    drop(hold);
    drop(notices);
}
