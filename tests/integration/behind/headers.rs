//! Listeners whose connections begin with a header of the PROXY protocol.

use tokio::io::AsyncWriteExt as _;

use super::{
    ANNOUNCED, CLIENT, PROXY, STRANGER, announced, asking, begun, connect, recorded, seen, v1, v2,
    v2_of,
};
use crate::support::{
    ALERT_112, ConfigDir, Domain, Hello, PATIENCE, PLAY, Stage, Wire, eventually, get, outcome,
    within,
};

const VALID: [u8; 4] = [203, 0, 113, 7];

#[tokio::test]
async fn the_client_of_a_header_is_the_client() {
    let stage = announced(&[]).await;
    for header in [v1(CLIENT), v2_of(VALID)] {
        let mut plain = Wire::new(begun(stage.edge.http(), &header).await);
        let stream = begun(stage.edge.https(), &header).await;
        let tls = stage.client().handshake(stream, PLAY).await;
        let mut tls = tls.expect("the ClientHello is untouched").http1();
        for (wire, proto) in [(&mut plain, "http"), (&mut tls, "https")] {
            // More than one request on a connection has the same client.
            for _ in 0..2 {
                let head = seen(&stage, wire, "X-Forwarded-For: 6.6.6.6\r\n").await;
                assert_eq!(head.all("x-forwarded-for"), [CLIENT]);
                assert_eq!(head.one("x-forwarded-proto"), Some(proto));
                let forwarded = head.one("forwarded").expect("it is set");
                assert!(forwarded.starts_with("for=203.0.113.7;"), "{forwarded}");
            }
        }
    }
    recorded(&stage, CLIENT).await;
}

/// Header, ClientHello and request in one packet, and each byte in one of its own.
#[tokio::test]
async fn a_header_may_come_in_any_pieces() {
    let stage = announced(&[]).await;
    for header in [v1(CLIENT), v2_of(VALID)] {
        let whole = [&header[..], asking("").as_bytes()].concat();
        let mut wire = Wire::new(begun(stage.edge.http(), &whole).await);
        let (head, _origin) = stage.origin.request().await;
        assert_eq!(head.one("x-forwarded-for"), Some(CLIENT));
        drop(wire.try_finish().await);

        let mut stream = connect(PROXY, stage.edge.http()).await;
        for byte in &whole {
            stream.write_all(&[*byte]).await.expect("it is taken");
            tokio::task::yield_now().await;
        }
        let (head, _origin) = stage.origin.request().await;
        assert_eq!(head.one("x-forwarded-for"), Some(CLIENT));
    }
    // An answer to a ClientHello that came with the header: it was not read along with it.
    let hello = [&v1(CLIENT)[..], &Hello::named("unknown.test").record()].concat();
    let mut wire = Wire::new(begun(stage.edge.https(), hello).await);
    let alert = within(PATIENCE, "the alert", wire.closed()).await;
    assert_eq!(alert, ALERT_112);
    let failed = [("message", "handshake failed"), ("client", CLIENT)];
    stage.edge.log().wait(&failed).await;
}

/// The proxy's own connections, and those of clients that it has no address of.
#[tokio::test]
async fn without_a_client_the_socket_counts() {
    let stage = announced(&[]).await;
    let local = v2(0x20, 0, &[]);
    let unix = v2(0x21, 0x31, &[b'/'; 216]);
    for header in [b"PROXY UNKNOWN\r\n".to_vec(), local, unix] {
        let mut wire = Wire::new(begun(stage.edge.http(), header).await);
        let head = seen(&stage, &mut wire, "X-Forwarded-For: 6.6.6.6\r\n").await;
        assert_eq!(head.all("x-forwarded-for"), [PROXY.to_string()]);
    }
}

#[tokio::test]
async fn access_rules_judge_the_client_of_the_header() {
    let stage = announced(&[("deny", r#"["203.0.113.0/24"]"#)]).await;
    let mut denied = Wire::new(begun(stage.edge.http(), v1(CLIENT)).await);
    assert_eq!(denied.ask(asking("")).await.status(), 403);
    let mut other = Wire::new(begun(stage.edge.http(), v1("198.51.100.1")).await);
    seen(&stage, &mut other, "").await;
    // This machine is neither denied nor the client.
    let stage = announced(&[("allow", r#"["127.0.0.0/8"]"#)]).await;
    let mut denied = Wire::new(begun(stage.edge.http(), v2_of(VALID)).await);
    assert_eq!(denied.ask(asking("")).await.status(), 403);
}

async fn refused(stage: &Stage, reason: &str, count: f64) {
    let name = "lockgate_proxy_headers_refused_total";
    stage.edge.counts(name, &[("reason", reason)], count).await;
}

/// The connection ends without a word.
async fn ends(mut wire: Wire) {
    let answer = within(PATIENCE, "the connection's end", wire.closed()).await;
    assert!(answer.is_empty(), "{answer:?}");
}

#[tokio::test]
async fn strangers_are_refused_whatever_they_send() {
    let stage = announced(&[]).await;
    for address in [stage.edge.http(), stage.edge.https()] {
        let mut stream = connect(STRANGER, address).await;
        let _ = stream.write_all(&v1(CLIENT)).await;
        ends(Wire::new(stream)).await;
        // Before they have sent anything.
        ends(Wire::new(connect(STRANGER, address).await)).await;
    }
    refused(&stage, "untrusted", 4.0).await;
    let line = [("message", "PROXY header refused"), ("reason", "untrusted")];
    let lines = stage.edge.log().find(&line);
    let counts: Vec<_> = lines.iter().map(|line| line.field("count")).collect();
    assert_eq!(counts, ["1", "2", "4"]);
}

/// The machine itself is let in where it says that a connection is its own, and no further.
#[tokio::test]
async fn the_machine_itself_may_say_that_it_is_itself() {
    let settings = [
        ("listeners.trusted", r#"["192.0.2.0/24"]"#),
        ("listeners.http", ANNOUNCED),
        ("listeners.https", ANNOUNCED),
    ];
    let stage = super::arranged(&settings, &[]).await;
    let mut own = Wire::connect(stage.edge.http()).await;
    own.send(v2(0x20, 0, &[])).await;
    let head = seen(&stage, &mut own, "").await;
    assert_eq!(head.one("x-forwarded-for"), Some("127.0.0.1"));
    let mut claims = Wire::connect(stage.edge.http()).await;
    claims.send(v1(CLIENT)).await;
    ends(claims).await;
    refused(&stage, "untrusted", 1.0).await;
    // That is how it proves its service.
    stage
        .edge
        .counts("lockgate_proofs_total", &[("result", "ok")], 1.0)
        .await;
}

#[tokio::test]
async fn what_is_no_header_ends_the_connection() {
    let stage = announced(&[]).await;
    let long = format!("PROXY UNKNOWN {}", "x".repeat(200));
    let cases = [
        ("missing", asking("").into_bytes()),
        ("missing", Hello::named(PLAY).record()),
        (
            "malformed",
            b"PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n".to_vec(),
        ),
        ("malformed", v2(0x31, 0x11, &[0; 12])),
        ("malformed", v2(0x21, 0x11, &[0; 11])),
        ("too_long", long.into_bytes()),
        ("too_long", v2(0x20, 0, &[0; 4096])),
    ];
    for address in [stage.edge.http(), stage.edge.https()] {
        for (_, bytes) in &cases {
            ends(Wire::new(begun(address, bytes).await)).await;
        }
        drop(begun(address, b"PROXY TCP4").await);
    }
    refused(&stage, "missing", 4.0).await;
    refused(&stage, "malformed", 6.0).await;
    refused(&stage, "too_long", 4.0).await;
    refused(&stage, "client_gone", 2.0).await;
}

/// A proxy that says nothing, or half of a header.
#[tokio::test]
async fn a_header_has_a_deadline() {
    let settings = [
        ("listeners.trusted", super::TRUSTED),
        ("listeners.http", ANNOUNCED),
        ("listeners.https", ANNOUNCED),
        ("timeouts.handshake", r#""300ms""#),
        ("timeouts.headers", r#""300ms""#),
    ];
    let stage = super::arranged(&settings, &[]).await;
    for address in [stage.edge.http(), stage.edge.https()] {
        for bytes in [&b""[..], b"PROXY TCP4 ", b"\r\n\r\n\0\r\nQUIT\n\x21\x11"] {
            ends(Wire::new(begun(address, bytes).await)).await;
        }
    }
    refused(&stage, "timeout", 6.0).await;
}

/// Each client has its limit, and the proxy, which has many, none.
#[tokio::test]
async fn limits_count_the_client_of_the_header() {
    let settings = [
        ("listeners.trusted", super::TRUSTED),
        ("listeners.http", ANNOUNCED),
        ("limits.connections_per_client", "2"),
    ];
    let stage = super::arranged(&settings, &[]).await;
    let mut held = Vec::new();
    for number in 1..=4 {
        for _ in 0..2 {
            let header = v1(&format!("203.0.113.{number}"));
            let mut wire = Wire::new(begun(stage.edge.http(), header).await);
            seen(&stage, &mut wire, "").await;
            held.push(wire);
        }
    }
    ends(Wire::new(begun(stage.edge.http(), v1("203.0.113.1")).await)).await;
    let labels = [("limit", "connections_per_client")];
    stage
        .edge
        .counts("lockgate_limits_reached_total", &labels, 1.0)
        .await;
    for _ in 0..4 {
        let mut own = Wire::new(begun(stage.edge.http(), v2(0x20, 0, &[])).await);
        seen(&stage, &mut own, "").await;
        held.push(own);
    }
    // Whoever leaves makes room.
    held.remove(0);
    is_admitted(&stage, "203.0.113.1").await;
}

/// Waits until a client's connections are served, by asking for no domain of ours.
async fn is_admitted(stage: &Stage, client: &str) {
    eventually(PATIENCE, "an answer", async || {
        let mut wire = Wire::new(begun(stage.edge.http(), v1(client)).await);
        wire.try_send(get("unknown.test", "/")).await.ok()?;
        wire.try_response().await.ok().map(drop)
    })
    .await;
}

#[tokio::test]
async fn headers_from_nobody_are_a_mistake() {
    let config = ConfigDir::new().set("listeners.http", ANNOUNCED);
    config.domain(&Domain::named(PLAY).origin("demo:"));
    let check = outcome("check", &config.path()).await;
    assert_eq!(check.code, Some(1), "{check:?}");
    let hint = "add trusted = [\"10.0.0.0/8\"]";
    assert!(check.text().contains(hint), "{check:?}");
}

/// Networks may be added while it runs.
#[tokio::test]
async fn trust_changes_with_a_reload() {
    let settings = [
        ("listeners.trusted", r#"["192.0.2.1"]"#),
        ("listeners.http", ANNOUNCED),
    ];
    let mut stage = super::arranged(&settings, &[]).await;
    ends(Wire::new(begun(stage.edge.http(), v1(CLIENT)).await)).await;
    let config = stage.edge.config;
    stage.edge.config = config.set("listeners.trusted", super::TRUSTED);
    is_admitted(&stage, CLIENT).await;
}
