//! What an operator sees: metrics, health and records of access.

use crate::support::{
    ConfigDir, Domain, Edge, Hello, Kind, PATIENCE, PLAY, Stage, Stream, Wire, get, ok, within,
};

#[tokio::test]
async fn the_admin_listener_tells_how_it_is() {
    let stage = Stage::new().await;
    for target in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(stage.edge.admin(target).await.status(), 200, "{target}");
    }
    assert_eq!(stage.edge.admin("/nothing").await.status(), 404);
    let response = stage.edge.admin("/metrics").await;
    let kind = response.head.one("content-type").unwrap_or_default();
    let known = kind.starts_with("text/plain") || kind.starts_with("application/openmetrics-text");
    assert!(known, "{kind}");
}

#[tokio::test]
async fn every_promised_metric_is_there() {
    let stage = Stage::new().await;
    stage.exchange1(&get(PLAY, "/"), &ok("hello")).await;
    let requests = [("domain", PLAY)];
    stage
        .edge
        .counts("lockgate_requests_total", &requests, 1.0)
        .await;
    let metrics = stage.edge.metrics().await;
    for name in [
        "lockgate_generation",
        "lockgate_reloads_total",
        "lockgate_requests_total",
        "lockgate_response_bytes_total",
        "lockgate_request_bytes_total",
        "lockgate_viewers",
        "lockgate_handshakes_total",
        "lockgate_certificate_not_after_seconds",
        "lockgate_connections",
    ] {
        assert!(metrics.has(name), "{name} in {metrics:#?}");
    }
}

/// A series begins when there is something to count: most of 100,000 domains are idle.
#[tokio::test]
async fn an_idle_domain_has_no_series() {
    // Without an https listener, nothing is proven by a handshake.
    let config = ConfigDir::new().set("listeners.https", "[]");
    let idle = Domain::named(PLAY).origin("demo:");
    config.domain(&idle);
    let edge = Edge::start(config).await;
    let metrics = edge.metrics().await;
    let unbound = [("state", "unbound")];
    assert_eq!(metrics.sum("lockgate_domains", &unbound), 1.0);
    assert_eq!(metrics.labelled(&[("domain", PLAY)]), 0, "{metrics:#?}");
    // 6 classes of status, 16 results of handshakes, 5 reasons for a cut, 3 results of relays, bytes
    // in both directions, and viewers.
    assert_eq!(metrics.labelled(&[("domain", "")]), 33);
    assert_eq!(edge.plain(PLAY, "/none").await.status(), 404);
    let answered = [("domain", PLAY), ("status", "4xx")];
    edge.counts("lockgate_requests_total", &answered, 1.0).await;
    let metrics = edge.metrics().await;
    let viewers = [("domain", PLAY)];
    assert!(metrics.find("lockgate_viewers", &viewers));
    let none = [("domain", PLAY), ("status", "2xx")];
    assert!(!metrics.find("lockgate_requests_total", &none));
    assert!(!metrics.find("lockgate_handshakes_total", &viewers));
}

#[tokio::test]
async fn a_request_is_counted_and_recorded() {
    let stage = Stage::new().await;
    let request =
        format!("POST /up?a=b HTTP/1.1\r\nHost: {PLAY}\r\nContent-Length: 5\r\n\r\n12345");
    let (_, response) = stage.exchange1(&request, &ok("hello world")).await;
    assert_eq!(response.status(), 200);
    let edge = &stage.edge;
    let domain = ("domain", PLAY);
    let requests = [domain, ("status", "2xx")];
    edge.counts("lockgate_requests_total", &requests, 1.0).await;
    edge.counts("lockgate_response_bytes_total", &[domain], 11.0)
        .await;
    edge.counts("lockgate_request_bytes_total", &[domain], 5.0)
        .await;
    let record = edge.log().wait(&[("message", "request"), domain]).await;
    for (field, value) in [
        ("client", "127.0.0.1"),
        ("method", "POST"),
        ("status", "200"),
        ("sent", "11"),
        ("received", "5"),
    ] {
        let recorded = record.field(field);
        assert!(recorded.starts_with(value), "{field} = {recorded}");
    }
    // A query may hold a token: whether it is recorded is the program's choice, the path is not.
    assert!(record.field("path").starts_with("/up"), "{record:?}");
    let duration: f64 = record.field("duration_ms").parse().expect("a number");
    assert!((0.0..15_000.0).contains(&duration), "{duration}");
}

#[tokio::test]
async fn viewers_are_counted_while_they_watch() {
    let stage = Stage::new().await;
    let viewers = [("domain", PLAY)];
    stage.edge.counts("lockgate_viewers", &viewers, 0.0).await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        let mut stream = Stream::start(&stage, kind).await;
        stream.passes(b"hello").await;
        streams.push(stream);
        let expected = streams.len() as f64;
        stage
            .edge
            .counts("lockgate_viewers", &viewers, expected)
            .await;
    }
    while let Some(stream) = streams.pop() {
        drop(stream);
        let expected = streams.len() as f64;
        stage
            .edge
            .counts("lockgate_viewers", &viewers, expected)
            .await;
    }
}

#[tokio::test]
async fn a_stream_is_recorded_at_its_start_and_at_its_end() {
    let stage = Stage::new().await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    let recorded = async |message| {
        let lines = [("message", message), ("domain", PLAY)];
        stage.edge.log().wait_for(Kind::ALL.len(), &lines).await
    };
    recorded("stream started").await;
    for stream in &mut streams {
        stream.passes(b"hello").await;
    }
    drop(streams);
    for line in recorded("stream ended").await {
        assert_eq!(line.field("sent"), "5", "{line:?}");
    }
}

#[tokio::test]
async fn connections_are_counted_by_listener() {
    let stage = Stage::new().await;
    let open = async |listener, count| {
        let labels = [("listener", listener)];
        stage
            .edge
            .counts("lockgate_connections", &labels, count)
            .await;
    };
    let (plain, secure) = (stage.plain().await, stage.http1().await);
    open("http", 1.0).await;
    open("https", 1.0).await;
    drop((plain, secure));
    open("http", 0.0).await;
    open("https", 0.0).await;
}

/// Unknown names share a series, however many there are: a scanner must not fill the memory.
#[tokio::test]
async fn unknown_names_do_not_grow_the_metrics() {
    const NAMES: usize = 1_000;
    let stage = Stage::new().await;
    // The edge's own handshake begins a series.
    let proven = [("result", "ok")];
    stage
        .edge
        .counts("lockgate_proofs_total", &proven, 1.0)
        .await;
    let mut wire = stage.plain().await;
    let mut ask = async |number: usize| {
        let name = format!("name-{number}.test");
        Hello::named(&name).ask(stage.edge.https()).await;
        assert_eq!(wire.get(&name, "/").await.status(), 404);
    };
    ask(0).await;
    let unknown = [("domain", ""), ("result", "unknown_sni")];
    stage
        .edge
        .counts("lockgate_handshakes_total", &unknown, 1.0)
        .await;
    let before = stage.edge.metrics().await.len();
    for number in 1..NAMES {
        ask(number).await;
    }
    let all = NAMES as f64;
    stage
        .edge
        .counts("lockgate_handshakes_total", &unknown, all)
        .await;
    let after = stage.edge.metrics().await;
    assert_eq!(after.len(), before, "{after:#?}");
}

/// Names that take a Host's or a method's place are no labels either.
#[tokio::test]
async fn strange_requests_do_not_grow_the_metrics() {
    let stage = Stage::new().await;
    let proven = [("result", "ok")];
    stage
        .edge
        .counts("lockgate_proofs_total", &proven, 1.0)
        .await;
    let before = stage.edge.metrics().await.len();
    for number in 0..50 {
        let mut wire = Wire::connect(stage.edge.http()).await;
        wire.send(format!(
            "M{number} /{number} HTTP/1.1\r\nHost: a{number}.test\r\n\r\n"
        ))
        .await;
        within(PATIENCE, "an answer", wire.response()).await;
        let mut wire = Wire::connect(stage.edge.http()).await;
        wire.send(get(&format!("{number} {number}"), "/")).await;
        wire.closed().await;
    }
    let after = stage.edge.metrics().await;
    // The classes of the answers are new, and that is all.
    assert!(
        after.len() <= before + 10,
        "{before} series, then {}",
        after.len()
    );
}
