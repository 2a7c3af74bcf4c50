use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use lockgate::config::{
    Binding, Domain, DomainFile, Settings, TlsOptions, TlsPolicy, parse_domains, parse_settings,
};
use toml::{Table, Value};

use crate::message;

/// A file of `domains/`, and a `lockgate.toml`.
pub fn config(content: &[u8]) {
    domains(content);
    settings(content);
}

fn domains(content: &[u8]) {
    let parse = |content: &[u8]| parse_domains(Path::new("domains/x.toml"), content);
    let file = parse(content);
    assert_same(&parse(content), &file);
    message::check_problems(content, file.problems.iter().map(|(_, problem)| problem));
    let sound = file.problems.is_empty();
    assert!(!sound || (file.unsound.is_empty() && !file.torn));
    for (place, domain) in file.domains.iter().enumerate() {
        let name = &domain.name;
        assert!(!file.unsound.contains(name), "{name} is sound and is not");
        let twice = file.domains[..place].iter().any(|it| it.name == *name);
        assert!(!twice, "{name} is there twice");
        check_domain(domain);
    }
    if sound {
        check_understood(&file.domains, content);
    }
    one_line_further(&file, content, parse);
}

/// That serde reads the same in a file that is sound.
fn check_understood(domains: &[Arc<Domain>], content: &[u8]) {
    let text = str::from_utf8(content).expect("a sound file is text");
    let table: Table = text.parse().expect("a sound file is TOML");
    assert!(table.keys().all(|key| key == "domain"), "{table:?}");
    let tables = table.get("domain").and_then(Value::as_array);
    let tables = tables.map_or(&[][..], Vec::as_slice);
    assert_eq!(tables.len(), domains.len());
    for (table, domain) in tables.iter().zip(domains) {
        let text = |key| table.get(key).and_then(Value::as_str);
        assert_eq!(
            text("name").and_then(|it| it.parse().ok()).as_ref(),
            Some(&domain.name)
        );
        assert_eq!(text("remarks").unwrap_or_default(), domain.remarks);
        assert_eq!(
            text("certificate").is_none(),
            domain.binding == Binding::Unbound
        );
        let https = table.get("https").and_then(Value::as_bool);
        assert_eq!(https.unwrap_or(true), domain.https);
    }
}

fn check_domain(domain: &Domain) {
    assert_eq!(domain.name.to_string().parse().as_ref(), Ok(&domain.name));
    assert!(!domain.origins.is_empty());
    for origin in &*domain.origins {
        assert_eq!(origin.to_string().parse().as_ref(), Ok(origin));
    }
    if let Ok(policy) = TlsPolicy::resolve(&domain.tls, &TlsOptions::default()) {
        assert!(!policy.alpn.is_empty());
    }
}

/// Below an empty line the same stands one line further down.
fn one_line_further(file: &DomainFile, content: &[u8], parse: impl Fn(&[u8]) -> DomainFile) {
    if content.starts_with(BYTE_ORDER_MARK) {
        return;
    }
    let lower = parse(&[b"\n", content].concat());
    assert_eq!(lower.domains.len(), file.domains.len());
    for (domain, lower) in file.domains.iter().zip(&lower.domains) {
        assert!(lower.same_meaning(domain));
        assert_eq!(lower.place.line, domain.place.line + 1);
    }
    assert_eq!((lower.torn, &lower.unsound), (file.torn, &file.unsound));
}

fn settings(content: &[u8]) {
    let parse = || parse_settings(Path::new("lockgate.toml"), content);
    match parse() {
        Ok(settings) => {
            check_settings(&settings);
            assert_eq!(parse().ok(), Some(settings));
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.is_sorted_by_key(|problem| problem.place.line));
            message::check_problems(content, &problems);
        }
    }
}

fn check_settings(settings: &Settings) {
    let none = TlsOptions::default();
    assert!(TlsPolicy::resolve(&none, &settings.tls).is_ok());
    assert!(settings.fixed_differences(settings).is_empty());
    assert!(settings.workers.is_none_or(|it| (1..=1024).contains(&it)));
    assert!(!settings.timeouts.handshake.is_zero());
}

fn assert_same(one: &impl Debug, other: &impl Debug) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
