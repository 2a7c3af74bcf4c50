//! The prover against servers that serve what they should and what they should not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::time::{advance, timeout};

use super::*;
use crate::certificate::Files;
use crate::config::{self, Parse, Settings};
use crate::proof::stub::{Issued, Stub, provider};
use crate::proof::{Changed, channel};
use crate::reload::{Catalog, Now, Parser};
use crate::snapshot::{self, Publisher};
use crate::webhook;

const PLAY: &str = "play.example.com";

type Changes = config::Changes<Parser>;

/// A snapshot that the test publishes, and a prover that looks at it.
struct Bench {
    catalog: Catalog,
    publisher: Publisher,
    current: Current,
    changed: Changed,
    alerts: Alerts,
    receiver: Option<Receiver>,
}

impl Bench {
    fn new() -> Self {
        let (publisher, current) = snapshot::channel(snapshot::Snapshot::empty());
        let (changed, receiver) = channel();
        Self {
            catalog: Catalog::new(Settings::default(), provider()).unwrap(),
            publisher,
            current,
            changed,
            alerts: webhook::channel().0,
            receiver: Some(receiver),
        }
    }

    /// Publishes what these changes make, and tells of the domains that they concern.
    fn publish(&mut self, changes: Changes) {
        let before = self.publisher.current();
        let (snapshot, report) = self.catalog.apply(changes, &before, Now::read(), false);
        self.publisher.publish(snapshot.unwrap());
        let lists = [
            report.domains_added,
            report.domains_changed,
            report.domains_removed,
        ];
        self.changed.domains(lists.iter().flatten());
    }

    fn prover(&mut self, listeners: &[SocketAddr]) -> Prover {
        let listeners: Vec<_> = listeners.iter().copied().map(Entrance::from).collect();
        let (receiver, current) = (self.receiver.take().unwrap(), self.current.clone());
        let alerts = self.alerts.clone();
        Prover::new(receiver, current, &listeners, provider(), alerts)
    }

    /// Runs a prover for as long as the test goes on; it asks again after 1 ms rather than a second.
    fn prove(&mut self, listeners: &[SocketAddr]) {
        let mut prover = self.prover(listeners);
        let moment = Duration::from_millis(1);
        prover.agenda = Agenda::new(Retries {
            first: [moment; 3],
            then: moment * 10,
        });
        tokio::spawn(prover.run());
    }

    /// Waits until a domain's proof has ended in this way.
    async fn comes_to(&self, domain: &str, outcome: Outcome) -> Proof {
        let domain = domain.parse().unwrap();
        let found = async {
            loop {
                let proof = self.changed.proofs().get(&domain);
                if let Some(proof) = proof.filter(|proof| proof.outcome() == outcome) {
                    return proof;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, found).await.unwrap()
    }

    fn count(&self, outcome: Outcome) -> u64 {
        self.changed.proofs().count(outcome)
    }
}

const PATIENCE: Duration = Duration::from_secs(15);

fn domain(name: &str, keys: &str) -> Changes {
    let text = format!("[[domain]]\nname = \"{name}\"\norigins = [\"demo:\"]\n{keys}\n");
    let path = Path::new("domains").join(format!("{name}.toml"));
    let domains = Parser::new(provider()).domains(&path, Ok(text.into()));
    Changes {
        domains: vec![(path, domains)],
        ..Changes::default()
    }
}

fn certificate(issued: &Issued) -> Changes {
    let mut files = Files::new(PathBuf::from("certificates/play"));
    files.insert("fullchain.pem".to_owned(), Ok(issued.chain.clone().into()));
    files.insert("privkey.pem".to_owned(), Ok(issued.key.clone().into()));
    let candidate = Parser::new(provider()).certificate(&"play".parse().unwrap(), files);
    Changes {
        certificates: vec![("play".parse().unwrap(), candidate)],
        ..Changes::default()
    }
}

/// A domain with its certificate.
fn bound(name: &str, issued: &Issued) -> Changes {
    Changes {
        certificates: certificate(issued).certificates,
        ..domain(name, "certificate = \"play\"")
    }
}

#[tokio::test]
async fn what_is_served_as_wanted_is_proven() {
    let (mut bench, issued) = (Bench::new(), Issued::new(PLAY));
    let stub = Stub::start(Some(issued.config())).await;
    bench.publish(bound(PLAY, &issued));
    bench.prove(&[stub.address]);
    let proof = bench.comes_to(PLAY, Outcome::Ok).await;
    assert_eq!(proof.wanted, Answer::Leaf(issued.fingerprint));
    assert_eq!(bench.count(Outcome::Ok), 1);
}

#[tokio::test]
async fn another_leaf_is_told_until_it_is_the_right_one() {
    let (mut bench, wanted, other) = (Bench::new(), Issued::new(PLAY), Issued::new(PLAY));
    let stub = Stub::start(Some(other.config())).await;
    bench.publish(bound(PLAY, &wanted));
    bench.prove(&[stub.address]);
    let proof = bench.comes_to(PLAY, Outcome::Mismatch).await;
    assert_eq!(proof.served, Ok(Answer::Leaf(other.fingerprint)));
    let differing = bench.changed.proofs().differing();
    assert_eq!(differing[0].0.to_string(), PLAY);
    let Event::ServedDiffers(difference) = bench.alerts.told().await else {
        panic!("an event says so");
    };
    assert_eq!(difference.wanted, wanted.fingerprint.to_string());
    assert_eq!(difference.served, other.fingerprint.to_string());
    // Three times sooner than it counts, then again and again.
    stub.seen(6).await;
    stub.serve(Some(wanted.config()));
    let proof = bench.comes_to(PLAY, Outcome::Ok).await;
    assert_eq!(proof.served, Ok(Answer::Leaf(wanted.fingerprint)));
    let told = bench.alerts.told().await;
    assert!(matches!(told, Event::ServedAgrees(_)), "{told:?}");
    assert_eq!(bench.changed.proofs().differing(), []);
}

#[tokio::test]
async fn a_publish_on_its_way_is_no_false_alarm() {
    let (mut bench, old, new) = (Bench::new(), Issued::new(PLAY), Issued::new(PLAY));
    let stub = Stub::start(Some(new.config())).await;
    bench.publish(bound(PLAY, &old));
    let prover = bench.prover(&[stub.address]);
    tokio::spawn(prover.run());
    stub.seen(1).await;
    bench.publish(certificate(&new));
    let proof = bench.comes_to(PLAY, Outcome::Ok).await;
    assert_eq!(proof.wanted, Answer::Leaf(new.fingerprint));
    assert_eq!(bench.count(Outcome::Mismatch), 0);
}

#[tokio::test]
async fn a_domain_without_https_is_proven_by_its_refusal() {
    let (mut bench, issued) = (Bench::new(), Issued::new(PLAY));
    let stub = Stub::start(None).await;
    bench.publish(domain(PLAY, ""));
    bench.prove(&[stub.address]);
    let proof = bench.comes_to(PLAY, Outcome::Ok).await;
    assert_eq!(proof.wanted, Answer::Refused);
    stub.serve(Some(issued.config()));
    bench.publish(domain(PLAY, "https = false"));
    let proof = bench.comes_to(PLAY, Outcome::Mismatch).await;
    assert_eq!(proof.served_code(), issued.fingerprint.to_string());
}

#[tokio::test]
async fn every_listener_is_asked() {
    let (mut bench, wanted, other) = (Bench::new(), Issued::new(PLAY), Issued::new(PLAY));
    let right = Stub::start(Some(wanted.config())).await;
    let wrong = Stub::start(Some(other.config())).await;
    bench.publish(bound(PLAY, &wanted));
    bench.prove(&[right.address, wrong.address]);
    let proof = bench.comes_to(PLAY, Outcome::Mismatch).await;
    assert_eq!(proof.served, Ok(Answer::Leaf(other.fingerprint)));
}

#[tokio::test]
async fn a_handshake_that_fails_proves_nothing() {
    let (mut bench, issued) = (Bench::new(), Issued::new(PLAY));
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    bench.publish(bound(PLAY, &issued));
    bench.prove(&[address]);
    let proof = bench.comes_to(PLAY, Outcome::Failed).await;
    assert_eq!(proof.served, Err("connect"));
    assert_eq!(bench.changed.proofs().differing(), []);
}

#[tokio::test]
async fn a_wildcard_is_asked_under_a_name_that_no_other_domain_has() {
    let (mut bench, issued) = (Bench::new(), Issued::new("*.live.example.com"));
    let stub = Stub::start(Some(issued.config())).await;
    bench.publish(bound("*.live.example.com", &issued));
    bench.prove(&[stub.address]);
    bench.comes_to("*.live.example.com", Outcome::Ok).await;
    let seen = stub.seen(1).await;
    assert_eq!(seen[0].sni, "lockgate-proof.live.example.com");
    bench.publish(domain(
        "lockgate-proof.live.example.com",
        "certificate = \"play\"",
    ));
    bench
        .comes_to("lockgate-proof.live.example.com", Outcome::Ok)
        .await;
    let again = domain(
        "*.live.example.com",
        "certificate = \"play\"\nremarks = \"x\"",
    );
    bench.publish(again);
    let seen = stub.seen(3).await;
    assert_eq!(seen[2].sni, "lockgate-proof-2.live.example.com");
}

#[tokio::test]
async fn a_domain_that_is_gone_is_forgotten() {
    let (mut bench, wanted, other) = (Bench::new(), Issued::new(PLAY), Issued::new(PLAY));
    let stub = Stub::start(Some(other.config())).await;
    bench.publish(bound(PLAY, &wanted));
    bench.prove(&[stub.address]);
    bench.comes_to(PLAY, Outcome::Mismatch).await;
    let mut without = (*bench.publisher.current()).clone();
    without.domains.remove(&PLAY.parse().unwrap());
    bench.publisher.publish(without);
    let name = PLAY.parse().unwrap();
    let gone = async {
        while bench.changed.proofs().get(&name).is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

/// Nobody answers here: what is asked stays asked.
#[tokio::test(start_paused = true)]
async fn few_are_asked_at_once_and_not_too_often() {
    let mut bench = Bench::new();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for number in 0..10 {
        bench.publish(domain(&format!("d{number}.example.com"), ""));
    }
    let mut prover = bench.prover(&[silent.local_addr().unwrap()]);
    while let Ok(name) = prover.names.try_recv() {
        prover.agenda.changed(name, Instant::now());
    }
    let mut asking = Vec::new();
    for _ in 0..6 {
        prover.ask_due();
        prover.ask_due();
        asking.push(prover.asking.len());
        advance(SPACING).await;
    }
    assert_eq!(asking, [1, 2, 3, 4, 4, 4]);
}

#[tokio::test]
async fn without_a_listener_there_is_nothing_to_prove() {
    let mut bench = Bench::new();
    bench.prover(&[]).run().await;
    bench.publish(domain(PLAY, ""));
    assert_eq!(bench.count(Outcome::Skipped), 0);
}
