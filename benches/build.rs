//! Changed files → next snapshot, with the other domains in place: the cost of one rotation.

use std::path::PathBuf;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use lockgate::certificate::Files;
use lockgate::config::{Changes, Parse, Settings};
use lockgate::reload::{Catalog, Now, Parser};
use lockgate::snapshot::Snapshot;
use rustls::crypto::aws_lc_rs;

/// The files of one of the two example certificates that take turns.
fn certificate(turn: bool) -> Files {
    let (chain, key) = match turn {
        false => (
            &include_bytes!("../certs-example/play-2026/fullchain.pem")[..],
            &include_bytes!("../certs-example/play-2026/privkey.pem")[..],
        ),
        true => (
            &include_bytes!("../certs-example/play-2027/fullchain.pem")[..],
            &include_bytes!("../certs-example/play-2027/privkey.pem")[..],
        ),
    };
    let mut files = Files::new(PathBuf::from("play"));
    files.insert("fullchain.pem".to_owned(), Ok(chain.to_vec()));
    files.insert("privkey.pem".to_owned(), Ok(key.to_vec()));
    files
}

fn parser() -> Parser {
    Parser::new(Arc::new(aws_lc_rs::default_provider()))
}

fn rotation(turn: bool) -> Changes<Parser> {
    let name = "play".parse().expect("a certificate name");
    let candidate = parser().certificate(&name, certificate(turn));
    Changes {
        certificates: vec![(name, candidate)],
        ..Changes::default()
    }
}

fn domains(count: usize) -> Changes<Parser> {
    let mut text = String::from(
        "[[domain]]\nname = \"play.localhost\"\norigins = [\"demo:\"]\ncertificate = \"play\"\n",
    );
    for number in 1..count {
        text += &format!(
            "[[domain]]\nname = \"d{number}.example.com\"\norigins = [\"http://127.0.0.1:8000\"]\n"
        );
    }
    let path = PathBuf::from("domains/all.toml");
    let domains = parser().domains(&path, Ok(text.into_bytes()));
    Changes {
        domains: vec![(path, domains)],
        ..rotation(false)
    }
}

fn build(c: &mut Criterion) {
    let mut group = c.benchmark_group("rotation");
    for count in [10, 1_000, 10_000] {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut catalog =
            Catalog::new(Settings::default(), provider).expect("the provider has random bytes");
        let (first, _) = catalog.apply(domains(count), &Snapshot::empty(), Now::read(), false);
        let mut current = first.expect("the first load makes a snapshot");
        let mut turn = false;
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter_batched(
                || {
                    turn = !turn;
                    rotation(turn)
                },
                |changes| {
                    let (next, _) = catalog.apply(changes, &current, Now::read(), false);
                    current = next.expect("a rotation makes a snapshot");
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, build);
criterion_main!(benches);
