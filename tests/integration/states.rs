//! The state table, row by row.

use crate::support::{
    ALERT_112, Answer, Ca, ConfigDir, Domain, Edge, Hello, Responder, TlsClient, Wire, get,
};

/// What a row says.
struct Row {
    domain: &'static str,
    /// Served over TLS, or refused with alert 112.
    secure: bool,
    /// The status over plain HTTP.
    plain: u16,
    /// The status of plain HTTP that arrives on an https listener.
    plain_on_https: u16,
}

const TABLE: [Row; 10] = [
    Row::new("on.test", true, 200, 302),
    Row::new("redirecting.test", true, 302, 302),
    Row::new("off.test", false, 200, 200),
    Row::new("off-redirecting.test", false, 200, 200),
    Row::new("missing.test", false, 200, 200),
    Row::new("missing-off.test", false, 200, 200),
    Row::new("expired-redirecting.test", false, 200, 200),
    Row::new("broken-redirecting.test", false, 200, 200),
    Row::new("unbound-redirecting.test", false, 200, 200),
    Row::new("unknown.test", false, 404, 404),
];

impl Row {
    const fn new(domain: &'static str, secure: bool, plain: u16, plain_on_https: u16) -> Self {
        Self {
            domain,
            secure,
            plain,
            plain_on_https,
        }
    }
}

/// All domains of the table but the unknown one.
struct Domains {
    ca: Ca,
    edge: Edge,
}

impl Domains {
    async fn start(config: ConfigDir) -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let pair = ca.issue(&[
            "on.test",
            "redirecting.test",
            "off.test",
            "off-redirecting.test",
        ]);
        config.install("good", &pair);
        config.write("certificates/broken/fullchain.pem", "no certificate");
        config.write("certificates/broken/privkey.pem", &pair.key);
        let expired = ca.issue_expired(&["expired-redirecting.test"]);
        config.install("expired", &expired);
        let domain = |name| Domain::named(name).origin(origin.url());
        let good = |name| domain(name).certificate("good");
        for domain in [
            good("on.test"),
            good("redirecting.test").redirecting(),
            good("off.test").https(false),
            good("off-redirecting.test").https(false).redirecting(),
            domain("missing.test").certificate("missing"),
            domain("missing-off.test")
                .certificate("missing")
                .https(false),
            domain("broken-redirecting.test")
                .certificate("broken")
                .redirecting(),
            domain("expired-redirecting.test")
                .certificate("expired")
                .with("on_expiry", "\"http\"")
                .redirecting(),
            domain("unbound-redirecting.test").https(true).redirecting(),
        ] {
            config.domain(&domain);
        }
        let edge = Edge::start(config).await;
        Self { ca, edge }
    }
}

#[tokio::test]
async fn each_row_over_tls() {
    let domains = Domains::start(ConfigDir::new()).await;
    for Row { domain, secure, .. } in TABLE {
        let https = domains.edge.https();
        if secure {
            let tls = TlsClient::trusting(&domains.ca)
                .connect(https, domain)
                .await;
            let mut wire = tls
                .unwrap_or_else(|error| panic!("{domain}: {error:?}"))
                .http1();
            assert_eq!(wire.get(domain, "/").await.text(), "hello", "{domain}");
        } else {
            let answer = Hello::named(domain).ask(https).await;
            let refused = Answer::Refused(ALERT_112.to_vec());
            assert_eq!(answer, refused, "{domain}: the same bytes for all");
        }
    }
}

#[tokio::test]
async fn each_row_over_plain_http() {
    let domains = Domains::start(ConfigDir::new()).await;
    for row in TABLE {
        let response = domains.edge.plain(row.domain, "/live/a.flv").await;
        assert_eq!(response.status(), row.plain, "{}", row.domain);
        let location = response.head.one("location");
        assert_eq!(location.is_some(), row.plain == 302, "{}", row.domain);
    }
}

#[tokio::test]
async fn each_row_over_plain_http_on_an_https_listener() {
    let domains = Domains::start(ConfigDir::new()).await;
    for row in TABLE {
        let mut wire = Wire::connect(domains.edge.https()).await;
        let response = wire.get(row.domain, "/live/a.flv").await;
        assert_eq!(response.status(), row.plain_on_https, "{}", row.domain);
    }
}

#[tokio::test]
async fn a_listener_may_reject_plain_http() {
    let rejecting = r#"[{ address = "127.0.0.1:0", plain_http = "reject" }]"#;
    let domains = Domains::start(ConfigDir::new().set("listeners.https", rejecting)).await;
    for row in TABLE {
        let mut wire = Wire::connect(domains.edge.https()).await;
        assert_eq!(
            wire.get(row.domain, "/").await.status(),
            400,
            "{}",
            row.domain
        );
    }
}

/// Neither the edge nor the origin leaves anything in a browser that outlives the configuration.
#[tokio::test]
async fn no_answer_sticks_in_a_browser() {
    let domains = Domains::start(ConfigDir::new()).await;
    let tls = TlsClient::trusting(&domains.ca)
        .connect(domains.edge.https(), "on.test")
        .await;
    let mut secure = tls.expect("a handshake").http1();
    let responses = [
        secure.get("on.test", "/").await,
        domains.edge.plain("on.test", "/").await,
        domains.edge.plain("redirecting.test", "/").await,
    ];
    for response in responses {
        let head = &response.head;
        assert_eq!(head.one("strict-transport-security"), None, "{head:?}");
        assert_eq!(head.one("alt-svc"), None, "{head:?}");
    }
}

#[tokio::test]
async fn what_is_neither_tls_nor_http_gets_no_further() {
    let domains = Domains::start(ConfigDir::new()).await;
    for garbage in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"\x80\x2e\x01\0\x02",
        b"SSH-2.0-x\r\n\r\n",
    ] {
        let mut wire = Wire::connect(domains.edge.https()).await;
        wire.send(garbage).await;
        wire.finish().await;
        let answer = wire.closed().await;
        let refused = answer.is_empty() || answer.starts_with(b"HTTP/1.1 400");
        assert!(refused, "{:?}", String::from_utf8_lossy(&answer));
    }
    let mut wire = Wire::connect(domains.edge.https()).await;
    wire.send(get("off.test", "/")).await;
    assert_eq!(wire.response().await.status(), 200, "the listener goes on");
}
