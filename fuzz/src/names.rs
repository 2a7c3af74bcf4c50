use std::net::IpAddr;

use lockgate::certificate::{self, is_essential, is_options, is_relevant, is_staple, name_of_file};
use lockgate::config::{OriginUrl, WebhookUrl};
use lockgate::domain::{Map, Match, Name, Pattern};
use rustls_pki_types::DnsName;

use crate::message;

/// Any text as all that is named by texts: domains, certificates, files, origins, the webhook.
pub fn names(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    name(text);
    pattern(text);
    certificate_name(text);
    file(text);
    origin(text);
    webhook(text);
}

fn name(text: &str) {
    let name = match text.parse::<Name>() {
        Ok(name) => name,
        Err(invalid) => {
            assert!(!is_name(text), "{text:?} {invalid}");
            return message::check(&invalid);
        }
    };
    assert!(is_name(text), "{text:?}");
    assert_eq!(
        name.as_str(),
        text.trim_end_matches('.').to_ascii_lowercase()
    );
    assert_eq!(name.to_string().parse().as_ref(), Ok(&name));
    assert!(text.parse::<IpAddr>().is_err());
    // It can be asked for by SNI.
    assert!(DnsName::try_from(name.as_str()).is_ok(), "{name}");
    if let Some(parent) = name.parent() {
        assert_eq!(
            parent.parse::<Name>().map(|it| it.to_string()),
            Ok(parent.to_owned())
        );
    }
}

/// The rules of [`Name`] once more, written down in another way.
fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let ends = [label.chars().next(), label.chars().next_back()];
        (1..=63).contains(&label.len())
            && !ends.contains(&Some('-'))
            && label
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || "-_".contains(it))
    };
    let last = text.rsplit('.').next().unwrap_or_default().to_lowercase();
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.chars().all(|it| it.is_ascii_hexdigit()),
        None => last.chars().all(|it| it.is_ascii_digit()),
    };
    text.len() <= 253 && text.split('.').all(is_label) && !is_number
}

fn pattern(text: &str) {
    let Ok(pattern) = text.parse::<Pattern>() else {
        return;
    };
    assert_eq!(pattern.to_string().parse().as_ref(), Ok(&pattern));
    assert!(pattern.covers(&pattern));
    assert!(pattern.covered_by().all(|it| it.covers(&pattern)));
    let mut map = Map::new();
    map.insert(&pattern, ());
    assert!(map.get(&pattern).is_some());
    match &pattern {
        Pattern::Exact(name) => {
            assert_eq!(map.find(text), Some(Match::Exact(&())));
            assert_eq!(map.find(name.as_str()), Some(Match::Exact(&())));
        }
        Pattern::Wildcard(parent) => {
            assert_eq!(map.find(text), None);
            assert_eq!(map.find(parent.as_str()), None);
            let below = format!("a.{parent}");
            // A parent may be as long as a name; then nothing is below it.
            let expected = below.parse::<Name>().ok().map(|_| Match::Wildcard(&()));
            assert_eq!(map.find(&below), expected);
        }
    }
}

fn certificate_name(text: &str) {
    match text.parse::<certificate::Name>() {
        Ok(name) => {
            assert_eq!(name.as_str(), text);
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'/')
            );
            assert!(!text.is_empty() && !text.starts_with('.') && text.len() <= 255);
        }
        Err(invalid) => message::check(&invalid),
    }
}

fn file(text: &str) {
    let kinds = [is_essential(text), is_options(text), is_staple(text)];
    assert_eq!(is_relevant(text), kinds.contains(&true));
    if let Some((name, ending)) = name_of_file(text) {
        assert_eq!(format!("{name}.{ending}"), text);
        assert!(is_relevant(text), "{text:?}");
    }
}

fn origin(text: &str) {
    match text.parse::<OriginUrl>() {
        Ok(origin) => assert_eq!(origin.to_string().parse(), Ok(origin)),
        Err(invalid) => message::check(&invalid),
    }
}

fn webhook(text: &str) {
    match text.parse::<WebhookUrl>() {
        Ok(url) => {
            assert!(!url.host().is_empty() && *url.endpoint() != OriginUrl::Demo);
            assert!(url.target().as_str().starts_with(['/', '?']));
        }
        Err(invalid) => message::check(&invalid),
    }
}
