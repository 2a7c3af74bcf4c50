//! Session tickets: where they resume, where they do not, and whose keys they are sealed with.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::support::{
    Ca, ConfigDir, Domain, Edge, PATIENCE, Responder, SECOND, TlsClient, UNRECOGNIZED, eventually,
};

const A: &str = "a.example.test";
const B: &str = "b.example.test";

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// Two domains on one certificate.
struct Twins {
    ca: Ca,
    origin: Responder,
    edge: Edge,
}

impl Twins {
    async fn start(settings: &[(&'static str, &str)]) -> Self {
        Self::with_keys(settings, &[]).await
    }

    /// The same with key files in the directory from the start.
    async fn with_keys(settings: &[(&'static str, &str)], keys: &[(&str, u8)]) -> Self {
        let (ca, origin) = (Ca::new(), Responder::start("hello").await);
        let config = settings
            .iter()
            .fold(ConfigDir::new(), |config, (key, value)| {
                config.set(key, value)
            });
        config.install("twins", &ca.issue(&[A, B]));
        for (file, seed) in keys {
            write_key(&config, file, *seed);
        }
        for name in [A, B] {
            config.domain(&domain(name, &origin));
        }
        let edge = Edge::start(config).await;
        Self { ca, origin, edge }
    }

    fn clients(&self) -> [TlsClient; 2] {
        VERSIONS.map(|version| TlsClient::speaking(&self.ca, version))
    }

    fn domain(&self, name: &str) -> Domain {
        domain(name, &self.origin)
    }

    /// Connects and takes an answer, and the ticket that comes with it; whether it was resumed.
    async fn resumes(&self, client: &TlsClient, name: &str) -> bool {
        resumes(&self.edge, client, name).await
    }

    /// Starts the program anew on the same directory.
    async fn restart(self) -> Self {
        let Edge {
            program, config, ..
        } = self.edge;
        drop(program);
        Self {
            edge: Edge::start(config).await,
            ..self
        }
    }

    /// Waits until the keys of tickets have changed so many times since the start.
    async fn other_keys(&self, times: usize) {
        let line = [("message", "published"), ("ticket_keys_changed", "true")];
        self.edge.log().wait_for(1 + times, &line).await;
    }
}

fn domain(name: &str, origin: &Responder) -> Domain {
    Domain::named(name)
        .origin(origin.url())
        .certificate("twins")
}

async fn resumes(edge: &Edge, client: &TlsClient, name: &str) -> bool {
    let tls = client.connect(edge.https(), name).await;
    let tls = tls.expect("the domain is served over TLS");
    let resumed = tls.is_resumed();
    let response = tls.http1().get(name, "/").await;
    assert_eq!(response.text(), "hello", "{name}");
    resumed
}

/// Bytes that could be random, and differ by their seed.
fn write_key(config: &ConfigDir, file: &str, seed: u8) {
    let bytes = (0..48_u8).map(|n| n.wrapping_mul(101) ^ seed);
    config.write(&format!("tickets/{file}"), bytes.collect::<Vec<_>>());
}

const FILES: [(&str, &str); 1] = [("tickets.directory", r#""tickets""#)];

#[tokio::test]
async fn a_session_survives_a_rotation_of_the_certificate() {
    let twins = Twins::start(&[]).await;
    let clients = twins.clients();
    for client in &clients {
        assert!(!twins.resumes(client, A).await, "there is no ticket yet");
        assert!(twins.resumes(client, A).await);
    }
    let pair = twins.ca.issue(&[A, B]);
    twins.edge.config.install("twins", &pair);
    eventually(PATIENCE, "the new certificate", async || {
        let [_, fresh] = twins.clients();
        let tls = fresh.connect(twins.edge.https(), A).await;
        (tls.expect("a handshake").leaf() == pair.fingerprint()).then_some(())
    })
    .await;
    for client in &clients {
        assert!(twins.resumes(client, A).await);
    }
}

#[tokio::test]
async fn a_ticket_of_one_domain_is_nothing_to_another() {
    let twins = Twins::start(&[]).await;
    for client in twins.clients() {
        let client = client.mixing_up_names();
        assert!(!twins.resumes(&client, A).await);
        assert!(twins.resumes(&client, A).await);
        assert!(!twins.resumes(&client, B).await);
    }
}

/// Without SNI rustls has no name to compare: the ticket itself tells.
#[tokio::test]
async fn a_ticket_of_one_default_domain_is_nothing_to_the_next() {
    let (first, second) = (format!("\"{A}\""), format!("\"{B}\""));
    let mut twins = Twins::start(&[("tls.default_domain", &first)]).await;
    let clients = twins.clients().map(TlsClient::without_sni);
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
        assert!(twins.resumes(client, A).await);
    }
    twins.edge.config = twins.edge.config.set("tls.default_domain", &second);
    let published = [("message", "published")];
    twins.edge.log().wait_for(2, &published).await;
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
    }
}

#[tokio::test]
async fn a_ticket_opens_no_domain_that_has_no_https() {
    let twins = Twins::start(&[]).await;
    for without in [
        twins.domain(A).https(false),
        Domain::named(A).origin(twins.origin.url()),
    ] {
        let clients = twins.clients();
        for client in &clients {
            twins.resumes(client, A).await;
            assert!(twins.resumes(client, A).await);
        }
        twins.edge.config.domain(&without);
        for client in &clients {
            eventually(SECOND, "alert 112", async || {
                let tls = client.connect(twins.edge.https(), A).await;
                (tls.map(drop) == Err(UNRECOGNIZED)).then_some(())
            })
            .await;
        }
        twins.edge.config.domain(&twins.domain(A));
        eventually(SECOND, "HTTPS", async || {
            let [_, fresh] = twins.clients();
            let tls = fresh.connect(twins.edge.https(), A).await;
            tls.is_ok().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn key_files_keep_sessions_across_a_restart() {
    let twins = Twins::with_keys(&FILES, &[("1.key", 1)]).await;
    let clients = twins.clients();
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
    }
    let twins = twins.restart().await;
    for client in &clients {
        assert!(twins.resumes(client, A).await);
    }
}

#[tokio::test]
async fn keys_of_its_own_go_with_the_process() {
    let twins = Twins::start(&[]).await;
    let clients = twins.clients();
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
    }
    let twins = twins.restart().await;
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
    }
}

#[tokio::test]
async fn processes_with_the_same_key_files_take_each_others_tickets() {
    let one = Twins::with_keys(&FILES, &[("1.key", 1)]).await;
    let config = ConfigDir::new().set(FILES[0].0, FILES[0].1);
    config.install("twins", &one.ca.issue(&[A, B]));
    config.domain(&one.domain(A));
    write_key(&config, "other-name.key", 1);
    let other = Edge::start(config).await;
    for client in one.clients() {
        assert!(!one.resumes(&client, A).await);
        assert!(resumes(&other, &client, A).await);
        assert!(one.resumes(&client, A).await);
    }
}

#[tokio::test]
async fn the_newest_key_file_seals_and_all_of_them_open() {
    let twins = Twins::with_keys(&FILES, &[("1.key", 1)]).await;
    let [early, late, never] = [(); 3].map(|()| twins.clients());
    for client in early.iter().chain(&never) {
        assert!(!twins.resumes(client, A).await);
    }
    write_key(&twins.edge.config, "2.key", 2);
    twins.other_keys(1).await;
    for client in &early {
        assert!(twins.resumes(client, A).await, "an old key opens");
    }
    for client in &late {
        assert!(!twins.resumes(client, A).await);
    }
    twins.edge.config.remove("tickets/1.key");
    twins.other_keys(2).await;
    for client in early.iter().chain(&late) {
        assert!(twins.resumes(client, A).await, "the new key sealed it");
    }
    for client in &never {
        assert!(!twins.resumes(client, A).await, "the old key is gone");
    }
}

#[tokio::test]
async fn keys_of_its_own_last_for_two_rotations() {
    let mut twins = Twins::start(&[]).await;
    let clients = twins.clients();
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
        assert!(twins.resumes(client, A).await);
    }
    twins.edge.config = twins.edge.config.set("tickets.rotation", r#""200ms""#);
    twins.other_keys(2).await;
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
    }
}

#[tokio::test]
async fn a_file_that_is_no_key_changes_nothing() {
    let twins = Twins::with_keys(&FILES, &[("1.key", 1)]).await;
    let clients = twins.clients();
    for client in &clients {
        assert!(!twins.resumes(client, A).await);
    }
    let config = &twins.edge.config;
    for (content, reason) in [
        (vec![0; 48], "weak_ticket_key"),
        (b"short".to_vec(), "invalid_ticket_key"),
    ] {
        config.write("tickets/2.key", content);
        let quarantined = [("message", "quarantined"), ("reason", reason)];
        twins.edge.log().wait(&quarantined).await;
        for client in &clients {
            assert!(twins.resumes(client, A).await, "{reason}");
        }
    }
    config.remove("tickets");
    let lost = [("message", "quarantined"), ("reason", "unreadable")];
    twins.edge.log().wait(&lost).await;
    for client in &clients {
        assert!(twins.resumes(client, A).await, "the directory is lost");
    }
    write_key(config, "2.key", 2);
    twins.other_keys(1).await;
    for client in &clients {
        assert!(!twins.resumes(client, A).await, "another key");
    }
}
