//! A running edge: the program with its directory, reached over the ports that it took.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::net::UnixStream;

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
    tcp: Vec<(String, SocketAddr)>,
    admin: String,
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

    /// Starts the program again, in the place of the one that runs; that one is what is returned.
    pub(crate) async fn upgrade(self) -> (Self, Program) {
        let program = Program::run_with(&["--upgrade"], &self.config.path());
        let edge = Self::listening(program, self.config).await;
        (edge, self.program)
    }

    /// Starts the program with another filter for its log.
    pub(crate) async fn start_logging(config: ConfigDir, filter: &str) -> Self {
        let program = Program::run_logging(filter, &config.path());
        Self::listening(program, config).await
    }

    async fn listening(mut program: Program, config: ConfigDir) -> Self {
        let log = program.log.clone();
        let lines = tokio::select! {
            lines = log.wait_for(config.listeners(), &[("message", "listening")]) => lines,
            status = program.exit() => panic!("the program did not start: {status}"),
        };
        let edge = Self::of(&lines, program, config);
        if edge.config.has("admin.certificate") {
            return edge; // It is ready once it listens; asking takes a client of TLS.
        }
        eventually(PATIENCE, "readiness", async || {
            (edge.admin("/readyz").await.status() == 200).then_some(())
        })
        .await;
        edge
    }

    fn of(lines: &[Entry], program: Program, config: ConfigDir) -> Self {
        let texts = |listener: &str| -> Vec<String> {
            let lines = lines
                .iter()
                .filter(|line| line.field("listener") == listener);
            lines.map(|line| line.field("address")).collect()
        };
        let addresses = |listener: &str| -> Vec<SocketAddr> {
            let texts = texts(listener).into_iter();
            texts
                .map(|text| text.parse().expect("an address"))
                .collect()
        };
        let tcp = lines.iter().filter(|line| line.field("listener") == "tcp");
        let names = tcp.map(|line| line.field("name"));
        Self {
            http: addresses("http"),
            https: addresses("https"),
            tcp: names.zip(addresses("tcp")).collect(),
            admin: texts("admin").remove(0),
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

    /// The first tcp listener of a name.
    pub(crate) fn tcp(&self, name: &str) -> SocketAddr {
        let mut listeners = self.tcp.iter();
        let listener = listeners.find(|(its, _)| its == name);
        listener.expect("a tcp listener has the name").1
    }

    /// All https listeners, in the order of their log lines.
    pub(crate) fn all_https(&self) -> &[SocketAddr] {
        &self.https
    }

    /// Where the admin listener is.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        let admin = self.admin.replace("0.0.0.0", "127.0.0.1");
        admin.parse().expect("it is on a TCP address")
    }

    /// Where the admin listener is, as the log has it.
    pub(crate) fn admin_place(&self) -> &str {
        &self.admin
    }

    /// What the status says; `target` is nothing for the overview, or what follows `/api/v1`.
    pub(crate) async fn status(&self, target: &str) -> Value {
        let target = if target.is_empty() { "/status" } else { target };
        let response = self.admin(&format!("/api/v1{target}")).await;
        assert_eq!(response.status(), 200, "{target}: {}", response.text());
        serde_json::from_slice(&response.body).expect("the status is JSON")
    }

    /// A connection to the admin listener.
    pub(crate) async fn admin_wire(&self) -> Wire {
        match self.admin.strip_prefix("unix:") {
            Some(path) => {
                let stream = UnixStream::connect(path).await;
                Wire::new(stream.expect("the admin listener is there"))
            }
            None => Wire::connect(self.admin_address()).await,
        }
    }

    /// Asks the admin listener, with the token of an operator if there is one.
    pub(crate) async fn admin(&self, target: &str) -> Response {
        let token = self.config.token("operator").unwrap_or_default();
        self.admin_with(
            "GET",
            target,
            &[("Authorization", &format!("Bearer {token}"))],
        )
        .await
    }

    /// Asks the admin listener with these headers alone, beside a Host.
    pub(crate) async fn admin_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = format!("{method} {target} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut wire = self.admin_wire().await;
        wire.ask(request + "\r\n").await
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
