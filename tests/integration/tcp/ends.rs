//! How relays end: each direction by itself, and by deadlines that are about progress.

use tokio::time::timeout;

use super::{Ingest, NAME, flows};
use crate::support::{PATIENCE, PLAY, SECOND, Wire, throughout, within};

async fn cut(ingest: &Ingest, reason: &str) {
    let labels = [("domain", PLAY), ("reason", reason)];
    let cuts = "lockgate_streams_cut_total";
    ingest.edge.counts(cuts, &labels, 1.0).await;
    let line = [("message", "relay ended"), ("outcome", reason)];
    ingest.edge.log().wait(&line).await;
}

/// Writes for somebody who takes nothing, until there is no room left. Says how much went in.
async fn fill(wire: &mut Wire) -> usize {
    let (block, mut taken) = (vec![0; 65_536], 0);
    while let Ok(Ok(())) = timeout(SECOND / 4, wire.try_send(&block)).await {
        taken += block.len();
        assert!(taken < 64 << 20, "the writer is held back");
    }
    taken
}

#[tokio::test]
async fn what_the_client_says_last_is_heard_and_answered() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    let bytes = vec![7; 300_000];
    let (_, finished) = tokio::join!(
        async {
            client.send(&bytes).await;
            client.finish().await;
        },
        origin.is_finished()
    );
    assert!(finished);
    assert_eq!(&origin.exactly(bytes.len()).await[..], &bytes[..]);
    // The other direction is still open.
    origin.send("goodbye").await;
    origin.finish().await;
    assert!(client.is_finished().await, "close_notify");
    assert_eq!(&client.exactly(7).await[..], b"goodbye");
    let line = [("message", "relay ended"), ("outcome", "complete")];
    ingest.edge.log().wait(&line).await;
}

#[tokio::test]
async fn what_the_origin_says_last_is_heard_and_answered() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    let bytes = vec![7; 300_000];
    let (_, finished) = tokio::join!(
        async {
            origin.send(&bytes).await;
            origin.finish().await;
        },
        client.is_finished()
    );
    assert!(finished, "close_notify");
    assert_eq!(&client.exactly(bytes.len()).await[..], &bytes[..]);
    client.send("goodbye").await;
    client.finish().await;
    assert!(origin.is_finished().await);
    assert_eq!(&origin.exactly(7).await[..], b"goodbye");
}

#[tokio::test]
async fn when_one_end_is_gone_the_other_one_hears_of_it() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
    drop(client);
    within(SECOND, "the origin's end", origin.closed()).await;
    let line = [("message", "relay ended"), ("outcome", "client_gone")];
    ingest.edge.log().wait(&line).await;
    let (mut client, mut origin) = ingest.relay().await;
    flows(&mut client, &mut origin).await;
    drop(origin);
    within(SECOND, "the client's end", client.closed()).await;
}

/// What an origin said before it took nothing more still arrives.
#[tokio::test]
async fn last_words_of_an_origin_that_is_gone_arrive() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    // What is unread makes its end a reset.
    client.send("unread").await;
    origin.send("last words").await;
    drop(origin);
    let _ = client.try_send("more").await;
    let words = client.try_exactly(10).await.expect("they arrive");
    assert_eq!(&words[..], b"last words");
}

#[tokio::test]
async fn a_relay_on_which_nothing_moves_is_cut() {
    let ingest = Ingest::with(&[("timeouts.tcp_idle", r#""2s""#)], &[]).await;
    let (mut idle, mut origin) = ingest.relay().await;
    let (mut client, mut server) = ingest.relay().await;
    throughout(SECOND * 3, "what moves", async || {
        client.send("a").await;
        server.exactly(1).await == "a"
    })
    .await;
    assert!(!idle.is_finished().await, "it is cut, not finished");
    origin.closed().await;
    flows(&mut client, &mut server).await;
    cut(&ingest, "idle").await;
}

#[tokio::test]
async fn a_domain_may_wait_for_longer() {
    let timeouts = ("timeouts", r#"{ tcp_idle = "60s" }"#);
    let ingest = Ingest::with(&[("timeouts.tcp_idle", r#""1s""#)], &[timeouts]).await;
    let (mut client, mut server) = ingest.relay().await;
    let mut idle = ingest.connect(super::OTHER).await;
    assert!(!idle.is_finished().await);
    flows(&mut client, &mut server).await;
}

/// Back-pressure reaches the origin, and who takes nothing is cut; what he sends does not help.
#[tokio::test]
async fn a_client_who_takes_nothing_is_cut() {
    let ingest = Ingest::with(&[("timeouts.viewer_stall", r#""2s""#)], &[]).await;
    let (mut client, mut origin) = ingest.relay().await;
    fill(&mut origin).await;
    let sending = async { while client.try_send("a").await.is_ok() {} };
    within(PATIENCE, "the end of the client", sending).await;
    cut(&ingest, "viewer_stalled").await;
}

#[tokio::test]
async fn an_origin_that_takes_nothing_is_cut() {
    let ingest = Ingest::with(&[("timeouts.stall", r#""2s""#)], &[]).await;
    let (mut client, origin) = ingest.relay().await;
    fill(&mut client).await;
    cut(&ingest, "origin_stalled").await;
    drop(origin);
}

/// A slow reader gets all of it, and is no reason to keep much of it.
#[tokio::test]
async fn a_slow_reader_holds_the_writer_back_and_gets_all() {
    let ingest = Ingest::new().await;
    let (mut client, mut origin) = ingest.relay().await;
    let before = fill(&mut origin).await;
    assert!(before > 0);
    let more = vec![1; 8 << 20];
    let ((), read) = tokio::join!(
        async {
            origin.send(&more).await;
            origin.finish().await;
        },
        async {
            assert!(client.is_finished().await);
            client.closed().await.len()
        }
    );
    // What was on its way when the writer gave up for a moment may have gone in part.
    assert!(
        (before + more.len()..=before + more.len() + 65_536).contains(&read),
        "{read}"
    );
}

#[tokio::test]
async fn one_who_never_says_hello_is_gone_with_the_deadline() {
    let ingest = Ingest::with(&[("timeouts.handshake", r#""1s""#)], &[]).await;
    let mut client = Wire::connect(ingest.edge.tcp(NAME)).await;
    assert!(client.closed().await.is_empty());
    let labels = [("domain", ""), ("result", "timeout")];
    ingest
        .edge
        .counts("lockgate_handshakes_total", &labels, 1.0)
        .await;
}
