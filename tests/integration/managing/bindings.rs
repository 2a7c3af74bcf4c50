use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{Api, files, pairs};
use crate::support::{Domain, Stage, UNRECOGNIZED};
use crate::timing::Figures;

/// A pasted certificate for three of five domains; of the others one has no such name, and one is
/// not there.
#[tokio::test]
async fn a_certificate_is_configured_for_the_domains_that_it_covers() {
    let stage = Stage::arranged(&[], |config, _, origin| {
        for name in ["a.live.test", "b.live.test", "off.live.test", "other.test"] {
            config.domain(&Domain::named(name).origin(origin.url()).redirecting());
        }
        let off = Domain::named("off.live.test")
            .origin(origin.url())
            .https(false);
        config.domain(&off);
    })
    .await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let pair = stage.ca.issue(&["*.live.test"]);
    let all = [
        "a.live.test",
        "b.live.test",
        "off.live.test",
        "other.test",
        "none.test",
    ];
    let body = json!({
        "certificate": "live", "pairs": pairs(&[&pair]), "domains": all, "https": "keep",
    });
    let would = api
        .make("POST", "/bindings?dry_run=true", body.clone())
        .await;
    let done = api.make("POST", "/bindings", body).await;
    for outcome in [&would, &done] {
        let results = outcome["domains"].as_array().expect("a list").iter();
        let results: Vec<_> = results
            .map(|it| format!("{} {} {}", it["name"], it["result"], it["after"]["state"]))
            .collect();
        let expected = [
            r#""a.live.test" "bound" "serving""#,
            r#""b.live.test" "bound" "serving""#,
            r#""none.test" "unknown_domain" null"#,
            r#""off.live.test" "bound" "off""#,
            r#""other.test" "mismatched" "unbound""#,
        ];
        assert_eq!(results, expected);
    }
    assert_eq!(
        (&would["generation"], &done["generation"]),
        (&json!(1), &json!(2))
    );
    for name in ["a.live.test", "b.live.test"] {
        let tls = stage.client().connect(edge.https(), name).await;
        assert_eq!(tls.expect("it is served").leaf(), pair.fingerprint());
        assert_eq!(edge.plain(name, "/").await.status(), 302);
    }
    let off = stage.client().connect(edge.https(), "off.live.test").await;
    assert_eq!(off.map(drop), Err(UNRECOGNIZED));
    // The switch is on by default.
    let body = json!({ "certificate": "live", "domains": ["off.live.test"] });
    let on = api.make("POST", "/bindings", body).await;
    assert_eq!(on["domains"][0]["after"]["state"], "serving");
    let body = json!({ "domains": ["a.live.test", "b.live.test"], "https": "off" });
    let off = api.make("POST", "/bindings", body).await;
    assert_eq!(off["domains"][1]["after"]["state"], "off");
    let body = json!({ "domains": ["a.live.test", "off.live.test"], "certificate": null });
    let unbound = api.make("POST", "/bindings", body).await;
    assert_eq!(unbound["domains"][1]["result"], "unbound");
    assert_eq!(api.generation().await, 5);
}

const COUNT: usize = 1_000;

/// A stage with a thousand more domains in files of their own, and all their names.
async fn thousand() -> (Stage, Vec<String>) {
    let names = (0..COUNT).map(|number| format!("d{number}.live.test"));
    let names: Vec<_> = names.collect();
    let stage = Stage::arranged(&[], |config, ca, origin| {
        config.install("live", &ca.issue(&["*.live.test"]));
        for name in &names {
            config.domain(&Domain::named(name).origin(origin.url()));
        }
    })
    .await;
    (stage, names)
}

/// A thousand domains are bound in one call, and published once.
#[tokio::test]
async fn a_thousand_domains_are_bound_at_once() {
    let (stage, names) = thousand().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let body = json!({ "certificate": "live", "domains": names });
    let done = api.make("POST", "/bindings", body).await;
    let domains = done["domains"].as_array().expect("a list");
    assert_eq!(domains.len(), COUNT);
    assert!(domains.iter().all(|it| it["after"]["state"] == "serving"));
    assert_eq!(done["generation"], 2);
    assert_eq!(edge.status("").await["domains"]["serving"], COUNT + 1);
    assert_eq!(files(edge, "domains").len(), COUNT + 1);
}

/// How long that takes, from the request to the answer.
#[tokio::test]
#[ignore = "timing: run by the bench recipe"]
async fn a_thousand_domains_are_bound_within_2_s() {
    let (stage, names) = thousand().await;
    let api = Api(&stage.edge);
    let mut times = Vec::new();
    for certificate in [Some("live"), None, Some("live"), None, Some("live")] {
        let body = json!({ "certificate": certificate, "domains": names });
        let asked = Instant::now();
        api.make("POST", "/bindings", body).await;
        times.push(asked.elapsed());
    }
    let figures = Figures::of(times);
    figures.report("1,000 domains bound or unbound in one call");
    assert!(figures.percentile(100) < Duration::from_secs(2));
}
