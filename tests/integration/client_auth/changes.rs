//! Roots and rules of client certificates that are bad, or become others while clients are there.

use rustls::version::TLS12;

use super::{ASKED, BOTH, Club, OPEN, OPTIONAL, REQUIRED};
use crate::support::{Ca, PATIENCE, TlsClient, UNRECOGNIZED, eventually};

/// Without roots nobody can be verified: a domain that was never good is closed.
#[tokio::test]
async fn roots_that_were_never_good_close_the_domain() {
    let cases: [(Option<&str>, &str); 3] = [
        (None, "unreadable"),
        (Some("no PEM"), "empty_file"),
        (Some("-----BEGIN CERTIFICATE-----\nAA"), "invalid_pem"),
    ];
    for (roots, reason) in cases {
        let club = Club::with_roots(|_| roots.map(str::to_owned)).await;
        for name in BOTH {
            for client in [club.anonymous(), club.verified()] {
                let tls = client.connect(club.edge.https(), name).await;
                assert_eq!(tls.map(drop), Err(UNRECOGNIZED), "{name}, {reason}");
            }
            let labels = [("kind", "domain"), ("name", name), ("reason", reason)];
            let metrics = club.edge.metrics().await;
            assert!(metrics.find("lockgate_quarantined", &labels), "{labels:?}");
        }
        assert_eq!(club.edge.plain(REQUIRED, "/").await.status(), 403);
        assert_eq!(club.edge.plain(OPTIONAL, "/").await.status(), 200);
        assert_eq!(club.status(&club.anonymous(), OPEN).await, Some(200));

        club.edge.config.write("clients.pem", club.clients.pem());
        let served = Some(200);
        club.eventually_status(club.verified(), REQUIRED, served)
            .await;
        assert_eq!(club.status(&club.anonymous(), REQUIRED).await, None);
    }
}

/// What was good stays, until there is something better.
#[tokio::test]
async fn roots_that_become_bad_change_nothing() {
    let club = Club::start().await;
    let client = club.verified();
    assert_eq!(club.status(&client, REQUIRED).await, Some(200));
    for (content, reason) in [(Some("no PEM"), "empty_file"), (None, "unreadable")] {
        match content {
            Some(content) => club.edge.config.write("clients.pem", content),
            None => club.edge.config.remove("clients.pem"),
        }
        let quarantined = [("name", REQUIRED), ("reason", reason)];
        club.edge.log().wait(&quarantined).await;
        assert_eq!(club.status(&club.verified(), REQUIRED).await, Some(200));
        assert_eq!(club.status(&club.anonymous(), REQUIRED).await, None);
        let tls = client.connect(club.edge.https(), REQUIRED).await;
        assert!(tls.expect("a handshake").is_resumed());
        // For the next ticket.
        assert_eq!(club.status(&client, REQUIRED).await, Some(200));
    }
}

/// A session is as good as the certificates that it was verified by.
#[tokio::test]
async fn a_ticket_from_before_other_rules_is_refused() {
    let club = Club::start().await;
    let newcomers = Ca::new();
    let both = format!("{}{}", club.clients.pem(), newcomers.pem());
    let resumes = async |client: &TlsClient, name| {
        let tls = client.connect(club.edge.https(), name).await;
        tls.expect("a handshake").is_resumed()
    };
    let tickets = [(); 2].map(|()| TlsClient::speaking(&club.ca, &TLS12).showing(&club.member));
    for client in &tickets {
        assert_eq!(club.status(client, REQUIRED).await, Some(200));
        assert!(resumes(client, REQUIRED).await);
    }
    club.edge.config.write("clients.pem", both);
    let newcomer = club.anonymous().showing(&newcomers.issue(&["newcomer"]));
    club.eventually_status(newcomer.clone(), REQUIRED, Some(200))
        .await;
    assert!(!resumes(&tickets[0], REQUIRED).await, "other roots");

    club.edge.config.write("clients.pem", newcomers.pem());
    club.eventually_status(club.verified(), REQUIRED, None)
        .await;
    assert_eq!(club.status(&tickets[0], REQUIRED).await, None);
    assert_eq!(club.status(&tickets[1], REQUIRED).await, None);
    assert_eq!(club.status(&newcomer, REQUIRED).await, Some(200));

    // A ticket of an anonymous client is no way around a certificate.
    let anonymous = club.anonymous();
    assert_eq!(club.status(&anonymous, OPEN).await, Some(200));
    let closed = club.domain(OPEN).with("tls", ASKED);
    club.edge.config.domain(&closed);
    club.eventually_status(club.anonymous(), OPEN, None).await;
    assert_eq!(club.status(&anonymous, OPEN).await, None);
}

/// Whoever was let in under other rules is asked to leave, as when HTTPS is switched off.
#[tokio::test]
async fn connections_from_before_stricter_rules_end() {
    let club = Club::start().await;
    let mut running = club.http2(club.anonymous(), OPEN).await;
    let mut verified = club.http2(club.verified(), REQUIRED).await;
    assert_eq!(running.get(OPEN, "/").await.status(), 200);
    assert_eq!(verified.get(REQUIRED, "/").await.status(), 200);
    let closed = club.domain(OPEN).with("tls", ASKED);
    club.edge.config.domain(&closed);
    club.eventually_status(club.anonymous(), OPEN, None).await;
    eventually(PATIENCE, "GOAWAY", async || {
        running.is_going_away().await.then_some(())
    })
    .await;
    // Looser rules are no reason to go.
    let open = club.domain(REQUIRED).with("tls", "{}");
    club.edge.config.domain(&open);
    club.eventually_status(club.anonymous(), REQUIRED, Some(200))
        .await;
    assert_eq!(verified.get(REQUIRED, "/").await.status(), 200);
    assert!(verified.is_open().await);
}
