//! A sound version that is worse than the one in use is held back until somebody insists.

use super::{BYSTANDER, Scene, domain};
use crate::support::{Answer, Hello, Pair};

/// Asserts that a version of the bystander's certificate is held back for this reason, and adopted
/// when `certificate.toml` says so.
async fn assert_held(reason: &str, make: fn(&Scene) -> Pair) {
    let scene = Scene::start().await;
    let (config, name) = (&scene.edge.config, domain(BYSTANDER));
    let pair = make(&scene);
    config.install(BYSTANDER, &pair);
    let fields = [
        ("message", "quarantined"),
        ("kind", "certificate"),
        ("name", BYSTANDER),
        ("reason", reason),
    ];
    let line = scene.edge.log().wait(&fields).await;
    let hint = line.field("error");
    assert!(
        hint.contains("force = true into certificate.toml"),
        "{hint}"
    );
    scene
        .edge
        .counts("lockgate_quarantined", &fields[1..], 1.0)
        .await;
    assert_eq!(scene.fault(&name).await, None);

    let options = format!("certificates/{BYSTANDER}/certificate.toml");
    config.write(&options, "force = true");
    scene
        .edge
        .counts("lockgate_quarantined", &fields[1..3], 0.0)
        .await;
    let answer = async || Hello::named(&name).ask(scene.edge.https()).await;
    let forced = Answer::Leaf(pair.fingerprint());
    crate::support::eventually(super::PATIENCE, "the forced leaf", async || {
        (answer().await == forced).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_that_expires_sooner() {
    assert_held("expires_sooner", |scene| {
        scene.ca.issue_for_years(&[&domain(BYSTANDER)], 2020, 2099)
    })
    .await;
}

#[tokio::test]
async fn one_that_is_not_valid_yet() {
    assert_held("not_yet_valid", |scene| {
        scene.ca.issue_early(&[&domain(BYSTANDER)])
    })
    .await;
}

/// Forced, the domain that would be left without keeps what it has.
#[tokio::test]
async fn one_that_loses_a_name_that_is_bound() {
    let scene = Scene::start().await;
    let (config, name) = (&scene.edge.config, domain(BYSTANDER));
    config.install(BYSTANDER, &scene.ca.issue(&["else.test"]));
    let held = [("name", BYSTANDER), ("reason", "loses_bound_name")];
    scene.edge.counts("lockgate_quarantined", &held, 1.0).await;
    assert_eq!(scene.fault(&name).await, None);
    let options = format!("certificates/{BYSTANDER}/certificate.toml");
    config.write(&options, "force = true");
    let uncovered = [("name", &*name), ("reason", "name_not_covered")];
    scene
        .edge
        .counts("lockgate_quarantined", &uncovered, 1.0)
        .await;
    scene.edge.counts("lockgate_quarantined", &held, 0.0).await;
    assert_eq!(scene.fault(&name).await, None);
}
