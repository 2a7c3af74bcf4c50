use super::super::Effect;
use super::*;

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
    assert!(bench.apply(torn()).problems.is_empty());
    let again = bench.catalog.next_deadline(bench.now.instant);
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
    let report = bench.apply(forced("play", &new));
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
fn a_worse_certificate_is_held_until_it_is_forced_or_the_better_one_expires() {
    for new in [issue(&[OTHER]), issue_for(&[PLAY, OTHER], 2020, 2080)] {
        let (mut bench, old) = serving();
        let reason = reasons(&bench.apply(certificate("play", &new)))[0];
        assert!(matches!(reason, "loses_bound_name" | "expires_sooner"));
        assert_eq!(bench.serves(OTHER), Some(old.fingerprint));
        let report = bench.apply(forced("play", &new));
        assert!(report.recovered.iter().any(|it| it.reason == reason));
        assert_eq!(bench.serves(OTHER), Some(new.fingerprint));
    }
    let (mut bench, old) = serving();
    let shorter = issue_for(&[PLAY, OTHER], 2020, 2080);
    let later = forced("play", &issue_for(&[PLAY, OTHER], 2020, 2030));
    bench.apply(later);
    let in_use = bench.serves(PLAY);
    bench.apply(certificate("play", &issue_for(&[PLAY, OTHER], 2020, 2029)));
    assert_eq!(bench.serves(PLAY), in_use);
    bench.now.wall = Timestamp(2_000_000_000);
    bench.apply(Changes::default());
    let again = bench.catalog.take_worth_a_look(bench.now.instant, false);
    assert_eq!(
        again.len(),
        1,
        "what was held may be better than an expired one"
    );
    bench.apply(certificate("play", &shorter));
    assert_eq!(bench.serves(PLAY), Some(shorter.fingerprint));
    assert_ne!(bench.serves(PLAY), Some(old.fingerprint));
}

#[test]
fn a_certificate_of_the_future_is_forced_only_by_name() {
    let (mut bench, old) = serving();
    let future = issue_for(&[PLAY, OTHER], 2089, 2095);
    bench.apply(certificate("play", &future));
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    let report = bench.apply(forced("play", &future));
    assert_eq!(report.problems[0].effect, Effect::Warning);
    assert_eq!(bench.serves(PLAY), Some(future.fingerprint));
}

#[test]
fn what_was_refused_for_a_domain_is_reconsidered_when_that_moves_on() {
    let (mut bench, _) = serving();
    let new = issue(&[OTHER]);
    bench.apply(certificate("play", &new));
    bench.apply(domains(
        "all.toml",
        &(table(PLAY, "") + &table(OTHER, BOUND)),
    ));
    let again = bench.catalog.take_worth_a_look(bench.now.instant, false);
    assert_eq!(again.len(), 1);
    bench.apply(certificate("play", &new));
    assert_eq!(bench.serves(OTHER), Some(new.fingerprint));
}

#[test]
fn bad_options_force_nothing_and_are_reported() {
    let (mut bench, old) = serving();
    let new = issue(&[OTHER]);
    let mut files = files(&new.chain, &new.key);
    files.insert("certificate.toml".to_owned(), Ok("force = yes".into()));
    let report = bench.apply(certificate_files("play", files));
    assert_eq!(reasons(&report), ["loses_bound_name", "toml_syntax"]);
    assert_eq!(bench.serves(OTHER), Some(old.fingerprint));
    assert_eq!(bench.apply(certificate("play", &old)).recovered.len(), 2);
}

#[test]
fn a_clock_that_is_set_back_takes_the_expiry_back() {
    let mut bench = Bench::new();
    let short = issue_for(&[PLAY], 2020, 2030);
    bench.apply(domains("all.toml", &table(PLAY, BOUND)));
    bench.apply(certificate("play", &short));
    let right = bench.now.wall;
    bench.now.wall = Timestamp(2_000_000_000);
    assert_eq!(reasons(&bench.apply(Changes::default())), ["expired"]);
    bench.now.wall = right;
    assert_eq!(bench.apply(Changes::default()).recovered.len(), 1);
    bench.now.wall = Timestamp(2_000_000_000);
    assert_eq!(reasons(&bench.apply(Changes::default())), ["expired"]);
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
    let due = bench.catalog.next_deadline(bench.now.instant).unwrap();
    assert!(
        (due - bench.now.instant).as_secs() > 60,
        "only the next ticket key is due"
    );
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
fn what_comes_near_its_end_is_told_once_for_each_threshold() {
    let (mut bench, _) = serving();
    let short = issue_for(&[PLAY, OTHER], 2020, 2030);
    bench.apply(forced("play", &short));
    let mut at = |days: i64| {
        // Midnight at the start of 2030.
        bench.now.wall = Timestamp(1_893_456_000 - days * 86_400);
        let near = bench.apply(Changes::default()).near_end;
        let told = near.iter().map(|near| {
            let count = (near.domain_count, near.domains.len());
            (near.threshold.days(), near.days_left, count)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(at(31), []);
    assert_eq!(at(29), [(30, 29, (2, 2))]);
    assert_eq!(at(28), []);
    assert_eq!(at(2), [(3, 2, (2, 2))]);
    assert_eq!(at(-1), [(0, -1, (2, 2))]);
    let almost_over = issue_for(&[PLAY, OTHER], 2020, 2031);
    bench.now.wall = Timestamp(1_893_456_000 + 364 * 86_400);
    let near = bench.apply(certificate("play", &almost_over)).near_end;
    assert_eq!(near[0].threshold.days(), 3, "it is adopted below it");
}

#[test]
fn a_staple_that_runs_out_is_dropped() {
    let chain = include_bytes!("../../../tests/fixtures/ocsp/leaf.pem");
    let key = include_bytes!("../../../tests/fixtures/ocsp/leaf.key");
    let good = include_bytes!("../../../tests/fixtures/ocsp/good.der");
    let files = || {
        let mut files = Files::new(PathBuf::from("certificates/play"));
        files.insert("tls.crt".to_owned(), Ok(chain.to_vec()));
        files.insert("tls.key".to_owned(), Ok(key.to_vec()));
        files.insert("ocsp.der".to_owned(), Ok(good.to_vec()));
        files
    };
    let mut bench = Bench::new();
    let report = bench.apply(certificate_files("play", files()));
    assert!(report.problems.is_empty(), "{report:?}");
    let staple = |bench: &Bench| {
        let status = bench.catalog.status();
        let certificate = status.certificates.get("play").unwrap();
        let ocsp = certificate.pairs.iter().next().unwrap();
        ocsp.certified.ocsp.is_some()
    };
    assert!(staple(&bench));
    // It holds for a hundred years, the leaf for ten more.
    bench.now.wall = Timestamp(bench.now.wall.0 + 101 * 365 * 86_400);
    assert_eq!(reasons(&bench.apply(Changes::default())), ["ocsp_expired"]);
    assert!(!staple(&bench));
    let report = bench.apply(certificate_files("play", files()));
    assert!(report.certificates_adopted.is_empty(), "nothing is new");
    assert_eq!(reasons(&report), ["ocsp_expired"], "said of the file now");
}

#[test]
fn an_expired_certificate_may_mean_plain_http() {
    let mut bench = Bench::new();
    let (short, right) = (issue_for(&[PLAY], 2020, 2030), bench.now.wall);
    let text = table(PLAY, &format!("{BOUND}\non_expiry = \"http\""));
    bench.apply(domains("all.toml", &text));
    bench.apply(certificate("play", &short));
    assert_eq!(bench.serves(PLAY), Some(short.fingerprint));
    bench.now.wall = Timestamp(2_000_000_000);
    assert_eq!(bench.apply(Changes::default()).domains_changed.len(), 1);
    assert!(matches!(bench.domain(PLAY).https, Https::Expired));
    assert_eq!(bench.snapshot.https_withdrawn, bench.snapshot.generation);
    bench.now.wall = right;
    bench.apply(Changes::default());
    assert_eq!(
        bench.serves(PLAY),
        Some(short.fingerprint),
        "the clock was wrong"
    );
    bench.now.wall = Timestamp(2_000_000_000);
    bench.apply(Changes::default());
    let new = issue(&[PLAY]);
    bench.apply(certificate("play", &new));
    assert_eq!(bench.serves(PLAY), Some(new.fingerprint));
}

#[test]
fn an_hour_sooner_is_not_worse() {
    let (mut bench, _) = serving();
    let issued_until = |seconds: i64| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![PLAY.to_owned(), OTHER.to_owned()]).unwrap();
        let end = date_time_ymd(2095, 1, 1) - Duration::from_secs(seconds.unsigned_abs());
        params.not_after = end;
        let leaf = params.self_signed(&key).unwrap();
        Issued {
            chain: leaf.pem(),
            key: key.serialize_pem(),
            fingerprint: Fingerprint::of(leaf.der()),
        }
    };
    bench.apply(certificate("play", &issued_until(0)));
    let sooner = issued_until(3600);
    assert!(
        bench
            .apply(certificate("play", &sooner))
            .problems
            .is_empty()
    );
    assert_eq!(bench.serves(PLAY), Some(sooner.fingerprint));
    let report = bench.apply(certificate("play", &issued_until(2 * 3600 + 1)));
    assert_eq!(reasons(&report), ["expires_sooner"]);
}
