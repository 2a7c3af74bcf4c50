use super::*;

#[test]
fn a_domain_file_that_is_renamed_changes_nothing() {
    let (mut bench, old) = serving();
    let text = table(PLAY, BOUND) + &table(OTHER, BOUND);
    let mut renamed = domains("new.toml", &text);
    renamed.domains_missing = no_domains("all.toml").domains_missing;
    assert!(bench.apply(renamed).problems.is_empty());
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
    let report = bench.apply(forced("play", &issue(&[OTHER])));
    let place = report.problems[0].place.as_ref().unwrap();
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

#[test]
fn a_tcp_listener_that_there_is_none_of_is_warned_of_until_there_is() {
    let (mut bench, old) = serving();
    let tcp = format!("{BOUND}\ntcp = {{ rtmps = [\"tcp://127.0.0.1:1935\"] }}");
    let report = bench.apply(domains("all.toml", &table(PLAY, &tcp)));
    assert_eq!(reasons(&report), ["tcp_listener_unknown"]);
    assert_eq!(report.problems[0].effect.code(), "warning");
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    let origins = |bench: &Bench| {
        let group = bench.domain(PLAY).origins.tcp(&"rtmps".parse().unwrap());
        group.and_then(|group| Some(group.url(0)?.to_string()))
    };
    assert_eq!(origins(&bench).unwrap(), "tcp://127.0.0.1:1935");
    let settings = |text: &str| Changes {
        settings: Some(("lockgate.toml".into(), Ok(text.into()))),
        ..Changes::default()
    };
    let report = bench.apply(settings("[listeners.tcp]\nrtmps = [\"0.0.0.0:1936\"]"));
    assert_eq!(report.recovered.len(), 1);
    let report = bench.apply(settings("[listeners.tcp]\nother = [\"0.0.0.0:1936\"]"));
    assert!(report.problems[0].hint.contains("there are: other"));
}
