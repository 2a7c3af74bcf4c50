//! The smallest whole: one domain with a certificate of its own, an origin that the test plays, and
//! an edge between them.

use super::ca::{Ca, Pair};
use super::config::{ConfigDir, Domain};
use super::edge::Edge;
use super::http2::Http2;
use super::origin::Origin;
use super::tls::TlsClient;
use super::wire::Wire;

/// The domain of a stage.
pub(crate) const PLAY: &str = "play.example.test";

/// A CA, an origin and an edge.
pub(crate) struct Stage {
    pub(crate) ca: Ca,
    pub(crate) origin: Origin,
    pub(crate) edge: Edge,
    /// What the domain was served with first.
    pub(crate) pair: Pair,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with these keys in lockgate.toml.
    pub(crate) async fn with(settings: &[(&'static str, &str)]) -> Self {
        Self::arranged(settings, |_, _, _| {}).await
    }

    /// The same with more in the directory from the start.
    pub(crate) async fn arranged(
        settings: &[(&'static str, &str)],
        arrange: impl FnOnce(&ConfigDir, &Ca, &Origin),
    ) -> Self {
        Self::started(settings, arrange, Edge::start).await
    }

    /// The same with the edge started in a way of its own.
    pub(crate) async fn started(
        settings: &[(&'static str, &str)],
        arrange: impl FnOnce(&ConfigDir, &Ca, &Origin),
        start: impl AsyncFnOnce(ConfigDir) -> Edge,
    ) -> Self {
        let (ca, origin) = (Ca::new(), Origin::start().await);
        let config = settings
            .iter()
            .fold(ConfigDir::new(), |config, (key, value)| {
                config.set(key, value)
            });
        let pair = ca.issue(&[PLAY]);
        config.install("play", &pair);
        config.domain(&Domain::named(PLAY).origin(origin.url()).certificate("play"));
        arrange(&config, &ca, &origin);
        let edge = start(config).await;
        Self {
            ca,
            origin,
            edge,
            pair,
        }
    }

    /// A client that trusts the stage's CA.
    pub(crate) fn client(&self) -> TlsClient {
        TlsClient::trusting(&self.ca)
    }

    /// A new HTTP/1.1 connection over TLS.
    pub(crate) async fn http1(&self) -> Wire {
        let tls = self.client().connect(self.edge.https(), PLAY).await;
        tls.expect("the domain is served over TLS").http1()
    }

    /// A new HTTP/2 connection.
    pub(crate) async fn http2(&self) -> Http2 {
        let client = self.client().offering(&["h2"]);
        let tls = client.connect(self.edge.https(), PLAY).await;
        tls.expect("the domain is served over TLS").http2().await
    }

    /// A new HTTP/1.1 connection without TLS.
    pub(crate) async fn plain(&self) -> Wire {
        Wire::connect(self.edge.http()).await
    }
}
