//! What is posted, apart from the inner types.

use serde::Serialize;

use super::event::{Difference, Event, Expiry};
use crate::certificate::Timestamp;

#[derive(Serialize)]
struct View<'e> {
    event: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'e str>,
    #[serde(flatten)]
    fields: Fields<'e>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'e> {
    Certificate {
        certificate: &'e str,
        fingerprint: String,
        not_after: String,
        days_left: i64,
        domains: Vec<String>,
        domain_count: usize,
    },
    Domain {
        domain: String,
        wanted: &'e str,
        served: &'e str,
        since: String,
    },
}

/// One JSON object. `host` is the name of this machine.
pub(super) fn body(event: &Event, time: Timestamp, host: Option<&str>) -> String {
    let view = View {
        event: event.code(),
        time: time.to_string(),
        host,
        fields: match event {
            Event::CertificateExpiring(expiry) | Event::CertificateExpired(expiry) => {
                certificate(expiry)
            }
            Event::ServedDiffers(difference) | Event::ServedAgrees(difference) => {
                domain(difference)
            }
        },
    };
    serde_json::to_string(&view).expect("strings and numbers can be written as JSON")
}

fn certificate(expiry: &Expiry) -> Fields<'_> {
    Fields::Certificate {
        certificate: expiry.certificate.as_str(),
        fingerprint: expiry.fingerprint.to_string(),
        not_after: expiry.not_after.to_string(),
        days_left: expiry.days_left,
        domains: expiry.domains.iter().map(ToString::to_string).collect(),
        domain_count: expiry.domain_count,
    }
}

fn domain(difference: &Difference) -> Fields<'_> {
    Fields::Domain {
        domain: difference.domain.to_string(),
        wanted: &difference.wanted,
        served: &difference.served,
        since: difference.since.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::certificate::Fingerprint;

    fn posted(event: &Event, host: Option<&str>) -> Value {
        serde_json::from_str(&body(event, Timestamp(1_700_000_000), host)).unwrap()
    }

    #[test]
    fn a_certificate_near_its_end() {
        let expiry = Expiry {
            certificate: "play-2026".parse().unwrap(),
            fingerprint: Fingerprint::of(b"abc"),
            not_after: Timestamp(1_700_600_000),
            days_left: 6,
            domains: vec!["*.live.example.com".parse().unwrap()],
            domain_count: 21,
        };
        let expected = json!({
            "event": "certificate_expiring",
            "time": "2023-11-14T22:13:20Z",
            "host": "edge-1",
            "certificate": "play-2026",
            "fingerprint": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "not_after": "2023-11-21T20:53:20Z",
            "days_left": 6,
            "domains": ["*.live.example.com"],
            "domain_count": 21,
        });
        let event = Event::CertificateExpiring(expiry);
        assert_eq!(posted(&event, Some("edge-1")), expected);
    }

    #[test]
    fn a_domain_that_is_served_otherwise() {
        let difference = Difference {
            domain: "play.example.com".parse().unwrap(),
            wanted: "ab".to_owned(),
            served: "refused".to_owned(),
            since: Timestamp(1_700_000_000),
        };
        let expected = json!({
            "event": "served_differs",
            "time": "2023-11-14T22:13:20Z",
            "domain": "play.example.com",
            "wanted": "ab",
            "served": "refused",
            "since": "2023-11-14T22:13:20Z",
        });
        assert_eq!(posted(&Event::ServedDiffers(difference), None), expected);
    }
}
