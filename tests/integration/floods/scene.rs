//! The stage of a flood: an edge before an origin that always goes on, and what the edge says of
//! itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::Flood;
use super::audience::Audience;
use super::report::Report;
use super::target::Target;
use crate::support::{
    Apart, Ca, ConfigDir, Domain, Edge, Metrics, PATIENCE, PLAY, SECOND, Source, TlsClient, Viewer,
    eventually, get, http2_request, pause,
};

/// Threads of attackers: with one, the edge would have more processors than they.
const THREADS: usize = 2;

/// An edge before a source.
pub(super) struct Scene {
    ca: Ca,
    pub(super) edge: Edge,
    /// Where viewers' streams are from.
    pub(super) source: Source,
    /// Where attackers' requests go: what they do to an origin is no matter of the viewers.
    victim: Source,
}

impl Scene {
    /// `span` says how long the flood will be: its deadlines are a third of that.
    pub(super) async fn of(flood: &Flood, span: Duration) -> Self {
        let ca = Ca::new();
        let (source, victim) = (Source::start().await, Source::start().await);
        let config = ConfigDir::new().set("log.access", "false");
        let config = flood
            .settings
            .iter()
            .fold(config, |config, (key, value)| config.set(key, value));
        let deadline = format!("\"{}ms\"", span.as_millis() / 3);
        let config = flood
            .deadlines
            .iter()
            .fold(config, |config, key| config.set(key, &deadline));
        config.install("play", &ca.issue(&[PLAY]));
        let domain = Domain::named(PLAY).origin(source.url());
        let route = format!(r#"[{{ path = "/flood", origins = ["{}"] }}]"#, victim.url());
        config.domain(&domain.certificate("play").with("routes", route));
        let edge = match flood.files {
            Some(files) => Edge::start_with_files(files, config).await,
            None => Edge::start(config).await,
        };
        Self {
            ca,
            edge,
            source,
            victim,
        }
    }

    fn client(&self) -> TlsClient {
        TlsClient::trusting(&self.ca)
    }

    pub(super) async fn http1_viewer(&self, target: &str) -> Viewer {
        let tls = self.client().connect(self.edge.https(), PLAY).await;
        let mut wire = tls.expect("it is served").http1();
        wire.send(get(PLAY, target)).await;
        Viewer::Wire { wire, raw: true }
    }

    pub(super) async fn http2_viewer(&self, target: &str) -> Viewer {
        let client = self.client().offering(&["h2"]);
        let tls = client.connect(self.edge.https(), PLAY).await;
        let mut connection = tls.expect("it is served").http2().await;
        let (asked, upload) = connection
            .open(http2_request("GET", PLAY, target), true)
            .await;
        let (_, body) = asked.answer().await.expect("a response arrives");
        Viewer::Http2 {
            body,
            upload,
            connection,
        }
    }

    /// Lets a flood come for so long, while viewers play.
    pub(super) async fn endure(&mut self, flood: &Flood, span: Duration) -> Report {
        let before = self.edge.metrics().await;
        let memory = self.edge.program.memory();
        let audience = Audience::play(self, span + SECOND / 2).await;
        let (attempts, peak) = self.attack(flood, span).await;
        let gaps = audience.gaps().await;
        assert!(self.edge.program.is_running(), "{}", flood.name);
        self.serves().await;
        Report {
            name: flood.name,
            attempts,
            gaps,
            memory: [memory, peak, self.edge.program.memory()],
            working: self.victim.most_working(),
            counted: flood.counted,
            grown: self.counted(flood, &before).await,
        }
    }

    /// The same, with memory before and after as it is when nothing else has a part in it.
    pub(super) async fn measure(&mut self, flood: &Flood, span: Duration) -> Report {
        // What the first viewers need is there before the flood, and after it.
        let _others = Audience::play(self, span + PATIENCE * 3).await;
        pause(SECOND).await;
        let mut report = self.endure(flood, span).await;
        report.memory[2] = self.memory_after(report.memory[0]).await;
        report
    }

    /// Returns how much was tried, and the most memory that was seen meanwhile.
    async fn attack(&self, flood: &Flood, span: Duration) -> (u64, usize) {
        let (http, https) = (self.edge.http(), self.edge.https());
        let target = Target::new(http, https, self.client(), span);
        let threads = (0..THREADS).map(|_| Apart::run(hands(*flood, Arc::clone(&target))));
        let threads: Vec<_> = threads.collect();
        let mut peak = 0;
        while target.goes_on() {
            peak = peak.max(self.edge.program.memory());
            pause(SECOND / 20).await;
        }
        for thread in threads {
            thread.done().await;
        }
        (target.attempts(), peak)
    }

    /// Whoever comes after the flood is served.
    async fn serves(&self) {
        eventually(PATIENCE, "an answer after the flood", async || {
            let answered = timeout(SECOND, self.edge.plain(PLAY, "/")).await;
            answered.is_ok_and(|it| it.status() == 200).then_some(())
        })
        .await;
    }

    /// The least memory of many looks; the first that is near enough to what it was.
    async fn memory_after(&self, before: usize) -> usize {
        let end = Instant::now() + PATIENCE;
        let mut least = usize::MAX;
        while Instant::now() < end && least > before + before / 10 {
            least = least.min(self.edge.program.memory());
            pause(SECOND / 10).await;
        }
        least
    }

    /// What grew, once the reason is among it that the flood has to have, if it comes.
    async fn counted(&self, flood: &Flood, before: &Metrics) -> Vec<(String, f64)> {
        let end = Instant::now() + PATIENCE / 3;
        loop {
            let grown = self.edge.metrics().await.grown(before);
            let is_counted = grown.iter().any(|(name, _)| name.contains(flood.counted));
            if is_counted || Instant::now() > end {
                return grown;
            }
            pause(SECOND / 10).await;
        }
    }
}

/// The attackers of one thread.
async fn hands(flood: Flood, target: Arc<Target>) {
    let mut hands = JoinSet::new();
    for _ in 0..flood.hands {
        hands.spawn((flood.run)(Arc::clone(&target)));
    }
    hands.join_all().await;
}
