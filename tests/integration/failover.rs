//! Origins that die while requests come in.

use std::collections::BTreeMap;

use crate::support::{
    ConfigDir, Domain, Edge, Origin, PATIENCE, PLAY, Responder, Wire, eventually, get, ok,
};

/// An edge whose domain has these origins.
async fn edge(origins: &[String]) -> Edge {
    let config = ConfigDir::new().set("workers", "1");
    config.domain(&Domain::named(PLAY).with("origins", format!("{origins:?}")));
    Edge::start(config).await
}

/// Waits until the log says so of an origin.
async fn says(edge: &Edge, message: &str, origin: &str) {
    let line = [("message", message), ("origin", origin)];
    edge.log().wait_for(1, &line).await;
}

#[tokio::test]
async fn when_one_of_two_origins_is_killed_requests_go_on() {
    let (one, two) = (Responder::start("ok").await, Responder::start("ok").await);
    let edge = edge(&[one.url(), two.url()]).await;
    for number in 0..10 {
        let response = edge.plain(PLAY, &format!("/before/{number}")).await;
        assert_eq!(response.text(), "ok");
    }
    let (address, url) = (one.kill(), one.url());
    for number in 0..20 {
        let response = edge.plain(PLAY, &format!("/after/{number}")).await;
        assert_eq!((response.status(), response.text().as_str()), (200, "ok"));
    }
    says(&edge, "endpoint left out", &url).await;
    let labels: &[(&str, &str)] = &[("origin", &url)];
    let metrics = edge.metrics().await;
    assert!(metrics.sum("lockgate_origin_ejections_total", labels) >= 1.0);
    assert!(metrics.sum("lockgate_origin_failures_total", labels) >= 3.0);

    let mut paths = BTreeMap::new();
    for head in one.seen().into_iter().chain(two.seen()) {
        *paths.entry(head.target().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(paths.len(), 30);
    assert!(paths.values().all(|count| *count == 1), "{paths:?}");

    let again = Responder::start_at(address, "again").await;
    eventually(PATIENCE, "the origin to be asked again", async || {
        (edge.plain(PLAY, "/").await.text() == "again").then_some(())
    })
    .await;
    says(&edge, "endpoint is back", &again.url()).await;
    edge.counts("lockgate_origin_ejected", labels, 0.0).await;
}

/// Not even a byte of a body has to have come: a head is enough.
#[tokio::test]
async fn what_an_origin_began_to_answer_is_not_asked_of_another() {
    let (one, two) = (Origin::start().await, Origin::start().await);
    let edge = edge(&[one.url(), two.url()]).await;
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "H",
    ] {
        let mut client = Wire::connect(edge.http()).await;
        client.send(get(PLAY, "/once")).await;
        let (mut wire, other) = tokio::select! {
            (_, wire) = one.request() => (wire, &two),
            (_, wire) = two.request() => (wire, &one),
        };
        wire.send(cut).await;
        drop(wire);
        let answered = async {
            let status = client.try_response().await.map(|head| head.status());
            status == Ok(502) || status.is_err() || client.body().await.is_err()
        };
        tokio::select! {
            failed = answered => assert!(failed, "{cut:?}"),
            _ = other.request() => panic!("{cut:?}: it was asked again"),
        }
    }
}

/// With nobody else to ask, an origin is asked however often it has failed.
#[tokio::test]
async fn the_only_origin_is_asked_again_at_once() {
    let one = Responder::start("ok").await;
    let edge = edge(&[one.url()]).await;
    let address = one.kill();
    for _ in 0..10 {
        assert_eq!(edge.plain(PLAY, "/").await.status(), 502);
    }
    let _again = Responder::start_at(address, "again").await;
    assert_eq!(edge.plain(PLAY, "/").await.text(), "again");
}

/// A connection that an origin closes while the next request is on its way to it.
#[tokio::test]
async fn a_request_on_a_stale_connection_is_asked_once_more_if_it_may_be() {
    let origin = Origin::start().await;
    let edge = edge(&[origin.url()]).await;
    let mut client = Wire::connect(edge.http()).await;
    let cases = [
        ("GET", "", true),
        ("DELETE", "", true),
        ("POST", "", false),
        ("PUT", "Content-Length: 1\r\n\r\nx", false),
    ];
    for (method, body, repeated) in cases {
        client.send(get(PLAY, "/first")).await;
        let (_, mut kept) = origin.request().await;
        kept.send(ok("first")).await;
        client.response().await;
        client.body().await.expect("a whole body");

        let end = if body.is_empty() { "\r\n" } else { body };
        let request = format!("{method} /next HTTP/1.1\r\nHost: {PLAY}\r\n{end}");
        client.send(request).await;
        assert_eq!(kept.request().await.target(), "/next", "{method}");
        drop(kept);
        if repeated {
            let (head, fresh) = origin.request().await;
            assert_eq!((head.method(), head.target()), (method, "/next"));
            assert_eq!(head.one("host"), Some(PLAY));
            // Once: the second end is the answer.
            drop(fresh);
        }
        assert_eq!(client.response().await.status(), 502, "{method}");
        client.body().await.expect("the refusal is whole");
    }
    let labels: &[(&str, &str)] = &[("origin", &origin.url())];
    edge.counts("lockgate_origin_repeats_total", labels, 2.0)
        .await;
}

/// Once the head has begun, the request is not asked again, kept connection or not.
#[tokio::test]
async fn a_stale_connection_that_said_a_byte_is_not_replaced() {
    let origin = Origin::start().await;
    let edge = edge(&[origin.url()]).await;
    let mut client = Wire::connect(edge.http()).await;
    client.send(get(PLAY, "/first")).await;
    let (_, mut kept) = origin.request().await;
    kept.send(ok("first")).await;
    client.response().await;
    client.body().await.expect("a whole body");
    client.send(get(PLAY, "/next")).await;
    kept.request().await;
    kept.send("H").await;
    drop(kept);
    tokio::select! {
        response = client.response() => assert_eq!(response.status(), 502),
        _ = origin.request() => panic!("it was asked again"),
    }
}

/// What an origin takes and drops, another one is asked.
#[tokio::test]
async fn an_origin_that_closes_each_connection_is_passed_over() {
    let (broken, sound) = (Origin::start().await, Responder::start("ok").await);
    let edge = edge(&[broken.url(), sound.url()]).await;
    let asked = async {
        for _ in 0..10 {
            assert_eq!(edge.plain(PLAY, "/").await.text(), "ok");
        }
    };
    let closing = async {
        loop {
            drop(broken.request().await);
        }
    };
    tokio::select! {
        () = asked => {}
        () = closing => {}
    }
    says(&edge, "endpoint left out", &broken.url()).await;
}

/// Though it answers requests: it drains by its own word.
#[tokio::test]
async fn an_origin_that_says_it_is_not_well_is_left_out_until_it_is() {
    let (ill, well) = (Origin::start().await, Responder::start("well").await);
    let config = ConfigDir::new();
    let health = "{ path = \"/healthz\", interval = \"100ms\", host = \"check.test\" }";
    let origins = format!("[\"{}\", \"{}\"]", ill.url(), well.url());
    let domain = Domain::named(PLAY).with("origins", origins);
    config.domain(&domain.with("health", health));
    let edge = Edge::start(config).await;
    let url = ill.url();
    let answer_until = async |answer: &str, message: &str| {
        let checks = async {
            loop {
                let (head, mut wire) = ill.request().await;
                assert_eq!(
                    (head.target(), head.one("host")),
                    ("/healthz", Some("check.test"))
                );
                // It may have gone by its own deadline.
                let _ = wire.try_send(answer).await;
            }
        };
        tokio::select! {
            () = checks => {}
            () = says(&edge, message, &url) => {}
        }
    };
    let refusal = "HTTP/1.1 503 Draining\r\nContent-Length: 0\r\n\r\n";
    answer_until(refusal, "endpoint left out").await;
    let labels: &[(&str, &str)] = &[("origin", &url)];
    edge.counts("lockgate_origin_ejected", labels, 1.0).await;
    for _ in 0..10 {
        assert_eq!(edge.plain(PLAY, "/").await.text(), "well");
    }
    answer_until(&ok("well again"), "endpoint is back").await;
    edge.counts("lockgate_origin_ejected", labels, 0.0).await;
}
