//! What becomes of changed files: bytes and a time go in, a snapshot and a report come out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;

use super::{Catalog, Now, Report};
use crate::certificate::{Files, Fingerprint, Timestamp};
use crate::config::{Changes, Settings};
use crate::snapshot::{Domain, Https, Snapshot};

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
        certificate.map(|certificate| certificate.pair.fingerprint)
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
    Changes {
        certificates: BTreeMap::from([(name.parse().unwrap(), files)]),
        ..Changes::default()
    }
}

fn no_certificate(name: &str) -> Changes {
    Changes {
        certificates_missing: BTreeSet::from([name.parse().unwrap()]),
        ..Changes::default()
    }
}

fn domains(file: &str, text: &str) -> Changes {
    let path = Path::new("domains").join(file);
    Changes {
        domains: BTreeMap::from([(path, Ok(text.into()))]),
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
    assert!(report.quarantined.is_empty(), "{report:?}");
    assert_eq!(bench.serves(PLAY), Some(issued.fingerprint));
    (bench, issued)
}

fn reasons(report: &Report) -> Vec<&'static str> {
    let quarantined = report.quarantined.iter();
    quarantined.map(|problem| problem.reason).collect()
}

#[test]
fn a_rotation_replaces_the_certificate_and_withdraws_nothing() {
    let (mut bench, _) = serving();
    let new = issue(&[PLAY, OTHER]);
    let report = bench.apply(certificate("play", &new));
    assert_eq!(report.domains_changed.len(), 2);
    assert_eq!(bench.serves(PLAY), Some(new.fingerprint));
    assert_eq!(bench.snapshot.https_withdrawn, 0);
    let generation = bench.snapshot.generation;
    bench.apply(certificate("play", &new));
    assert_eq!(bench.snapshot.generation, generation, "nothing is new");
}

#[test]
fn a_torn_pair_is_waited_for_and_a_bad_one_reported() {
    let (mut bench, old) = serving();
    let new = issue(&[PLAY, OTHER]);
    let torn = || certificate_files("play", files(&new.chain, &old.key));
    assert!(bench.apply(torn()).quarantined.is_empty());
    let again = bench.catalog.next_deadline();
    assert!(again.is_some_and(|again| again <= bench.now.instant + Duration::from_millis(100)));
    bench.now.instant += Duration::from_secs(4);
    assert_eq!(reasons(&bench.apply(torn())), ["key_mismatch"]);
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    let report = bench.apply(certificate("play", &new));
    assert_eq!(report.recovered.len(), 1);
    assert_eq!(bench.serves(PLAY), Some(new.fingerprint));
}

#[test]
fn only_the_domain_that_is_not_covered_stays_behind() {
    let (mut bench, old) = serving();
    let new = issue(&[OTHER]);
    let report = bench.apply(certificate("play", &new));
    assert_eq!(reasons(&report), ["name_not_covered"]);
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    assert_eq!(bench.serves(OTHER), Some(new.fingerprint));
    let allowed = table(PLAY, &format!("{BOUND}\nallow_mismatch = true")) + &table(OTHER, BOUND);
    bench.apply(domains("all.toml", &allowed));
    assert_eq!(bench.serves(PLAY), Some(new.fingerprint));
}

#[test]
fn untimely_certificates_do_not_replace_a_good_one() {
    let (mut bench, old) = serving();
    let expired = issue_for(&[PLAY, OTHER], 2019, 2020);
    let future = issue_for(&[PLAY, OTHER], 2089, 2090);
    let report = bench.apply(certificate("play", &expired));
    assert_eq!(reasons(&report), ["expired"]);
    let report = bench.apply(certificate("play", &future));
    assert_eq!(reasons(&report), ["not_yet_valid"]);
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
}

#[test]
fn an_expired_certificate_is_better_than_none() {
    let mut bench = Bench::new();
    let expired = issue_for(&[PLAY], 2019, 2020);
    bench.apply(domains("all.toml", &table(PLAY, BOUND)));
    let report = bench.apply(certificate("play", &expired));
    assert_eq!(reasons(&report), ["expired"]);
    assert_eq!(bench.serves(PLAY), Some(expired.fingerprint));
    let report = bench.apply(certificate("play", &expired));
    assert!(report.recovered.is_empty(), "it is still expired");
}

#[test]
fn a_deleted_certificate_is_unbound_after_the_grace() {
    let (mut bench, old) = serving();
    bench.apply(no_certificate("play"));
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    bench.later(9, no_certificate("play"));
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    let report = bench.later(2, no_certificate("play"));
    assert_eq!(report.certificates_removed.len(), 1);
    assert!(matches!(bench.domain(PLAY).https, Https::Unusable));
    assert_eq!(bench.snapshot.https_withdrawn, bench.snapshot.generation);
}

#[test]
fn a_certificate_that_comes_back_was_never_gone() {
    let (mut bench, old) = serving();
    bench.apply(no_certificate("play"));
    bench.later(5, certificate("play", &old));
    bench.later(100, no_certificate("play"));
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
}

#[test]
fn a_torn_certificate_that_is_removed_is_not_waited_for() {
    let (mut bench, old) = serving();
    bench.apply(certificate_files("play", files("", &old.key)));
    bench.later(1, Changes::default());
    let due = bench.catalog.next_deadline().unwrap() - bench.now.instant;
    assert!(due.as_secs() > 60, "only the next ticket key is due");
}

#[test]
fn what_expires_in_use_is_reported_and_left_for_a_better_match() {
    let mut bench = Bench::new();
    bench.apply(domains("all.toml", &table(PLAY, "certificate = \"auto\"")));
    let (exact, wildcard) = (issue_for(&[PLAY], 2020, 2030), issue(&["*.example.com"]));
    bench.apply(certificate("exact", &exact));
    bench.apply(certificate("wildcard", &wildcard));
    assert_eq!(bench.serves(PLAY), Some(exact.fingerprint));
    bench.now.wall = Timestamp(2_000_000_000);
    let report = bench.apply(Changes::default());
    assert_eq!(reasons(&report), ["expired"]);
    assert_eq!(bench.serves(PLAY), Some(wildcard.fingerprint));
}

#[test]
fn a_binding_that_is_kept_follows_its_certificate() {
    let (mut bench, _) = serving();
    bench.apply(certificate("other", &issue(&[OTHER])));
    let text = table(PLAY, "certificate = \"other\"") + &table(OTHER, BOUND);
    assert_eq!(
        reasons(&bench.apply(domains("all.toml", &text))),
        ["name_not_covered"]
    );
    let new = issue(&[PLAY, OTHER]);
    bench.apply(certificate("play", &new));
    assert_eq!(bench.serves(PLAY), Some(new.fingerprint));
    bench.apply(no_certificate("play"));
    bench.later(11, no_certificate("play"));
    assert!(bench.serves(PLAY).is_none());
}

#[test]
fn a_domain_file_that_is_renamed_changes_nothing() {
    let (mut bench, old) = serving();
    let text = table(PLAY, BOUND) + &table(OTHER, BOUND);
    let mut renamed = domains("new.toml", &text);
    renamed.domains_missing = no_domains("all.toml").domains_missing;
    assert!(bench.apply(renamed).quarantined.is_empty());
    bench.later(11, no_domains("all.toml"));
    bench.later(11, Changes::default());
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
}

#[test]
fn a_deleted_domain_is_served_until_the_grace_is_over() {
    let (mut bench, _) = serving();
    bench.apply(domains("all.toml", &table(PLAY, BOUND)));
    assert!(bench.snapshot.find(OTHER).is_some());
    bench.later(11, Changes::default());
    assert!(bench.snapshot.find(OTHER).is_none());
    bench.apply(no_domains("all.toml"));
    assert!(bench.snapshot.find(PLAY).is_some());
    bench.later(11, no_domains("all.toml"));
    assert!(bench.snapshot.find(PLAY).is_none());
}

#[test]
fn a_bad_file_takes_nothing_down() {
    let (mut bench, old) = serving();
    let off = format!("{BOUND}\nhttps = false");
    let unsound = table(PLAY, "htps = true") + &table(OTHER, &off);
    for (text, reason) in [("[[domain]\n", "toml_syntax"), (&unsound, "unknown_key")] {
        let report = bench.apply(domains("all.toml", text));
        assert_eq!(reasons(&report), [reason]);
        bench.later(100, Changes::default());
        assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    }
    assert!(matches!(bench.domain(OTHER).https, Https::Off));
}

#[test]
fn a_bad_file_that_is_deleted_is_forgotten() {
    let (mut bench, _) = serving();
    let report = bench.apply(domains("bad.toml", "[[domain]"));
    assert_eq!(reasons(&report), ["toml_syntax"]);
    bench.apply(no_domains("bad.toml"));
    let report = bench.later(11, no_domains("bad.toml"));
    assert_eq!(report.recovered.len(), 1);
    assert_eq!(report.files_removed.len(), 1);
    assert!(bench.catalog.status().problems.is_empty());
}

#[test]
fn a_domain_stays_with_the_file_that_has_it_and_moves_when_that_lets_go() {
    let (mut bench, old) = serving();
    let report = bench.apply(domains("a.toml", &table(PLAY, "")));
    assert_eq!(reasons(&report), ["duplicate_domain"]);
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    let report = bench.apply(domains("all.toml", &table(OTHER, BOUND)));
    assert_eq!(report.recovered.len(), 1);
    assert!(matches!(bench.domain(PLAY).https, Https::Unbound));
}

#[test]
fn a_table_that_only_moved_is_not_a_change() {
    let (mut bench, _) = serving();
    let text = table("new.example.com", "") + &table(PLAY, BOUND) + &table(OTHER, BOUND);
    let report = bench.apply(domains("all.toml", &text));
    assert_eq!(report.domains_added.len(), 1);
    assert!(report.domains_changed.is_empty(), "{report:?}");
    let report = bench.apply(certificate("play", &issue(&[OTHER])));
    let place = report.quarantined[0].place.as_ref().unwrap();
    assert_eq!(place.line, 5, "the place is the new one");
}

#[test]
fn a_default_domain_that_is_none_is_reported() {
    let mut bench = Bench::new();
    let text = format!("[tls]\ndefault_domain = \"{PLAY}\"");
    let settings = Changes {
        settings: Some((PathBuf::from("lockgate.toml"), Ok(text.into()))),
        ..Changes::default()
    };
    assert_eq!(reasons(&bench.apply(settings)), ["default_domain_unknown"]);
    let report = bench.apply(domains("all.toml", &table(PLAY, "")));
    assert_eq!(report.recovered.len(), 1);
}

#[test]
fn a_binding_to_nothing_keeps_the_one_before() {
    let (mut bench, old) = serving();
    let text = table(PLAY, "certificate = \"plya\"") + &table(OTHER, BOUND);
    let report = bench.apply(domains("all.toml", &text));
    assert_eq!(reasons(&report), ["certificate_unknown"]);
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
}

#[test]
fn auto_takes_the_best_match() {
    let mut bench = Bench::new();
    bench.apply(domains("all.toml", &table(PLAY, "certificate = \"auto\"")));
    assert!(matches!(bench.domain(PLAY).https, Https::Unusable));
    let wildcard = issue(&["*.example.com"]);
    bench.apply(certificate("wildcard", &wildcard));
    assert_eq!(bench.serves(PLAY), Some(wildcard.fingerprint));
    let exact = issue_for(&[PLAY], 2020, 2080);
    bench.apply(certificate("exact", &exact));
    assert_eq!(bench.serves(PLAY), Some(exact.fingerprint));
    bench.apply(certificate("expired", &issue_for(&[PLAY], 2019, 2020)));
    bench.apply(certificate("unrelated", &issue(&[OTHER])));
    assert_eq!(bench.serves(PLAY), Some(exact.fingerprint));
}

#[test]
fn switching_off_withdraws_and_on_again_serves() {
    let (mut bench, old) = serving();
    let off = table(PLAY, &format!("{BOUND}\nhttps = false")) + &table(OTHER, BOUND);
    bench.apply(domains("all.toml", &off));
    assert!(matches!(bench.domain(PLAY).https, Https::Off));
    assert_eq!(bench.snapshot.https_withdrawn, bench.snapshot.generation);
    let on = table(PLAY, BOUND) + &table(OTHER, BOUND);
    bench.apply(domains("all.toml", &on));
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    assert!(bench.snapshot.https_withdrawn < bench.snapshot.generation);
}
