//! Changes through the admin listener: each goes to the files, and is answered when it is served.

mod audit;
mod bindings;
mod certificates;
mod domains;
mod history;
mod hsts;
mod refusals;
mod viewers;

use std::fs;

use serde_json::{Value, json};

use crate::support::{Edge, Pair, Response};

/// Who changes things, as an operator.
pub(crate) struct Api<'e>(pub(crate) &'e Edge);

impl Api<'_> {
    pub(crate) async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let token = self.0.config.token("operator").expect("there is one");
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut request = format!("{method} /api/v1{target} HTTP/1.1\r\nHost: localhost\r\n");
        request += &format!(
            "Authorization: Bearer {token}\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut wire = self.0.admin_wire().await;
        wire.ask(format!("{request}\r\n{body}")).await
    }

    /// Makes a change; what came of it.
    pub(crate) async fn make(&self, method: &str, target: &str, body: Value) -> Value {
        let response = self.ask(method, target, &[], &body).await;
        let text = response.text();
        assert!(
            (200..300).contains(&response.status()),
            "{method} {target}: {text}"
        );
        serde_json::from_str(&text).expect("an outcome is JSON")
    }

    /// Tries a change that is refused: the status, and why.
    async fn fails(&self, method: &str, target: &str, body: Value) -> (u16, String) {
        self.fails_with(method, target, &[], body).await
    }

    async fn fails_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> (u16, String) {
        let response = self.ask(method, target, headers, &body).await;
        assert_eq!(
            response.head.one("content-type"),
            Some("application/problem+json"),
            "{}",
            response.text()
        );
        let failure: Value = serde_json::from_str(&response.text()).expect("a fault is JSON");
        assert_eq!(failure["status"], response.status());
        assert!(
            failure["hint"]
                .as_str()
                .is_some_and(|hint| !hint.is_empty())
        );
        (
            response.status(),
            failure["code"].as_str().expect("a word").to_owned(),
        )
    }

    async fn tag(&self, target: &str) -> String {
        let response = self.ask("GET", target, &[], &Value::Null).await;
        response
            .head
            .one("etag")
            .expect("there is a tag")
            .to_owned()
    }

    async fn generation(&self) -> u64 {
        self.0.status("").await["generation"]
            .as_u64()
            .expect("a number")
    }
}

/// A pair as a request has it.
fn pairs(pairs: &[&Pair]) -> Value {
    let pairs = pairs.iter();
    let pairs = pairs.map(|pair| json!({ "chain": pair.fullchain(), "key": pair.key }));
    pairs.collect()
}

/// The names of all files in a directory of the configuration, hidden ones too.
fn files(edge: &Edge, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(edge.config.join(directory)).expect("it is there");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
