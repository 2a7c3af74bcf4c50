//! What a newcomer finds: the shipped configuration, its certificates and the demonstration stream.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::support::{
    ConfigDir, Edge, PATIENCE, TlsClient, UNRECOGNIZED, eventually, fingerprint, get, outcome,
};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The shipped domains and certificates, on ports of the system's choice.
async fn start() -> Edge {
    let config = ConfigDir::new();
    for directory in [
        "domains",
        "certificates/play-2026",
        "certificates/live-2026",
    ] {
        copy(&repository("config").join(directory), &config, directory);
    }
    Edge::start(config).await
}

/// Copies all files of a directory, as `cp` does.
fn copy(from: &Path, config: &ConfigDir, to: &str) {
    let files = fs::read_dir(from).expect("the directory is shipped");
    for file in files.map(|file| file.expect("the directory is listed")) {
        let to = config.join(to).join(file.file_name());
        fs::create_dir_all(to.parent().expect("a file stands in a directory"))
            .expect("the directory is made");
        fs::copy(file.path(), to).expect("the file is copied");
    }
}

/// A client that trusts the example CA.
fn client() -> TlsClient {
    let ca = CertificateDer::from_pem_file(repository("certs-example/ca.pem"));
    let mut roots = RootCertStore::empty();
    roots
        .add(ca.expect("the example CA is shipped"))
        .expect("the example CA is a trust anchor");
    TlsClient::with_roots(roots)
}

#[tokio::test]
async fn the_shipped_configuration_has_no_problem() {
    let check = outcome("check", &repository("config")).await;
    assert_eq!(check.code, Some(0), "{check:?}");
}

#[tokio::test]
async fn each_shipped_domain_is_in_a_state_of_its_own() {
    let edge = start().await;
    for (domain, secure, plain) in [
        ("play.localhost", Ok(()), 200),
        ("web.localhost", Ok(()), 302),
        ("off.localhost", Err(UNRECOGNIZED), 200),
        ("unbound.localhost", Err(UNRECOGNIZED), 200),
        ("any.live.localhost", Ok(()), 200),
    ] {
        let tls = client().connect(edge.https(), domain).await;
        assert_eq!(tls.map(drop), secure, "{domain}");
        assert_eq!(edge.plain(domain, "/").await.status(), plain, "{domain}");
    }
}

/// The README's rotation: two files are copied over the old ones.
#[tokio::test]
async fn copying_two_files_rotates_a_certificate() {
    let edge = start().await;
    let new = repository("certs-example/play-2027");
    let leaf = CertificateDer::from_pem_file(new.join("fullchain.pem"));
    let leaf = fingerprint(&leaf.expect("the certificate is shipped"));
    copy(&new, &edge.config, "certificates/play-2026");
    eventually(PATIENCE, "the copied certificate", async || {
        let tls = client().connect(edge.https(), "play.localhost").await;
        let tls = tls.expect("no handshake fails in between");
        (tls.leaf() == leaf).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_demonstration_plays() {
    let edge = start().await;
    let tls = client().connect(edge.https(), "play.localhost").await;
    let mut wire = tls.expect("a handshake").http1();
    assert!(
        wire.get("play.localhost", "/")
            .await
            .text()
            .contains("<video")
    );
    let playlist = wire.get("play.localhost", "/live/demo.m3u8").await.text();
    assert!(playlist.starts_with("#EXTM3U"), "{playlist}");
    let segment = playlist.lines().rfind(|line| line.ends_with(".m4s"));
    let segment = segment.expect("a segment").rsplit('/').next();
    let segment = format!("/live/{}", segment.unwrap_or_default());
    let response = wire.get("play.localhost", &segment).await;
    assert_eq!(
        &response.body[4..8],
        b"moof",
        "{segment}: a fragment of MP4"
    );

    wire.send(get("play.localhost", "/live/demo.flv")).await;
    let head = wire.response().await;
    assert_eq!(head.one("content-type"), Some("video/x-flv"));
    assert_eq!(wire.part(9).await, b"FLV\x01\x05\0\0\0\x09");
    wire.part(100_000).await;
}
