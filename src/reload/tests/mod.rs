//! What becomes of changed files: bytes and a time go in, a snapshot and a report come out.

mod adoption;
mod domains;
mod files;
mod remarks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;

use super::{Catalog, Now, Parser, Report};
use crate::certificate::{Files, Fingerprint, Name, Timestamp};
use crate::config::{self, Parse, Settings};
use crate::snapshot::{Domain, Https, Snapshot};

type Changes = config::Changes<Parser>;

fn parser() -> Parser {
    Parser::new(Arc::new(aws_lc_rs::default_provider()))
}

/// A catalog with its snapshot, at a time that only the test moves.
struct Bench {
    catalog: Catalog,
    snapshot: Snapshot,
    now: Now,
}

impl Bench {
    fn new() -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self {
            catalog: Catalog::new(Settings::default(), provider).unwrap(),
            snapshot: Snapshot::empty(),
            now: Now::read(),
        }
    }

    fn apply(&mut self, changes: Changes) -> Report {
        let patient = self.snapshot.generation > 0;
        let applied = self
            .catalog
            .apply(changes, &self.snapshot, self.now, patient);
        let (snapshot, report) = applied;
        if let Some(snapshot) = snapshot {
            self.snapshot = snapshot;
        }
        report
    }

    fn later(&mut self, seconds: u64, changes: Changes) -> Report {
        self.now.instant += Duration::from_secs(seconds);
        self.apply(changes)
    }

    fn domain(&self, name: &str) -> &Arc<Domain> {
        self.snapshot.find(name).unwrap()
    }

    fn serves(&self, name: &str) -> Option<Fingerprint> {
        let certificate = self.domain(name).certificate();
        certificate.map(|certificate| certificate.pairs.fingerprint())
    }
}

/// A certificate as issued, and what it will be known by.
struct Issued {
    chain: String,
    key: String,
    fingerprint: Fingerprint,
}

fn issue(names: &[&str]) -> Issued {
    issue_for(names, 2020, 2090)
}

fn issue_for(names: &[&str], from: i32, until: i32) -> Issued {
    let key = KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let leaf = params.self_signed(&key).unwrap();
    Issued {
        chain: leaf.pem(),
        key: key.serialize_pem(),
        fingerprint: Fingerprint::of(leaf.der()),
    }
}

fn files(chain: &str, key: &str) -> Files {
    let mut files = Files::new(PathBuf::from("certificates/play"));
    files.insert("fullchain.pem".to_owned(), Ok(chain.into()));
    files.insert("privkey.pem".to_owned(), Ok(key.into()));
    files
}

fn certificate(name: &str, issued: &Issued) -> Changes {
    certificate_files(name, files(&issued.chain, &issued.key))
}

fn certificate_files(name: &str, files: Files) -> Changes {
    let name: Name = name.parse().unwrap();
    Changes {
        certificates: vec![(name.clone(), parser().certificate(&name, files))],
        ..Changes::default()
    }
}

/// The same, with a `certificate.toml` that says `force = true`.
fn forced(name: &str, issued: &Issued) -> Changes {
    let mut files = files(&issued.chain, &issued.key);
    let options = Ok("force = true".into());
    files.insert("certificate.toml".to_owned(), options);
    certificate_files(name, files)
}

fn no_certificate(name: &str) -> Changes {
    Changes {
        certificates_missing: BTreeSet::from([name.parse().unwrap()]),
        ..Changes::default()
    }
}

fn domains(file: &str, text: &str) -> Changes {
    let path = Path::new("domains").join(file);
    let parsed = parser().domains(&path, Ok(text.into()));
    Changes {
        domains: vec![(path, parsed)],
        ..Changes::default()
    }
}

fn no_domains(file: &str) -> Changes {
    Changes {
        domains_missing: BTreeSet::from([Path::new("domains").join(file)]),
        ..Changes::default()
    }
}

fn table(name: &str, rest: &str) -> String {
    format!("[[domain]]\nname = \"{name}\"\norigins = [\"demo:\"]\n{rest}\n")
}

const PLAY: &str = "play.example.com";
const OTHER: &str = "other.example.com";
const BOUND: &str = "certificate = \"play\"";

/// A bench that serves both domains with one certificate.
fn serving() -> (Bench, Issued) {
    let mut bench = Bench::new();
    let issued = issue(&[PLAY, OTHER]);
    bench.apply(certificate("play", &issued));
    let text = table(PLAY, BOUND) + &table(OTHER, BOUND);
    let report = bench.apply(domains("all.toml", &text));
    assert!(report.problems.is_empty(), "{report:?}");
    assert_eq!(bench.serves(PLAY), Some(issued.fingerprint));
    (bench, issued)
}

fn reasons(report: &Report) -> Vec<&'static str> {
    let quarantined = report.problems.iter();
    quarantined.map(|problem| problem.reason).collect()
}
