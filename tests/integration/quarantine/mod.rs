//! Bad input takes nothing down: the item keeps its last good version, with a reason, and all others
//! are untouched.

mod cases;
mod held;
mod warnings;

use std::collections::HashMap;

use serde_json::Value;

use crate::support::{
    Answer, Ca, ConfigDir, Domain, Edge, Hello, PATIENCE, Pair, Responder, TlsClient, eventually,
    outcome,
};
use cases::{CASES, Case, domain, path};

/// The domain that nobody touches.
const BYSTANDER: &str = "bystander";

/// A running edge with a domain for each case, and what each is served with.
struct Scene {
    ca: Ca,
    origin: Responder,
    edge: Edge,
    leaves: HashMap<String, String>,
}

impl Scene {
    async fn start() -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let config = ConfigDir::new();
        let mut leaves = HashMap::new();
        for name in CASES.iter().map(|case| case.name).chain([BYSTANDER]) {
            let pair = ca.issue(&[&domain(name)]);
            config.install(name, &pair);
            config.domain(&good(name, &origin));
            leaves.insert(domain(name), pair.fingerprint());
        }
        let edge = Edge::start(config).await;
        Self {
            ca,
            origin,
            edge,
            leaves,
        }
    }

    /// The domain's table as it should be.
    fn good(&self, name: &str) -> Domain {
        good(name, &self.origin)
    }

    /// A new pair for the domain.
    fn issue(&self, name: &str) -> Pair {
        self.ca.issue(&[&domain(name)])
    }

    /// What is wrong with a domain that should be served as at the start.
    async fn fault(&self, domain: &str) -> Option<String> {
        let https = self.edge.https();
        let tls = match TlsClient::trusting(&self.ca).connect(https, domain).await {
            Ok(tls) => tls,
            Err(refused) => return Some(format!("{domain}: {refused:?}")),
        };
        if tls.leaf() != self.leaves[domain] {
            return Some(format!("{domain}: another leaf"));
        }
        let secure = tls.http1().get(domain, "/").await.status();
        let plain = self.edge.plain(domain, "/").await.status();
        ((secure, plain) != (200, 302)).then(|| format!("{domain}: {secure}, {plain}"))
    }

    /// Asserts that every domain is served as at the start.
    async fn assert_untouched(&self) {
        let mut faults = Vec::new();
        for domain in self.leaves.keys() {
            faults.extend(self.fault(domain).await);
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }

    /// Asserts that the status has each case, with what to do about it, and nothing else.
    async fn assert_in_status(&self) {
        let problems = self.edge.status("").await["problems"].clone();
        let listed = problems["first"].as_array().expect("problems are listed");
        for case in &CASES {
            let item = case.item(self);
            let is_it = |problem: &&Value| {
                let labels = labels(case, &item);
                labels.iter().all(|(key, value)| problem[key] == *value)
            };
            let problem = listed.iter().find(is_it);
            let problem = problem.unwrap_or_else(|| panic!("{}: {problems:#}", case.name));
            assert_eq!(problem["effect"], "quarantine", "{problem}");
            for key in ["text", "hint"] {
                assert_ne!(problem[key], "", "{problem}");
            }
            let counts = problems["counts"].as_array().expect("problems are counted");
            let counted = counts.iter().any(|it| it["reason"] == case.reason);
            assert!(counted, "{}: {counts:?}", case.reason);
        }
        assert_eq!(problems["total"], CASES.len(), "{problems:#}");
    }

    /// Waits until the metrics have a quarantined item for each case.
    async fn assert_measured(&self) {
        let missing = async || {
            let metrics = self.edge.metrics().await;
            let is_missing = |case: &&Case| {
                let item = case.item(self);
                let labels = labels(case, &item);
                // At a start, an expired certificate is better than none.
                let metrics = ["lockgate_quarantined", "lockgate_warnings"]
                    .map(|it| metrics.find(it, &labels));
                metrics == [false, false]
            };
            let missing = CASES.iter().filter(is_missing);
            missing.map(|case| case.name).collect::<Vec<_>>()
        };
        let all = async || missing().await.is_empty().then_some(());
        let waited = tokio::time::timeout(PATIENCE, eventually(PATIENCE * 2, "", all)).await;
        assert!(waited.is_ok(), "not in /metrics: {:?}", missing().await);
    }
}

fn good(name: &str, origin: &Responder) -> Domain {
    let domain = Domain::named(&domain(name)).origin(origin.url());
    domain.certificate(name).redirecting()
}

fn labels<'i>(case: &Case, item: &'i str) -> [(&'static str, &'i str); 3] {
    [("kind", case.kind), ("name", item), ("reason", case.reason)]
}

/// From the file to the log line, the metric and the status entry.
#[tokio::test]
async fn each_bad_input_leaves_the_last_good_version_in_use() {
    let scene = Scene::start().await;
    scene.assert_untouched().await;
    for case in &CASES {
        case.spoil(&scene);
    }
    scene.assert_measured().await;
    for case in &CASES {
        let item = case.item(&scene);
        let [kind, name, reason] = labels(case, &item);
        let fields = [("message", "quarantined"), kind, name, reason];
        let line = scene.edge.log().wait(&fields).await;
        assert_ne!(line.field("error"), "", "{}: says why", case.name);
    }
    scene.assert_in_status().await;
    scene.assert_untouched().await;
    let metrics = scene.edge.metrics().await;
    let quarantined = metrics.sum("lockgate_quarantined", &[]);
    assert_eq!(
        quarantined,
        CASES.len() as f64,
        "nothing else: {metrics:#?}"
    );
}

#[tokio::test]
async fn check_lists_each_bad_input() {
    let scene = Scene::start().await;
    let config = scene.edge.config.path();
    let clean = outcome("check", &config).await;
    assert_eq!(clean.code, Some(0), "{clean:?}");
    for case in &CASES {
        case.spoil(&scene);
    }
    let spoilt = outcome("check", &config).await;
    assert_eq!(spoilt.code, Some(1), "{spoilt:?}");
    let text = spoilt.text();
    let unlisted = CASES.iter().map(Case::place);
    let unlisted: Vec<_> = unlisted.filter(|place| !text.contains(place)).collect();
    assert!(unlisted.is_empty(), "{unlisted:#?} not in\n{text}");
    assert!(!text.contains(BYSTANDER), "{text}");
}

#[tokio::test]
async fn what_is_mended_is_taken_over() {
    let scene = Scene::start().await;
    for case in &CASES {
        case.spoil(&scene);
    }
    scene.assert_measured().await;
    for case in &CASES {
        case.mend(&scene);
    }
    scene.edge.counts("lockgate_quarantined", &[], 0.0).await;
    for case in &CASES {
        let (name, https) = (case.domain(), scene.edge.https());
        let tls = TlsClient::trusting(&scene.ca).connect(https, &name).await;
        let leaf = tls
            .unwrap_or_else(|error| panic!("{name}: {error:?}"))
            .leaf();
        assert_ne!(leaf, scene.leaves[&name], "{name}: the new leaf");
    }
    let check = outcome("check", &scene.edge.config.path()).await;
    assert_eq!(check.code, Some(0), "{check:?}");
}

/// A bad lockgate.toml changes nothing about a running edge.
#[tokio::test]
async fn bad_settings_change_nothing() {
    let scene = Scene::start().await;
    let path = path(&scene, "lockgate.toml");
    let good = std::fs::read_to_string(&path).expect("the settings are there");
    for (line, reason) in [
        ("listen = 1", "unknown_key"),
        ("[listeners", "toml_syntax"),
        ("log.access = \"maybe\"", "invalid_value"),
    ] {
        scene
            .edge
            .config
            .write("lockgate.toml", format!("{good}{line}\n"));
        let fields = [
            ("message", "quarantined"),
            ("kind", "file"),
            ("name", &*path),
            ("reason", reason),
        ];
        scene.edge.log().wait(&fields).await;
        scene.assert_untouched().await;
    }
    scene.edge.config.write("lockgate.toml", good);
    scene.edge.counts("lockgate_quarantined", &[], 0.0).await;
}

/// A domain that its certificate does not cover may say that it means it.
#[tokio::test]
async fn a_mismatch_may_be_allowed() {
    let scene = Scene::start().await;
    let mismatch = Domain::named("alias.test").origin(scene.origin.url());
    let mismatch = mismatch.certificate(BYSTANDER);
    scene.edge.config.domain(&mismatch);
    let labels = [("name", "alias.test"), ("reason", "name_not_covered")];
    scene
        .edge
        .counts("lockgate_quarantined", &labels, 1.0)
        .await;
    scene
        .edge
        .config
        .domain(&mismatch.with("allow_mismatch", "true"));
    scene
        .edge
        .counts("lockgate_quarantined", &labels, 0.0)
        .await;
    let answer = Hello::named("alias.test").ask(scene.edge.https()).await;
    let leaf = scene.leaves[&domain(BYSTANDER)].clone();
    assert_eq!(answer, Answer::Leaf(leaf));
}

/// What is bad from the start keeps only itself out.
#[tokio::test]
async fn bad_input_at_the_start_keeps_only_itself_out() {
    let first = Scene::start().await;
    for case in &CASES {
        case.spoil(&first);
    }
    let Scene {
        ca,
        origin,
        edge,
        leaves,
    } = first;
    let Edge {
        program, config, ..
    } = edge;
    drop(program);
    let scene = Scene {
        ca,
        origin,
        edge: Edge::start(config).await,
        leaves,
    };
    assert_eq!(scene.fault(&domain(BYSTANDER)).await, None);
    scene.assert_measured().await;
}
