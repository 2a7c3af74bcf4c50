use super::*;

fn described(issued: &Issued, options: &str) -> Changes {
    let mut files = files(&issued.chain, &issued.key);
    files.insert("certificate.toml".to_owned(), Ok(options.into()));
    certificate_files("play", files)
}

fn said(bench: &Bench) -> Option<String> {
    let status = bench.catalog.status();
    let name: Name = "play".parse().unwrap();
    status.remarks.get(&name).map(ToString::to_string)
}

#[test]
fn remarks_are_told_and_nothing_else_is_touched() {
    let (mut bench, issued) = serving();
    let (generation, before) = (bench.snapshot.generation, Arc::clone(bench.domain(PLAY)));
    let report = bench.apply(described(&issued, "remarks = 'until May'"));
    assert_eq!(said(&bench).as_deref(), Some("until May"));
    assert_eq!(report.remarks_changed.len(), 1);
    assert!(report.is_any() && report.certificates_adopted.is_empty());
    assert_eq!(
        (report.generation, bench.snapshot.generation),
        (None, generation)
    );
    assert!(Arc::ptr_eq(bench.domain(PLAY), &before));
    let report = bench.apply(described(&issued, "remarks = 'until May'"));
    assert!(!report.is_any(), "{report:?}");
    bench.apply(certificate("play", &issued));
    assert_eq!(said(&bench), None);
}

#[test]
fn remarks_hold_while_the_options_cannot_be_read() {
    let (mut bench, issued) = serving();
    bench.apply(described(&issued, "remarks = 'until May'"));
    let report = bench.apply(described(&issued, "remark = 'until June'"));
    assert_eq!(reasons(&report), ["unknown_key"]);
    assert_eq!(said(&bench).as_deref(), Some("until May"));
}

#[test]
fn remarks_of_files_that_are_refused_are_told_all_the_same() {
    let (mut bench, old) = serving();
    let new = issue(&[OTHER]);
    let report = bench.apply(described(&new, "remarks = 'too early'"));
    assert_eq!(reasons(&report), ["loses_bound_name"]);
    assert_eq!(bench.serves(PLAY), Some(old.fingerprint));
    assert_eq!(said(&bench).as_deref(), Some("too early"));
}

#[test]
fn remarks_go_with_their_certificate() {
    let (mut bench, issued) = serving();
    bench.apply(described(&issued, "remarks = 'until May'"));
    bench.apply(no_certificate("play"));
    assert!(said(&bench).is_some());
    bench.later(11, no_certificate("play"));
    assert_eq!(said(&bench), None);
}
