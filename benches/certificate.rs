//! PEM → verified pair: what each certificate costs when it is loaded.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use lockgate::certificate::{Files, Pairs};
use rustls::crypto::aws_lc_rs;

fn certificate(c: &mut Criterion) {
    let provider = aws_lc_rs::default_provider();
    let chain = include_bytes!("../certs-example/play-2026/fullchain.pem");
    let key = include_bytes!("../certs-example/play-2026/privkey.pem");
    let mut files = Files::new(PathBuf::from("play-2026"));
    files.insert("fullchain.pem".to_owned(), Ok(chain.to_vec()));
    files.insert("privkey.pem".to_owned(), Ok(key.to_vec()));
    c.bench_function("certificate", |b| {
        b.iter(|| Pairs::parse(black_box(&files), &provider).expect("the example is a pair"));
    });
}

criterion_group!(benches, certificate);
criterion_main!(benches);
