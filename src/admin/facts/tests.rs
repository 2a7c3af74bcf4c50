use std::path::PathBuf;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use serde_json::{Value, json};

use super::*;
use crate::admin::route::Route;
use crate::certificate::{Files, Fingerprint};
use crate::config::{Changes, Parse, Settings};
use crate::proof::Answer;
use crate::reload::{Catalog, Change, Latest, Now, Parser};
use crate::table::Table;

const DOMAINS: &str = r#"
[[domain]]
name = "leaf.example.com"
origins = ["http://127.0.0.1:8000", "https://live.example.com"]
certificate = "play"
http = "redirect"
on_expiry = "http"
tls = { min_version = "1.3", alpn = ["http/1.1"] }
remarks = "main"

[[domain]]
name = "off.test"
origins = ["demo:"]
certificate = "play"
allow_mismatch = true
https = false

[[domain]]
name = "*.live.test"
origins = ["demo:"]
certificate = "missing"

[[domain]]
name = "free.test"
origins = ["demo:"]
certificate = "auto"
allow_mismatch = 1
"#;

/// What is in place after these domains and one certificate were loaded.
fn facts() -> Facts {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let parser = Parser::new(Arc::clone(&provider));
    let path = PathBuf::from("domains/all.toml");
    let domains = parser.domains(&path, Ok(DOMAINS.into()));
    let mut files = Files::new(PathBuf::from("certificates/play"));
    for (name, content) in [
        (
            "fullchain.pem",
            &include_bytes!("../../../tests/fixtures/ocsp/leaf.pem")[..],
        ),
        (
            "privkey.pem",
            include_bytes!("../../../tests/fixtures/ocsp/leaf.key"),
        ),
        (
            "ocsp.der",
            include_bytes!("../../../tests/fixtures/ocsp/good.der"),
        ),
    ] {
        files.insert(name.to_owned(), Ok(content.to_vec()));
    }
    let changes = Changes {
        domains: vec![(path, domains)],
        certificates: vec![(
            "play".parse().unwrap(),
            parser.certificate(&"play".parse().unwrap(), files),
        )],
        ..Changes::default()
    };
    let mut catalog = Catalog::new(Settings::default(), provider).unwrap();
    let (snapshot, report) = catalog.apply(changes, &Snapshot::empty(), Now::read(), false);
    let snapshot = snapshot.unwrap();
    let mut certificates = Table::new();
    for certificate in snapshot.domains.values().filter_map(|it| it.certificate()) {
        certificates.insert(certificate.name.clone(), Arc::clone(certificate));
    }
    let mut remarks = Table::new();
    remarks.insert("play".parse().unwrap(), "until May".into());
    let status = Status {
        latest: latest(),
        problems: report.problems.into(),
        certificates,
        remarks,
    };
    Facts {
        snapshot: Arc::new(snapshot),
        status: Arc::new(status),
        proofs: Arc::default(),
        started: Timestamp(1_799_990_000),
        ready: true,
        now: Timestamp(1_800_000_000),
    }
}

fn latest() -> Latest {
    let time = Timestamp(1_799_999_990);
    Latest {
        generation: 7,
        since: Some(time),
        ticket_keys_since: Some(time),
        watched: true,
        change: Some(Change {
            time,
            domains_added: 3,
            domains_changed: 2,
            domains_removed: 1,
            certificates_adopted: 1,
            certificates_removed: 4,
            ticket_keys_changed: true,
            problems: 5,
            recovered: 6,
            scan: Duration::from_nanos(1_234_567),
            build: Duration::from_micros(250),
        }),
    }
}

fn answer(facts: &Facts, path: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = format!("/api/v1{path}");
    let route = Route::of(&path).unwrap();
    let question = Question::parse(route, Some(query)).unwrap();
    let text = facts.answer(&question).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Compares an answer with its golden file.
macro_rules! golden {
    ($answer:expr, $name:literal) => {
        let expected: Value =
            serde_json::from_str(include_str!(concat!("golden/", $name))).unwrap();
        let answer: Value = $answer;
        assert_eq!(answer, expected, "{}: {answer:#}", $name);
    };
}

#[test]
fn the_overview() {
    let mut overview = answer(&facts(), "/status");
    let version = std::mem::replace(&mut overview["version"], "VERSION".into());
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    golden!(overview, "status.json");
}

#[test]
fn a_domain_in_each_state() {
    golden!(answer(&facts(), "/domains"), "domains.json");
}

#[test]
fn certificates_with_their_domains() {
    golden!(answer(&facts(), "/certificates"), "certificates.json");
}

#[test]
fn one_of_a_list_is_like_it_stands_in_the_list() {
    let facts = facts();
    for (list, name) in [
        ("/domains", "off.test"),
        ("/domains", "*.live.test"),
        ("/certificates", "play"),
    ] {
        let listed = answer(&facts, &format!("{list}?filter={name}"));
        let one = answer(&facts, &format!("{list}/{name}"));
        assert_eq!(listed["items"], json!([one]), "{name}");
    }
    let served = answer(&facts, "/domains/any.live.test");
    assert_eq!(served["name"], "*.live.test", "a wildcard serves it");
}

/// The names of all domains, read in parts of one.
fn one_by_one(facts: &Facts, sort: &str) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), String::new());
    for _ in 0..4 {
        let path = format!("/domains?limit=1&sort={sort}&after={after}");
        let part = answer(facts, &path);
        assert_eq!(part["total"], 3);
        names.push(part["items"][0]["name"].as_str().unwrap().to_owned());
        match part["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    names
}

#[test]
fn a_list_can_be_read_in_parts() {
    let facts = facts();
    let wildcard = "*.live.test";
    for (sort, expected) in [
        ("name", [wildcard, "leaf.example.com", "off.test"]),
        ("expiry", ["leaf.example.com", "off.test", wildcard]),
    ] {
        assert_eq!(one_by_one(&facts, sort), expected);
    }
    let filtered = answer(&facts, "/domains?filter=TEST&limit=1");
    assert_eq!(
        (&filtered["total"], &filtered["next"]),
        (&json!(2), &json!("*.live.test"))
    );
    let by_domain = answer(&facts, "/certificates?filter=leaf.ex");
    assert_eq!(by_domain["items"][0]["name"], "play");
    assert_eq!(answer(&facts, "/certificates?filter=else")["total"], 0);
}

#[test]
fn a_list_has_what_is_asked_for() {
    let facts = facts();
    for (query, expected) in [
        ("state=off", &["off.test"][..]),
        ("state=expired", &[]),
        ("state=quarantined", &["*.live.test"]),
        ("certificate=play", &["leaf.example.com", "off.test"]),
        ("certificate=missing&state=unusable", &["*.live.test"]),
        ("covered_by=play", &["leaf.example.com"]),
        (
            "sort=expiry",
            &["leaf.example.com", "off.test", "*.live.test"],
        ),
    ] {
        let list = answer(&facts, &format!("/domains?{query}"));
        let items = list["items"].as_array().unwrap().iter();
        let names: Vec<_> = items.map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
        assert_eq!(list["total"], expected.len());
    }
    let route = Route::Domains;
    let question = Question::parse(route, Some("covered_by=missing")).unwrap();
    let fault = facts.answer(&question).unwrap_err();
    assert_eq!(fault.code(), "unknown_certificate");
}

/// What is not served, since its first table is bad, is told about all the same.
#[test]
fn what_is_unknown_comes_with_what_is_wrong_with_it() {
    let question = Question::parse(Route::Domain("free.test"), None).unwrap();
    let failure = facts().answer(&question).unwrap_err().answer();
    assert_eq!(failure.status(), 404);
    golden!(
        serde_json::from_str(failure.body()).unwrap(),
        "unknown.json"
    );
}

#[test]
fn what_differs_is_told() {
    let facts = facts();
    let domain = "leaf.example.com".parse().unwrap();
    let [wanted, served] = [b"one", b"two"].map(|der| Answer::Leaf(Fingerprint::of(der)));
    for time in [1_799_999_000, 1_799_999_060] {
        let now = Timestamp(time);
        facts.proofs.note(&domain, wanted, Ok(served), now);
    }
    let differing = answer(&facts, "/status")["differing"].clone();
    golden!(differing, "differing.json");
    let proof = answer(&facts, "/domains/leaf.example.com")["proof"].clone();
    golden!(proof, "proof.json");
}
