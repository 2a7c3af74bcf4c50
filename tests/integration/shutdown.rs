//! Signals: SIGTERM drains, SIGHUP reloads.

use tokio::net::TcpStream;

use crate::support::{
    Entry, Kind, LAST_CHUNK, PATIENCE, PLAY, SECOND, Stage, Stream, Viewer, eventually, within,
};

#[tokio::test]
async fn an_idle_program_ends_at_once() {
    let mut stage = Stage::new().await;
    let (mut http1, http2) = (stage.http1().await, stage.http2().await);
    stage.edge.program.signal("TERM");
    within(SECOND, "the end of an idle connection", http1.closed()).await;
    within(SECOND, "the end of an idle connection", http2.closed()).await;
    let status = within(SECOND * 2, "the program's end", stage.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_running_response_ends_by_itself() {
    let mut stage = Stage::new().await;
    let mut streams = Vec::new();
    for kind in [Kind::Plain, Kind::Http1, Kind::Http2] {
        streams.push(Stream::start(&stage, kind).await);
    }
    stage.edge.program.signal("TERM");
    eventually(PATIENCE, "new connections to be refused", async || {
        let http = TcpStream::connect(stage.edge.http()).await;
        let https = TcpStream::connect(stage.edge.https()).await;
        (http.is_err() && https.is_err()).then_some(())
    })
    .await;
    for stream in &mut streams {
        stream.passes(b"still here").await;
        if let Viewer::Http2 { connection, .. } = &stream.viewer {
            assert!(connection.is_going_away().await, "GOAWAY");
        }
    }
    assert!(stage.edge.program.is_running(), "it waits for its viewers");
    for mut stream in streams {
        stream.feed.wire.send(LAST_CHUNK).await;
        let rest = match &mut stream.viewer {
            Viewer::Wire { wire, .. } => wire.body().await.ok(),
            Viewer::Http2 { body, .. } => body.rest().await.ok(),
        };
        assert_eq!(rest, Some(Vec::new()), "the response is whole");
    }
    let status = within(SECOND * 2, "the program's end", stage.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn draining_has_a_deadline() {
    let mut stage = Stage::with(&[("timeouts.drain", r#""1s""#)]).await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    stage.edge.program.signal("TERM");
    for stream in &mut streams {
        stream.passes(b"still here").await;
    }
    let status = within(SECOND * 4, "the program's end", stage.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn an_interrupt_from_the_terminal_drains_too() {
    let mut stage = Stage::new().await;
    stage.edge.program.signal("INT");
    let status = within(SECOND * 2, "the program's end", stage.edge.program.exit()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_hangup_reloads_and_touches_nothing_that_runs() {
    let mut stage = Stage::new().await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    let reloads = async |stage: &Stage| {
        let metrics = stage.edge.metrics().await;
        metrics.sum("lockgate_reloads_total", &[])
    };
    for _ in 0..3 {
        let before = reloads(&stage).await;
        stage.edge.program.signal("HUP");
        eventually(PATIENCE, "a reload", async || {
            (reloads(&stage).await > before).then_some(())
        })
        .await;
        for stream in &mut streams {
            stream.passes(PLAY.as_bytes()).await;
        }
    }
    assert!(stage.edge.program.is_running());
}

/// What cannot change while it runs is named, and everything else is taken over.
#[tokio::test]
async fn settings_that_need_a_restart_are_named() {
    let stage = Stage::new().await;
    let settings = stage.edge.config.join("lockgate.toml");
    let text = std::fs::read_to_string(settings).expect("the settings are there");
    let changed = text.replace(
        "listeners.http = [\"127.0.0.1:0\"]",
        "listeners.http = [\"127.0.0.1:1\"]",
    );
    assert_ne!(changed, text);
    stage.edge.config.write("lockgate.toml", changed);
    eventually(PATIENCE, "a line that names listeners", async || {
        let lines = stage.edge.log().find(&[]);
        let named = |line: &Entry| {
            let text = line.text();
            text.contains("listeners") && text.contains("restart")
        };
        lines.iter().any(named).then_some(())
    })
    .await;
    let response = stage.edge.admin("/healthz").await;
    assert_eq!(response.status(), 200);
}
