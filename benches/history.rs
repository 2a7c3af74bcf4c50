//! Certificates → records on the disk: how long history takes to catch up after a first start, and
//! what it costs when it knows all of them already.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockgate::certificate::Fingerprint;
use lockgate::state::{Archivist, History, Job, Record, RecordPair};
use tokio::time::Instant;

/// A record of the example's size, of one certificate of many.
fn made(number: u64, leaf: u64) -> Record {
    let certificate = format!("c{number}").parse();
    Record {
        certificate: certificate.expect("a certificate name"),
        adopted: SystemTime::now(),
        location: PathBuf::from("/etc/lockgate/certificates"),
        pair: RecordPair {
            fingerprint: Fingerprint::of(&leaf.to_be_bytes()),
            chain: include_bytes!("../certs-example/play-2026/fullchain.pem").to_vec(),
            key: include_bytes!("../certs-example/play-2026/privkey.pem")
                .to_vec()
                .into(),
        },
        second: None,
        staple: None,
    }
}

/// How long it takes from the first job to the end of the last one.
fn archive(history: &History, records: impl Iterator<Item = Record>) -> Duration {
    let start = Instant::now();
    let failed = |notice: &_| panic!("{notice:?}");
    let archivist = Archivist::start(history.clone(), failed).expect("a thread");
    for record in records {
        let mut job = Job::Record(Box::new(record));
        while let Err(back) = archivist.try_submit(job) {
            job = back;
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(
        archivist.end(),
        "it takes less than 5 s to do what is queued"
    );
    start.elapsed()
}

fn history(c: &mut Criterion) {
    let mut group = c.benchmark_group("history");
    group
        .throughput(Throughput::Elements(RECORDS))
        .sample_size(10);
    // The disk of the target directory: a temporary one may be in memory.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let history = History::new(directory.path().to_owned(), History::KEEP);
    let mut turn = 0;
    let mut bench = |name: &str, record: fn(u64, u64) -> Record| {
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let turns = turn + 1..=turn + count;
                turn += count;
                let records = |turn| (0..RECORDS).map(move |number| record(turn, number));
                turns.map(|turn| archive(&history, records(turn))).sum()
            });
        });
    };
    bench("first", |turn, number| made(turn * RECORDS + number, 0));
    bench("known", |_, number| made(RECORDS + number, 0));
    bench("rotation", |turn, number| made(RECORDS + number, turn));
    group.finish();
}

/// As many as the queue holds, so that the figure says what it is when there is much to do.
const RECORDS: u64 = 256;

criterion_group!(benches, history);
criterion_main!(benches);
