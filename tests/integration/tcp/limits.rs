//! How many there may be.

use super::{Ingest, NAME, flows};
use crate::support::{PATIENCE, PLAY, eventually};

#[tokio::test]
async fn relays_are_viewers_of_their_domain() {
    let ingest = Ingest::with(&[], &[("max_viewers", "1")]).await;
    let (mut client, mut origin) = ingest.relay().await;
    assert!(ingest.connect(PLAY).await.is_finished().await);
    let line = [("message", "relay ended"), ("outcome", "full")];
    ingest.edge.log().wait(&line).await;
    let reached = "lockgate_limits_reached_total";
    ingest
        .edge
        .counts(reached, &[("limit", "viewers")], 1.0)
        .await;
    flows(&mut client, &mut origin).await;
    drop((client, origin));
    ingest
        .edge
        .counts("lockgate_viewers", &[("domain", PLAY)], 0.0)
        .await;
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
}

#[tokio::test]
async fn connections_count_for_their_client() {
    let ingest = Ingest::with(&[("limits.connections_per_client", "1")], &[]).await;
    // The proof of service may take the place for a moment.
    let admitted = eventually(PATIENCE, "room", async || {
        let tls = ingest.client().connect(ingest.edge.tcp(NAME), PLAY).await;
        tls.ok()
    });
    let (mut client, mut origin) = (admitted.await.http1(), ingest.play.accept().await);
    let refused = ingest.client().connect(ingest.edge.tcp(NAME), PLAY).await;
    refused.expect_err("it is one too many");
    flows(&mut client, &mut origin).await;
}
