//! A running edge: the program with its directory, reached over the ports that it took.

use std::net::SocketAddr;

use serde_json::Value;

use super::config::ConfigDir;
use super::log::{Entry, Log};
use super::message::Response;
use super::metrics::Metrics;
use super::program::Program;
use super::wait::{PATIENCE, eventually};
use super::wire::Wire;

/// The program, started and listening.
pub(crate) struct Edge {
    /// The process.
    pub(crate) program: Program,
    /// What it watches.
    pub(crate) config: ConfigDir,
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
    admin: SocketAddr,
}

impl Edge {
    /// Starts the program and waits until it says that it is ready.
    pub(crate) async fn start(config: ConfigDir) -> Self {
        let program = Program::run(&config.path());
        Self::listening(program, config).await
    }

    /// Starts the program with at most so many open files.
    pub(crate) async fn start_with_files(limit: usize, config: ConfigDir) -> Self {
        let program = Program::run_with_files(limit, &config.path());
        Self::listening(program, config).await
    }

    /// Starts the program in user and mount namespaces of its own, once a script has set them up.
    pub(crate) async fn start_in_namespace(set_up: &str, config: ConfigDir) -> Self {
        let program = Program::run_in_namespace(set_up, &config.path());
        Self::listening(program, config).await
    }

    async fn listening(mut program: Program, config: ConfigDir) -> Self {
        let log = program.log.clone();
        let lines = tokio::select! {
            lines = log.wait_for(config.listeners(), &[("message", "listening")]) => lines,
            status = program.exit() => panic!("the program did not start: {status}"),
        };
        let edge = Self::of(&lines, program, config);
        eventually(PATIENCE, "readiness", async || {
            (edge.admin("/readyz").await.status() == 200).then_some(())
        })
        .await;
        edge
    }

    fn of(lines: &[Entry], program: Program, config: ConfigDir) -> Self {
        let addresses = |listener: &str| -> Vec<SocketAddr> {
            let lines = lines
                .iter()
                .filter(|line| line.field("listener") == listener);
            lines
                .map(|line| line.field("address").parse().expect("an address"))
                .collect()
        };
        Self {
            http: addresses("http"),
            https: addresses("https"),
            admin: addresses("admin")[0],
            program,
            config,
        }
    }

    /// Kills the program, and keeps its directory.
    pub(crate) fn stop(self) -> ConfigDir {
        drop(self.program);
        self.config
    }

    pub(crate) fn log(&self) -> &Log {
        &self.program.log
    }

    /// The first http listener.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http[0]
    }

    /// The first https listener.
    pub(crate) fn https(&self) -> SocketAddr {
        self.https[0]
    }

    /// All https listeners, in the order of their log lines.
    pub(crate) fn all_https(&self) -> &[SocketAddr] {
        &self.https
    }

    /// Where the admin listener is.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// What the status says; `target` is what follows `/status`.
    pub(crate) async fn status(&self, target: &str) -> Value {
        let response = self.admin(&format!("/status{target}")).await;
        assert_eq!(response.status(), 200, "{target}: {}", response.text());
        serde_json::from_slice(&response.body).expect("the status is JSON")
    }

    /// Asks the admin listener.
    pub(crate) async fn admin(&self, target: &str) -> Response {
        let mut wire = Wire::connect(self.admin).await;
        wire.get(&self.admin.to_string(), target).await
    }

    /// Asks for a target over plain HTTP, on a connection of its own.
    pub(crate) async fn plain(&self, host: &str, target: &str) -> Response {
        Wire::connect(self.http()).await.get(host, target).await
    }

    pub(crate) async fn metrics(&self) -> Metrics {
        Metrics::parse(&self.admin("/metrics").await.text())
    }

    /// Waits until the sum of these series is what it should be.
    pub(crate) async fn counts(&self, name: &str, labels: &[(&str, &str)], expected: f64) {
        let what = format!("{name} {labels:?} to be {expected}");
        eventually(PATIENCE, &what, async || {
            (self.metrics().await.sum(name, labels) == expected).then_some(())
        })
        .await;
    }
}
