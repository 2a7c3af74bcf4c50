//! Viewers who take nothing, and streams that stand still: each has a deadline about progress, and
//! ends alone.

use tokio::time::{Instant, timeout};

use crate::support::{
    Domain, ENDLESS, Kind, PATIENCE, PLAY, SECOND, Stage, Stream, chunk, eventually, pause,
    throughout, within,
};

/// Writes for a viewer who takes nothing, until the edge ends it. Says how much went in before
/// nothing more did.
async fn fill(stream: &mut Stream) -> usize {
    let block = chunk(&[0; 65_536]);
    let mut taken = 0;
    let filling = async {
        while stream.feed.wire.try_send(&block).await.is_ok() {
            taken += block.len();
        }
    };
    within(PATIENCE, "the end of the origin's request", filling).await;
    taken
}

async fn cut(stage: &Stage, reason: &str, count: f64) {
    let labels = [("domain", PLAY), ("reason", reason)];
    stage
        .edge
        .counts("lockgate_streams_cut_total", &labels, count)
        .await;
    let line = [("message", "stream cut"), ("reason", reason)];
    stage.edge.log().wait(&line).await;
}

#[tokio::test]
async fn a_viewer_who_takes_nothing_is_cut() {
    for kind in Kind::ALL {
        let stage = Stage::with(&[("timeouts.viewer_stall", r#""1s""#)]).await;
        let mut stream = Stream::start(&stage, kind).await;
        let taken = fill(&mut stream).await;
        assert!(taken < 64 << 20, "{kind:?}: the origin is held back");
        cut(&stage, "viewer_stalled", 1.0).await;
        let viewers = [("domain", PLAY)];
        stage.edge.counts("lockgate_viewers", &viewers, 0.0).await;
    }
}

/// HTTP/2 holds one stream back and not its neighbours: it ends alone, too.
#[tokio::test]
async fn a_paused_stream_ends_alone() {
    let stage = Stage::with(&[("timeouts.viewer_stall", r#""1s""#)]).await;
    let mut connection = stage.http2().await;
    let mut watched = Vec::new();
    for target in ["/paused.flv", "/playing.flv"] {
        let served = async {
            let (_, mut origin) = stage.origin.request().await;
            origin.send(ENDLESS).await;
            origin
        };
        watched.push(tokio::join!(served, connection.watch(PLAY, target)));
    }
    let (mut playing, (_, mut body)) = watched.pop().expect("there are two");
    let (mut paused, (_, mut unread)) = watched.pop().expect("there are two");
    let block = chunk(&[0; 65_536]);
    let end = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < end, "the paused stream is cut");
        playing.send(chunk(b"frame")).await;
        assert_eq!(body.part(5).await, b"frame");
        if let Ok(Err(_)) = timeout(SECOND / 20, paused.try_send(&block)).await {
            break;
        }
    }
    cut(&stage, "viewer_stalled", 1.0).await;
    let end = unread.rest().await.expect_err("it is reset");
    assert!(end.is_reset(), "{end}");
    assert!(connection.is_open().await);
}

/// Whoever takes a little all the time goes on, however slowly.
#[tokio::test]
async fn a_slow_viewer_goes_on() {
    let stage = Stage::with(&[("timeouts.viewer_stall", r#""1s""#)]).await;
    for kind in Kind::ALL {
        let Stream {
            mut feed,
            mut viewer,
        } = Stream::start(&stage, kind).await;
        let block = vec![7; 65_536];
        let writing = tokio::spawn(async move {
            for _ in 0..400 {
                feed.write(&block).await;
            }
            feed
        });
        for _ in 0..12 {
            viewer.part(1 << 20).await;
            pause(SECOND / 4).await;
        }
        for _ in 0..13 {
            viewer.part(1 << 20).await;
        }
        writing.await.expect("nothing is cut");
    }
}

#[tokio::test]
async fn a_stream_that_stands_still_is_cut() {
    for kind in Kind::ALL {
        let stage = Stage::with(&[("timeouts.stall", r#""1s""#)]).await;
        let mut stream = Stream::start(&stage, kind).await;
        stream.passes(b"something").await;
        within(PATIENCE, "the cut", stream.feed.wire.closed()).await;
        cut(&stage, "origin_stalled", 1.0).await;
    }
}

/// A message now and then is progress, in whichever direction it goes.
#[tokio::test]
async fn a_message_before_the_deadline_keeps_a_stream_for_ever() {
    let stage = Stage::with(&[("timeouts.stall", r#""1s""#)]).await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    for _ in 0..6 {
        pause(SECOND * 6 / 10).await;
        for stream in &mut streams {
            stream.passes(b"ping").await;
        }
    }
}

/// A domain has deadlines of its own, which may change under its streams' successors.
#[tokio::test]
async fn a_domain_has_its_own_deadlines() {
    let stage = Stage::with(&[("timeouts.stall", r#""1s""#)]).await;
    let domain = Domain::named(PLAY)
        .origin(stage.origin.url())
        .certificate("play");
    let own = domain.with("timeouts", r#"{ stall = "1h", first_byte = "500ms" }"#);
    stage.edge.config.domain(&own);
    eventually(PATIENCE, "the new table", async || {
        let generation = &stage.edge.status("").await["generation"];
        (*generation == 2).then_some(())
    })
    .await;
    let mut stream = Stream::start(&stage, Kind::Http1).await;
    throughout(SECOND * 2, "the stream", async || {
        stage
            .edge
            .metrics()
            .await
            .sum("lockgate_streams_cut_total", &[])
            == 0.0
    })
    .await;
    stream.passes(b"after a while").await;
}
