use super::{assert_says, files, run, says, told};
use crate::support::{Domain, PLAY, Stage};

#[tokio::test]
async fn a_certificate_is_added_updated_and_deleted() {
    let stage = Stage::arranged(&[], |config, _, origin| {
        config.domain(&Domain::named("b.test").origin(origin.url()));
    })
    .await;
    let edge = &stage.edge;
    let first = stage.ca.issue(&["b.test"]);
    let options = files(&edge.config, "first", &first);
    let add = format!("certificates add b {options} --remarks ours");
    let would = says(
        edge,
        &format!("{add} --dry-run"),
        0,
        &["added", "nothing was done"],
    )
    .await;
    assert!(!would.text().contains("PRIVATE KEY"), "{would:?}");
    let added = says(
        edge,
        &add,
        0,
        &["certificate b: added", &first.fingerprint(), "b.test"],
    )
    .await;
    assert!(!added.text().contains("PRIVATE KEY"), "{added:?}");
    says(edge, &add, 2, &["already", "certificates update"]).await;
    says(edge, "bind b b.test", 0, &["bound", "serving (b)"]).await;

    let list = run(edge, "certificates list --filter B").await;
    let words = ["CERTIFICATE", "DAYS LEFT", "ecdsa", "b.test"];
    assert_says(&list, 0, &words);
    assert_eq!(list.stdout.lines().count(), 2, "{list:?}");
    assert_eq!(told(edge, "certificates list", 0).await["total"], 2);
    let words = [&*first.fingerprint(), "1: b.test"];
    says(edge, "certificates show b", 0, &words).await;

    let second = stage.ca.issue(&["b.test"]);
    let update = format!(
        "certificates update b {}",
        files(&edge.config, "second", &second)
    );
    let updated = told(edge, &update, 0).await;
    assert_eq!(updated["certificate"]["before"], first.fingerprint());
    assert_eq!(updated["certificate"]["after"], second.fingerprint());
    says(
        edge,
        "certificates update b --remarks x --force",
        0,
        &["stays"],
    )
    .await;
    let text = std::fs::read_to_string(edge.config.join("certificates/b/certificate.toml"));
    let text = text.expect("it is there");
    assert!(
        text.contains("force = true") && text.contains("remarks = \"x\""),
        "{text}"
    );

    let words = ["unbound", "serving (b)", "certificate b: removed"];
    says(edge, "certificates delete b --yes", 0, &words).await;
    says(
        edge,
        "certificates show b",
        2,
        &["no certificate of this name"],
    )
    .await;
    says(
        edge,
        "certificates update b --remarks x",
        2,
        &["certificates add"],
    )
    .await;
    // What works without the process is as it was.
    let history = edge.config.path();
    let history = crate::support::outcome("certificates history b", &history).await;
    assert_says(&history, 0, &["it was deleted"]);
}

#[tokio::test]
async fn files_that_make_no_certificate_are_told_without_the_key() {
    let stage = Stage::new().await;
    let edge = &stage.edge;
    let none = edge.config.outside("none.pem").display().to_string();
    let missing = format!("certificates add c --chain {none} --key {none}");
    says(
        edge,
        &missing,
        2,
        &[&none, "No such file", "check the path"],
    )
    .await;
    let (one, other) = (stage.ca.issue(&["c.test"]), stage.ca.issue(&["c.test"]));
    let mut mixed = stage.ca.issue(&["c.test"]);
    mixed.key.clone_from(&other.key);
    let line = format!(
        "certificates add c {}",
        files(&edge.config, "mixed", &mixed)
    );
    for json in ["", " --json"] {
        let refused = says(edge, &format!("{line}{json}"), 2, &["key"]).await;
        assert!(!refused.text().contains("PRIVATE KEY"), "{refused:?}");
        assert!(!refused.text().contains(&other.key[40..80]), "{refused:?}");
    }
    let chain = files(&edge.config, "one", &one);
    let chain = chain
        .split(" --key")
        .next()
        .expect("it begins with the chain");
    let words = ["1 of --chain and 0 of --key"];
    says(edge, &format!("certificates add c {chain}"), 2, &words).await;
    assert!(!edge.config.join("certificates/c").exists());
    says(
        edge,
        &format!("certificates show {PLAY}"),
        2,
        &["no certificate"],
    )
    .await;
}
