//! Mounts, of which no event tells: a scan finds them.

use std::time::Duration;

use super::{SCAN, rotate, served, write_pair};
use crate::rotation::Prober;
use crate::support::{
    Ca, ConfigDir, Domain, Edge, Origin, PLAY, Pair, Stage, has_namespaces, throughout,
};

async fn start() -> Stage {
    let grace = ("certificates.removal_grace", r#""1s""#);
    let arrange = |config: &ConfigDir, ca: &Ca, origin: &Origin| {
        config.install("other", &ca.issue(&["other.test"]));
        let domain = Domain::named("other.test").origin(origin.url());
        config.domain(&domain.certificate("other"));
    };
    let start = async |config| Edge::start_in_namespace("true", config).await;
    Stage::started(&[SCAN, grace], arrange, start).await
}

fn mount(stage: &Stage, command: &str) {
    stage.edge.program.in_namespace(command);
}

#[tokio::test]
async fn a_mount_over_a_certificates_directory_counts() {
    if !has_namespaces() {
        return;
    }
    let stage = start().await;
    let config = &stage.edge.config;
    let (own, other) = (config.join("certificates/play"), config.outside("mount"));
    let prober = Prober::new(&stage);
    for _ in 0..2 {
        let before = prober.leaf().await;
        let pair = stage.ca.issue(&[PLAY]);
        write_pair(config, &other, &pair);
        mount(
            &stage,
            &format!("mount --bind {} {}", other.display(), own.display()),
        );
        prober.serves(&pair).await;
        let written = |pair: &Pair| write_pair(config, &other, pair);
        rotate(&stage, &[&written]).await;
        mount(&stage, &format!("umount {}", own.display()));
        let back = async { while prober.leaf().await != before {} };
        // What lies below expires at the same time as what was mounted: it is no step back.
        crate::support::within(crate::support::PATIENCE, "what lies below", back).await;
    }
}

/// An empty mount over all certificates is a loss, not a deletion.
#[tokio::test]
async fn an_empty_mount_over_all_certificates_takes_nothing_down() {
    if !has_namespaces() {
        return;
    }
    let stage = start().await;
    let config = &stage.edge.config;
    let all = config.join("certificates");
    for content in ["", "lost+found", "..data"] {
        let make = match content {
            "" => String::new(),
            name => format!("mkdir {}/{name}", all.display()),
        };
        let tmpfs = format!("mount -t tmpfs none {}\n{make}", all.display());
        mount(&stage, &tmpfs);
        let lost = [("reason", "lost")];
        stage.edge.counts("lockgate_quarantined", &lost, 1.0).await;
        let prober = Prober::new(&stage);
        let before = prober.leaf().await;
        let longer_than_grace = Duration::from_secs(3);
        throughout(longer_than_grace, "the last good pair", async || {
            prober.leaf().await == before
        })
        .await;
        mount(&stage, &format!("umount {}", all.display()));
        stage.edge.counts("lockgate_quarantined", &lost, 0.0).await;
        let pair = stage.ca.issue(&["other.test"]);
        config.install("other", &pair);
        served(&stage, "other.test", &pair).await;
    }
}
