//! What cannot be done is refused before a file changes, each time with a code of its own.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::{Api, files, pairs};
use crate::support::{PLAY, Stage};

/// Method, target, body, status and code; `{play}` is the domain that is there.
const CHANGES: &str = r#"
POST /domains {"name":"{play}","origins":["demo:"]} 409 domain_exists
POST /domains {"name":"a.test"} 422 invalid_configuration
POST /domains {"name":"a..test"} 400 invalid_domain_name
POST /domains {"origins":[]} 400 invalid_body
POST /domains [] 400 invalid_body
POST /domains {} 400 invalid_body
PATCH /domains/{play} {"http":"maybe"} 422 invalid_configuration
PATCH /domains/{play} {"origin":"http://x"} 422 invalid_configuration
PATCH /domains/{play} {"origins":null} 422 invalid_configuration
PATCH /domains/{play} {"hsts":{"include_subdomains":true}} 422 invalid_configuration
PATCH /domains/{play} {"name":"b.test"} 400 domain_renamed
PATCH /domains/{play} {"https":1.5} 400 invalid_key_value
PATCH /domains/{play} {"tls":"1.3"} 422 invalid_configuration
PATCH /domains/{play}?dry_run=yes {} 400 invalid_query
PATCH /domains/{play}?force=true {} 400 invalid_query
PATCH /domains/a.test {} 404 unknown_domain
PATCH /domains/*.a..test {} 404 unknown_domain
DELETE /domains/a.test null 404 unknown_domain
PUT /domains/{play} {} 405 method_not_allowed
POST /nothing {} 404 no_such_path
PUT /certificates/new {"pairs":[]} 422 pairs_count
PUT /certificates/new {"pairs":[{"chain":"x","key":"y"}]} 422 invalid_pem
PUT /certificates/new {"pairs":[{"chain":"","key":""}]} 422 empty_file
PUT /certificates/.new {"pairs":[]} 400 invalid_certificate_name
PATCH /certificates/new {} 404 unknown_certificate
DELETE /certificates/new null 404 unknown_certificate
POST /certificates/play/rollback {} 409 no_version
POST /certificates/play/rollback {"version":"x"} 400 invalid_version
POST /bindings {"domains":[],"certificate":"new"} 404 unknown_certificate
POST /bindings {"domains":[],"pairs":[]} 400 pairs_without_certificate
POST /bindings {"domains":[],"https":"maybe"} 400 invalid_body
POST /bindings {"domains":["a..test"]} 400 invalid_domain_name
"#;

#[tokio::test]
async fn each_refusal_has_a_code_and_changes_nothing() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    for line in CHANGES.trim().lines() {
        let line = line.replace("{play}", PLAY);
        let words: Vec<_> = line.split(' ').collect();
        let [method, target, body, status, code] = words[..] else {
            panic!("five words: {line}");
        };
        let body = serde_json::from_str(body).expect("it is JSON");
        let failed = api.fails(method, target, body).await;
        let status = status.parse().expect("a number");
        assert_eq!(failed, (status, code.to_owned()), "{line}");
    }
    let many: Vec<_> = (0..10_001)
        .map(|number| format!("d{number}.test"))
        .collect();
    let failed = api
        .fails("POST", "/bindings", json!({ "domains": many }))
        .await;
    assert_eq!(failed, (400, "too_many_domains".to_owned()));
    let huge = json!({ "name": "a.test", "remarks": "x".repeat(1 << 20) });
    let failed = api.fails("POST", "/domains", huge).await;
    assert_eq!(failed, (413, "too_large".to_owned()));
    assert_eq!(files(edge, "domains"), [format!("{PLAY}.toml")]);
    assert_eq!(files(edge, "certificates"), ["play"]);
    assert_eq!(api.generation().await, 1);
}

#[tokio::test]
async fn a_condition_is_an_entity_tag() {
    let stage = Stage::new().await;
    let api = Api(&stage.edge);
    let target = format!("/domains/{PLAY}");
    for (name, value, status, code) in [
        ("If-Match", "abc", 400, "invalid_condition"),
        ("If-None-Match", "\"abc\"", 400, "invalid_condition"),
        ("If-Match", "\"abc\"", 412, "other_version"),
        ("If-None-Match", "*", 412, "other_version"),
    ] {
        let headers = [(name, value)];
        let failed = api.fails_with("PATCH", &target, &headers, json!({})).await;
        assert_eq!(failed, (status, code.to_owned()), "{name}: {value}");
    }
}

/// Files that another tool keeps, or that are written in a way that an edit cannot keep up.
#[tokio::test]
async fn what_cannot_be_edited_stays_as_it_was_written() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let play = format!("/domains/{PLAY}");
    let set = json!({ "remarks": "x" });
    let path = edge.config.join(&format!("domains/{PLAY}.toml"));
    let before = fs::read_to_string(&path).expect("it is there");
    let inline = format!("domain = [{{ name = \"{PLAY}\", origins = [\"demo:\"] }}]\n");
    fs::write(&path, &inline).expect("it can be written");
    let failed = api.fails("PATCH", &play, set.clone()).await;
    assert_eq!(failed, (422, "domains_not_tables".to_owned()));
    assert_eq!(fs::read_to_string(&path).expect("it is there"), inline);
    let dotted = before.clone() + "tls.alpn = [\"h2\"]\n";
    fs::write(&path, &dotted).expect("it can be written");
    let failed = api.fails("PATCH", &play, json!({ "tls": "x" })).await;
    assert_eq!(failed, (422, "key_taken".to_owned()));
    fs::write(&path, &before).expect("it can be written");
    let elsewhere = edge.config.outside("domains.toml");
    fs::rename(&path, &elsewhere).expect("it is moved");
    symlink(&elsewhere, &path).expect("a link is made");
    let failed = api.fails("PATCH", &play, set).await;
    assert_eq!(failed, (409, "managed_elsewhere".to_owned()));
    assert_eq!(fs::read_to_string(&path).expect("it is there"), before);
    let (rsa, ecdsa) = (stage.ca.issue_rsa(&["a.test"]), stage.ca.issue(&["a.test"]));
    edge.config.write("certificates/flat.crt", rsa.fullchain());
    edge.config.write("certificates/flat.key", &rsa.key);
    let two = json!({ "pairs": pairs(&[&rsa, &ecdsa]) });
    api.make("POST", "/reload", Value::Null).await;
    let failed = api.fails("PUT", "/certificates/flat", two).await;
    assert_eq!(failed, (409, "layout_not_editable".to_owned()));
}
