//! Every layout in which tools leave a pair is recognized, and stays so when it is renewed the way
//! that the tool does it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::rotation::Prober;
use crate::support::{ConfigDir, Domain, PLAY, Pair, Stage};

/// Writes the pair of the certificate `c` for the nth time.
type Tool = fn(&ConfigDir, &Pair, usize);

/// Lets a tool write a pair and renew it twice.
async fn adopts(tool: Tool) {
    adopts_as("c", tool).await;
}

async fn adopts_as(name: &str, tool: Tool) {
    let live = format!("[\"certificates\", \"{}\"]", "../outside/live");
    let stage = Stage::with(&[("certificates.directories", &live)]).await;
    let domain = Domain::named(PLAY).origin(stage.origin.url());
    let prober = Prober::new(&stage);
    for version in 1..=3 {
        let pair = stage.ca.issue(&[PLAY]);
        tool(&stage.edge.config, &pair, version);
        stage.edge.config.domain(&domain.clone().certificate(name));
        prober.serves(&pair).await;
    }
}

/// Files of `c`'s own directory.
fn write(config: &ConfigDir, files: &[(&str, &str)]) {
    for (file, content) in files {
        config.write(&format!("certificates/c/{file}"), content);
    }
}

/// certbot: links into an archive, and `cert.pem` and `chain.pem` beside what counts.
#[tokio::test]
async fn certbot() {
    adopts(|config, pair, version| {
        let files = [
            ("cert", pair.leaf.clone()),
            ("chain", pair.issuer.clone()),
            ("fullchain", pair.fullchain()),
            ("privkey", pair.key.clone()),
        ];
        for (kind, content) in &files {
            let target = config.outside(&format!("archive/c/{kind}{version}.pem"));
            config.replace(&target, content.as_bytes());
        }
        config.replace(&config.outside("live/README"), b"read me");
        config.replace(&config.outside("live/c/README"), b"read me");
        for (kind, _) in &files {
            let link = config.outside(&format!("live/c/{kind}.pem"));
            // Not there the first time.
            let _ = fs::remove_file(&link);
            symlink(format!("../../archive/c/{kind}{version}.pem"), link).expect("a link is made");
        }
    })
    .await;
}

/// A Kubernetes Secret: `..data` is swapped, the links to it stay.
#[tokio::test]
async fn kubernetes() {
    adopts(|config, pair, version| {
        let directory = config.join("certificates/c");
        let data = format!("..2026_01_0{version}");
        write(
            config,
            &[
                (&format!("{data}/tls.crt"), &pair.fullchain()),
                (&format!("{data}/tls.key"), &pair.key),
            ],
        );
        symlink(&data, directory.join("..data_tmp")).expect("a link is made");
        fs::rename(directory.join("..data_tmp"), directory.join("..data")).expect("a swap");
        if version == 1 {
            for file in ["tls.crt", "tls.key"] {
                let link = directory.join(file);
                symlink(format!("..data/{file}"), link).expect("a link is made");
            }
        } else {
            config.remove(&format!("certificates/c/..2026_01_0{}", version - 1));
        }
    })
    .await;
}

#[tokio::test]
async fn acme_sh() {
    adopts(|config, pair, _| {
        write(
            config,
            &[
                ("play.example.test.conf", "Le_Domain='play.example.test'"),
                ("play.example.test.csr", "a request"),
                ("play.example.test.key", &pair.key),
                ("play.example.test.cer", &pair.leaf),
                ("ca.cer", &pair.issuer),
                ("fullchain.cer", &pair.fullchain()),
            ],
        );
    })
    .await;
}

#[tokio::test]
async fn leaf_key_and_chain_apart() {
    adopts(|config, pair, _| {
        write(
            config,
            &[
                ("key.pem", &pair.key),
                ("chain.pem", &pair.issuer),
                ("cert.pem", &pair.leaf),
            ],
        );
    })
    .await;
}

#[tokio::test]
async fn chain_and_key() {
    adopts(|config, pair, _| {
        write(
            config,
            &[("cert.pem", &pair.fullchain()), ("key.pem", &pair.key)],
        );
    })
    .await;
}

/// lego names the files by the domain, and keeps the issuer and its own notes beside them.
#[tokio::test]
async fn lego() {
    adopts_as(PLAY, |config, pair, _| {
        let file = |ending| format!("certificates/{PLAY}.{ending}");
        config.write(&file("key"), &pair.key);
        config.write(&file("issuer.crt"), &pair.issuer);
        config.write(&file("json"), "{}");
        config.write(&file("crt"), pair.fullchain());
    })
    .await;
}

/// One file, which HAProxy reads in any order.
#[tokio::test]
async fn one_file_leaf_first() {
    adopts(|config, pair, _| {
        let content = [&*pair.leaf, &*pair.issuer, &*pair.key].concat();
        config.write("certificates/c.pem", content);
    })
    .await;
}

#[tokio::test]
async fn one_file_key_first() {
    adopts(|config, pair, _| {
        let content = [&*pair.key, &*pair.leaf, &*pair.issuer].concat();
        config.write("certificates/c.pem", content);
    })
    .await;
}

#[tokio::test]
async fn one_file_key_between() {
    adopts(|config, pair, _| {
        let content = [&*pair.leaf, &*pair.key, &*pair.issuer].concat();
        config.write("certificates/c.pem", content);
    })
    .await;
}

#[tokio::test]
async fn one_file_issuer_first() {
    adopts(|config, pair, _| {
        let content = [&*pair.issuer, &*pair.leaf, &*pair.key].concat();
        config.write("certificates/c.pem", content);
    })
    .await;
}

/// Comments between the blocks, as `openssl x509 -text` leaves them, and Windows line ends.
#[tokio::test]
async fn one_file_with_other_text_in_it() {
    adopts(|config, pair, _| {
        let text = "Certificate:\n    Data:\n        Version: 3 (0x2)\n";
        let content = [text, &pair.leaf, text, &pair.issuer, &pair.key].concat();
        config.write("certificates/c.pem", content.replace('\n', "\r\n"));
    })
    .await;
}

#[tokio::test]
async fn an_rsa_pair() {
    let stage = Stage::new().await;
    let pair = stage.ca.issue_rsa(&[PLAY]);
    stage.edge.config.install("play", &pair);
    Prober::new(&stage).serves(&pair).await;
}
