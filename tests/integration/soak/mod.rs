//! A mixed audience for minutes, while certificates rotate, domains lose and regain their HTTPS, and
//! origins and clients die: in the end the counters have to agree with what the clients saw.
//! `just soak` runs it.
//!
//! LOCKGATE_SOAK_SECONDS says how long it is, LOCKGATE_SOAK_SEED makes it the same as another one.

mod audit;
mod operator;
mod truth;
mod visitor;

use std::env;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{Ca, ConfigDir, Edge, Random, SECOND, Source, TlsClient};
use audit::Belongings;
use operator::{Operator, table};
use truth::Truth;
use visitor::Visitor;

const DOMAINS: [&str; 4] = ["a.soak.test", "b.soak.test", "c.soak.test", "d.soak.test"];

/// A running soak.
struct Soak {
    ca: Ca,
    edge: Edge,
    source: Source,
    truth: Truth,
    domains: Arc<[String]>,
}

impl Soak {
    async fn start() -> Self {
        let (ca, source) = (Ca::new(), Source::start().await);
        let config = ConfigDir::new()
            .set("timeouts.viewer_stall", r#""1s""#)
            .set("timeouts.https_off_grace", r#""500ms""#)
            .set("log.access", "false");
        let domains: Arc<[String]> = DOMAINS.map(str::to_owned).into();
        for domain in domains.iter() {
            config.install(domain, &ca.issue(&[domain]));
            config.domain(&table(domain, &source));
        }
        let edge = Edge::start(config).await;
        Self {
            ca,
            edge,
            source,
            truth: Truth::default(),
            domains,
        }
    }

    /// So many visitors for so long.
    async fn run(&mut self, visitors: usize, span: Duration, mut random: Random) {
        let end = Instant::now() + span;
        let silent = Arc::<Mutex<_>>::default();
        let mut visiting = JoinSet::new();
        for _ in 0..visitors {
            let visitor = Visitor {
                http: self.edge.http(),
                https: self.edge.https(),
                domains: Arc::clone(&self.domains),
                client: TlsClient::trusting(&self.ca),
                truth: self.truth.clone(),
                random: random.split(),
                silent: Arc::clone(&silent),
                end,
            };
            visiting.spawn(visitor.visits());
        }
        let operator = Operator {
            ca: &self.ca,
            edge: &self.edge,
            source: &mut self.source,
            domains: &self.domains,
            random: random.split(),
            end,
        };
        operator.works().await;
        visiting.join_all().await;
        silent.lock().await.clear();
    }

    /// Holds what is counted against what was seen.
    async fn audit(&mut self) {
        // With it go the connections that the edge keeps.
        self.source.kill();
        let metrics = audit::settled(&self.edge).await;
        for domain in self.domains.iter() {
            audit::check(&metrics, domain, &self.truth.of(domain), &self.source);
        }
        let tallies = self.domains.iter().map(|domain| self.truth.of(domain));
        audit::check_all(&metrics, &tallies.collect::<Vec<_>>());
    }
}

/// Runs a soak in two halves; the second one must not need more than the first.
async fn soaked(visitors: usize, span: Duration, seed: u64) -> Soak {
    let mut soak = Soak::start().await;
    let belongings = Belongings::of(&soak.edge);
    let mut random = Random::new(seed);
    soak.run(visitors, span / 2, random.split()).await;
    audit::settled(&soak.edge).await;
    let memory = soak.edge.program.memory();
    soak.run(visitors, span / 2, random.split()).await;
    soak.audit().await;
    belongings.are_back(&soak.edge).await;
    let after = soak.edge.program.memory();
    let most = memory + memory / 4 + SLACK;
    assert!(after < most, "{memory} bytes, then {after}");
    soak
}

/// What an allocator keeps, and no leak in a soak of minutes.
const SLACK: usize = 8 << 20;

#[tokio::test]
async fn counters_agree_with_what_clients_saw() {
    soaked(8, SECOND * 4, 20_260_101).await;
}

#[tokio::test]
#[ignore = "minutes: run by the soak recipe"]
#[expect(clippy::print_stdout, reason = "the seed is what the next run needs")]
async fn soak() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>());
    let number = |name| number(name).map(|it| it.expect("a number"));
    let seconds = number("LOCKGATE_SOAK_SECONDS").unwrap_or(120);
    let clock = SystemTime::UNIX_EPOCH.elapsed();
    let clock = clock.map_or(0, |clock| clock.subsec_nanos());
    let seed = number("LOCKGATE_SOAK_SEED").unwrap_or(clock.into());
    println!("LOCKGATE_SOAK_SEED={seed}, {seconds} s");
    let soak = soaked(32, Duration::from_secs(seconds), seed).await;
    for domain in soak.domains.iter() {
        println!("{domain}: {:?}", soak.truth.of(domain));
    }
}
