//! SNI and Host → domain, in a table of 100,000: the way of every handshake and request.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lockgate::domain::Map;

fn lookup(c: &mut Criterion) {
    let mut map = Map::new();
    for number in 0..100_000 {
        let name = format!("play-{number}.example.com");
        map.insert(&name.parse().expect("a domain name"), number);
    }
    map.insert(&"*.live.example.com".parse().expect("a wildcard"), 0);
    let cases = [
        ("exact", "play-77777.example.com"),
        ("upper case", "PLAY-77777.EXAMPLE.COM"),
        ("wildcard", "a.live.example.com"),
        ("unknown", "play.example.org"),
    ];
    let mut group = c.benchmark_group("lookup");
    for (case, name) in cases {
        group.bench_function(case, |b| b.iter(|| map.find(black_box(name))));
    }
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
