use super::{says, told};
use crate::support::{Domain, Kind, PLAY, Stage, Stream, UNRECOGNIZED};

async fn stage() -> Stage {
    Stage::arranged(&[], |config, ca, origin| {
        config.install("live", &ca.issue(&["*.live.test"]));
        for name in ["a.live.test", "b.live.test", "other.test"] {
            let off = Domain::named(name).origin(origin.url()).https(false);
            config.domain(&off);
        }
    })
    .await
}

#[tokio::test]
async fn domains_are_bound_switched_and_unbound() {
    let stage = stage().await;
    let edge = &stage.edge;
    let keep = "bind live a.live.test --keep-https";
    says(edge, keep, 0, &["bound", "off (live)"]).await;
    let words = ["a.live.test", "b.live.test", "bound", "serving (live)"];
    says(edge, "bind live a.live.test b.live.test", 0, &words).await;
    let tls = stage.client().connect(edge.https(), "a.live.test").await;
    tls.expect("it is served over TLS");
    let off = told(edge, "https off a.live.test b.live.test --yes", 0).await;
    assert_eq!(off["domains"][1]["after"]["state"], "off");
    let tls = stage.client().connect(edge.https(), "a.live.test").await;
    assert_eq!(tls.map(drop), Err(UNRECOGNIZED));
    // What nobody loses anything by is not asked about.
    says(
        edge,
        "https on a.live.test",
        0,
        &["changed", "serving (live)"],
    )
    .await;
    says(edge, "https on a.live.test", 0, &["unchanged"]).await;
    says(edge, "unbind a.live.test --yes", 0, &["unbound"]).await;
}

/// What fits goes in; the rest is told with what to do, and by how the command ends.
#[tokio::test]
async fn what_is_not_done_is_told_with_reasons() {
    let stage = stage().await;
    let edge = &stage.edge;
    let bind = "bind live a.live.test other.test none.test";
    let words = [
        "mismatched",
        "unknown_domain",
        "not done for 2 domains",
        "other.test: the certificate is valid for *.live.test",
        "choose a certificate",
        "add it first",
    ];
    says(edge, &format!("{bind} --dry-run"), 1, &words).await;
    says(edge, bind, 1, &words).await;
    assert_eq!(
        told(edge, bind, 1).await["domains"][0]["result"],
        "unchanged"
    );
    says(edge, "domains show a.live.test", 0, &["serving"]).await;
    says(
        edge,
        "bind nothing a.live.test",
        2,
        &["nothing", "list the certificates"],
    )
    .await;
}

/// Without a terminal nobody can be asked whether viewers may go.
#[tokio::test]
async fn what_viewers_notice_takes_a_yes() {
    let stage = Stage::new().await;
    let edge = &stage.edge;
    let mut stream = Stream::start(&stage, Kind::Http1).await;
    for line in [
        &format!("https off {PLAY}"),
        &format!("unbind {PLAY}"),
        &format!("domains remove {PLAY}"),
        "certificates delete play",
    ] {
        let refused = says(
            edge,
            line,
            2,
            &["nobody can be asked", "--yes", "--dry-run"],
        )
        .await;
        assert_eq!(refused.stdout, "", "{line}");
        let would = told(edge, &format!("{line} --dry-run"), 0).await;
        assert_eq!(would["domains"][0]["leaving"], 1, "{line}");
    }
    stream.passes(b"still there").await;
    says(
        edge,
        &format!("https off {PLAY} --dry-run"),
        0,
        &["LEAVING", "off (play)"],
    )
    .await;
}

#[tokio::test]
async fn a_reload_is_answered_when_it_is_done() {
    let stage = Stage::new().await;
    let edge = &stage.edge;
    says(edge, "reload --dry-run", 0, &["nothing was done"]).await;
    says(edge, "reload", 0, &["generation 1"]).await;
    assert_eq!(told(edge, "reload", 0).await["generation"], 1);
}
