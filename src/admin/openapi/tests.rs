use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::schema::{faults, resolve};
use super::*;
use crate::admin::fault::Fault;
use crate::admin::route::Route;
use crate::admin::view;

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// Checks a value with a schema of the document by its name.
fn fits(schema: &str, value: &Value) {
    let document = document();
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    let faults = faults(&document, &schema, value);
    assert!(faults.is_empty(), "{schema}: {faults:#?}\n{value:#}");
}

fn fits_view(schema: &str, view: &impl Serialize) {
    fits(schema, &serde_json::to_value(view).unwrap());
}

/// The methods of each path that the document has.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    let paths = paths.map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        (path.clone(), methods.map(|it| it.to_uppercase()).collect())
    });
    paths.collect()
}

#[test]
fn it_is_of_this_version() {
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

/// Nothing can be asked that is not in it, and nothing is in it that cannot be asked.
#[test]
fn each_path_is_in_it_with_its_methods() {
    let described = described();
    for (path, methods) in &described {
        let route = Route::of(path).unwrap();
        let taken = route.methods().split(", ").map(str::to_owned);
        // Every path that takes GET takes HEAD: that is said once for all.
        let mut taken: BTreeSet<_> = taken.filter(|it| it != "HEAD").collect();
        if path.ends_with("/inspect") {
            // It may be the name of a certificate as well, which has the others.
            taken = taken.difference(&described[CERTIFICATE]).cloned().collect();
        }
        assert_eq!(*methods, taken, "{path}");
    }
    let templates: BTreeSet<_> = described.keys().map(String::as_str).collect();
    assert_eq!(templates, Route::TEMPLATES.into());
}

#[test]
fn all_that_it_refers_to_is_there_and_used() {
    let document = document();
    let mut used = HashSet::new();
    references(&document, &mut used);
    for reference in &used {
        resolve(&document, reference);
    }
    for kind in ["parameters", "responses", "schemas"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&json!(reference)), "{reference}");
        }
    }
}

fn references(value: &Value, found: &mut HashSet<Value>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").cloned());
            object.values().for_each(|it| references(it, found));
        }
        Value::Array(items) => items.iter().for_each(|it| references(it, found)),
        _ => {}
    }
}

/// The golden files of the status are what it says.
#[test]
fn what_is_told_is_as_it_says() {
    for (schema, golden) in [
        ("Status", include_str!("../facts/golden/status.json")),
        ("Domains", include_str!("../facts/golden/domains.json")),
        (
            "Certificates",
            include_str!("../facts/golden/certificates.json"),
        ),
        ("Failure", include_str!("../facts/golden/unknown.json")),
        ("Proof", include_str!("../facts/golden/proof.json")),
    ] {
        fits(schema, &serde_json::from_str(golden).unwrap());
    }
    let differing: Value =
        serde_json::from_str(include_str!("../facts/golden/differing.json")).unwrap();
    fits("Differing", &differing["first"][0]);
}

#[test]
fn what_the_audit_log_tells_is_as_it_says() {
    let trouble = view::Trouble {
        kind: "domain".to_owned(),
        ..view::Trouble::default()
    };
    let one = |name: &str| view::Excerpt {
        total: 1,
        first: vec![name.to_owned()],
    };
    let audit = view::Audit {
        id: 1_795_527_193_752_009,
        time: "2026-11-24T13:33:13Z".to_owned(),
        by: view::By {
            way: "api".to_owned(),
            role: Some("operator".to_owned()),
            peer: None,
            operation: Some("bind".to_owned()),
            subject: None,
        },
        result: "published".to_owned(),
        code: None,
        generation: Some(7),
        touched: view::Excerpt {
            total: 1,
            first: vec![view::Touched {
                kind: "certificate".to_owned(),
                name: "play".to_owned(),
            }],
        },
        certificates: view::Excerpt {
            total: 1,
            first: vec![view::Replaced::default()],
        },
        remarks: one("play"),
        domains_added: one("a.test"),
        domains_changed: one("b.test"),
        domains_removed: one("c.test"),
        problems: view::Excerpt {
            total: 1,
            first: vec![trouble],
        },
        recovered: view::Excerpt::default(),
    };
    let audits = view::Audits {
        items: vec![audit],
        next: Some("1".to_owned()),
    };
    fits_view("Audits", &audits);
}

#[test]
fn what_came_of_a_change_is_as_it_says() {
    let served = view::Served {
        state: "serving".to_owned(),
        certificate: Some("play".to_owned()),
        https: true,
    };
    let outcome = view::Outcome {
        generation: 7,
        dry_run: false,
        domains: vec![view::DomainChange {
            name: "play.test".to_owned(),
            result: "mismatched".to_owned(),
            reason: Some(reason()),
            before: Some(served.clone()),
            after: Some(served),
            leaving: 1,
        }],
        certificate: Some(view::CertificateChange {
            name: "play".to_owned(),
            before: None,
            after: Some("0".repeat(64)),
            names: vec!["play.test".to_owned()],
            not_after: Some("2026-11-24T10:15:02Z".to_owned()),
        }),
        problems: Vec::new(),
    };
    fits_view("Outcome", &outcome);
}

#[test]
fn what_history_has_is_as_it_says() {
    let version = "20261124T101502.123Z-1a2b3c4d5e6f".to_owned();
    let history = view::History {
        certificate: "play".to_owned(),
        deleted: false,
        versions: vec![view::Version {
            version,
            adopted: "2026-11-24T10:15:02Z".to_owned(),
            fingerprint: None,
            not_after: None,
            names: Vec::new(),
            in_use: false,
            rolled_back_to: true,
            reason: Some(reason()),
        }],
    };
    fits_view("History", &history);
}

#[test]
fn what_is_inspected_is_told_as_it_says() {
    let certificates = include_str!("../facts/golden/certificates.json");
    let certificates: Value = serde_json::from_str(certificates).unwrap();
    let inspection = view::Inspection {
        pairs: serde_json::from_value(certificates["items"][0]["pairs"].clone()).unwrap(),
        names: vec!["play.test".to_owned()],
        notes: vec![reason()],
    };
    fits_view("Inspection", &inspection);
}

fn reason() -> view::Reason {
    view::Reason {
        code: "name_not_covered".to_owned(),
        text: "the certificate is valid for others".to_owned(),
        hint: "choose another".to_owned(),
    }
}

#[test]
fn a_fault_is_as_it_says() {
    for fault in [Fault::Busy, Fault::Bug, Fault::Method("GET")] {
        let answer = fault.answer();
        fits("Failure", &serde_json::from_str(answer.body()).unwrap());
    }
}

/// What requests may have, they may have by the document.
#[test]
fn what_is_asked_for_is_as_it_says() {
    let pair = json!({ "chain": "-----BEGIN", "key": "-----BEGIN" });
    for (schema, body) in [
        (
            "NewDomain",
            json!({ "name": "*.live.test", "origins": ["http://127.0.0.1:8000"], "https": false }),
        ),
        ("DomainKeys", json!({ "http": "redirect" })),
        (
            "DomainKeys",
            json!({ "tcp": { "rtmps": ["tcp://127.0.0.1:1935"], "old": null } }),
        ),
        (
            "DomainKeys",
            json!({ "tls": { "alpn": ["h2"], "client_ca": null }, "remarks": null }),
        ),
        (
            "DomainKeys",
            json!({ "response_headers": { "set": { "X-A": "b", "X-B": null }, "remove": ["X-C"] } }),
        ),
        (
            "CertificateText",
            json!({ "pairs": [pair, pair], "remarks": "ours", "force": true }),
        ),
        ("CertificateOptions", json!({ "force": null })),
        ("Inspect", json!({ "pairs": [pair] })),
        ("RollBack", json!({})),
        (
            "RollBack",
            json!({ "version": "20261124T101502.123Z-1a2b3c4d5e6f" }),
        ),
        (
            "Bindings",
            json!({ "domains": ["a.test"], "certificate": null, "https": "keep" }),
        ),
        (
            "Bindings",
            json!({ "domains": [], "certificate": "play", "pairs": [pair], "remarks": "" }),
        ),
    ] {
        fits(schema, &body);
    }
}

#[test]
fn what_it_does_not_have_is_told() {
    let document = document();
    let schema = json!({ "$ref": "#/components/schemas/Bindings" });
    for (body, expected) in [
        (json!({}), "/domains: not there"),
        (json!({ "domains": [1] }), "/domains/0: another type"),
        (
            json!({ "domains": [], "http": "x" }),
            "/http: an unknown key",
        ),
        (
            json!({ "domains": [], "https": "x" }),
            "/https: no word of the list",
        ),
        (
            json!({ "domains": [], "certificate": 1 }),
            "/certificate: none of several",
        ),
    ] {
        assert_eq!(faults(&document, &schema, &body), [expected]);
    }
}

const CERTIFICATE: &str = "/api/v1/certificates/{name}";
