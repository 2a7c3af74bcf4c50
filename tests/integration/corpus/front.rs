//! An edge in front of an origin that keeps what it gets.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;

use super::case::{self, Case, File};
use super::recorder::Recorder;
use crate::support::{
    Ca, ConfigDir, Domain, Edge, PATIENCE, PLAY, Tls, TlsClient, Wire, eventually,
};

/// The edge and its origin.
pub(crate) struct Front {
    ca: Ca,
    edge: Edge,
    pub(crate) origin: Recorder,
}

impl Front {
    pub(crate) async fn start() -> Self {
        let (ca, origin) = (Ca::new(), Recorder::start().await);
        let config = ConfigDir::new();
        config.install("play", &ca.issue(&[PLAY]));
        let domain = Domain::named(PLAY).origin(origin.url());
        config.domain(&domain.certificate("play"));
        let edge = Edge::start(config).await;
        Self { ca, edge, origin }
    }

    /// A client whose later connections resume the first one.
    pub(crate) fn client(&self) -> TlsClient {
        TlsClient::trusting(&self.ca)
    }

    pub(crate) async fn tls(&self, client: &TlsClient) -> Tls {
        let tls = client.connect(self.edge.https(), PLAY).await;
        tls.expect("the domain is served over TLS")
    }

    pub(crate) async fn plain(&self) -> Wire {
        Wire::connect(self.edge.http()).await
    }

    /// Waits until no request is under way to the origin.
    pub(crate) async fn quiet(&self) {
        eventually(PATIENCE, "the origin to be left alone", async || {
            self.origin.is_quiet().then_some(())
        })
        .await;
    }
}

/// Runs all cases, and names those that do not hold at the end; why is on stderr.
pub(crate) async fn hold(files: &[File], mut each: impl AsyncFnMut(&Case)) {
    let mut failed = Vec::new();
    for case in case::all(files) {
        if !holds(each(&case)).await {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "{} fail: {failed:#?}", failed.len());
}

/// Whether a future ends without a panic.
async fn holds(future: impl Future<Output = ()>) -> bool {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        let polled = AssertUnwindSafe(|| future.as_mut().poll(cx));
        match std::panic::catch_unwind(polled) {
            Ok(polled) => polled.map(|()| true),
            Err(_) => Poll::Ready(false),
        }
    })
    .await
}
