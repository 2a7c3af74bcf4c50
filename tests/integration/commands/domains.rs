use std::fs;

use super::{run, says, told};
use crate::support::{Domain, PLAY, Stage};

#[tokio::test]
async fn a_domain_is_added_changed_and_removed() {
    let stage = Stage::new().await;
    let edge = &stage.edge;
    let add = format!(
        "domains add b.test --origin {} --certificate play --set allow_mismatch=true --remarks new",
        stage.origin.url()
    );
    let would = says(
        edge,
        &format!("{add} --dry-run"),
        0,
        &["added", "nothing was done"],
    )
    .await;
    assert_eq!(would.stderr, "");
    assert!(!edge.config.join("domains/b.test.toml").exists());
    let words = [
        "DOMAIN",
        "b.test",
        "added",
        "serving (play)",
        "generation 2",
    ];
    says(edge, &add, 0, &words).await;
    says(edge, "domains show b.test", 0, &["serving", "new"]).await;

    let path = edge.config.join("domains/b.test.toml");
    let text = fs::read_to_string(&path).expect("it has a file") + "# by hand\n";
    edge.config.write("domains/b.test.toml", text);
    let set = "domains set b.test --http redirect --unset remarks --set tls.min_version=\"1.3\"";
    says(edge, set, 0, &["b.test", "changed"]).await;
    let text = fs::read_to_string(&path).expect("it has a file");
    for words in [
        "http = \"redirect\"",
        "tls.min_version = \"1.3\"",
        "# by hand",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("remarks"), "{text}");
    let set = told(edge, "domains set b.test --https off", 0).await;
    assert_eq!(set["domains"][0]["after"]["state"], "off");

    let words = ["removed", "off (play)", "-"];
    says(edge, "domains remove b.test --yes", 0, &words).await;
    assert!(!path.exists());
    let gone = ["no domain has this name", "/api/v1/domains?filter"];
    says(edge, "domains show b.test", 2, &gone).await;
}

#[tokio::test]
async fn a_list_has_all_domains_however_many_parts_it_comes_in() {
    const MORE: usize = 1_500;
    let stage = Stage::arranged(&[], |config, _, origin| {
        let tables = (0..MORE).map(|number| {
            Domain::named(&format!("d{number}.test"))
                .origin(origin.url())
                .to_string()
        });
        config.write("domains/more.toml", tables.collect::<String>());
    })
    .await;
    let edge = &stage.edge;
    let list = run(edge, "domains list").await;
    let lines: Vec<_> = list.stdout.lines().collect();
    assert_eq!(lines.len(), 1 + MORE + 1, "{}", lines.len());
    assert!(lines[0].starts_with("DOMAIN "), "{}", lines[0]);
    let columns: Vec<_> = lines[0..2]
        .iter()
        .map(|line| line.split_whitespace().count())
        .collect();
    assert_eq!(columns, [7, 7], "{:?}", &lines[..2]);
    // The last one is in the last part.
    let play = lines.iter().find(|line| line.starts_with(PLAY));
    assert!(play.is_some_and(|line| line.contains("serving")));

    let list = told(edge, "domains list", 0).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(MORE + 1));
    assert_eq!(
        (&list["total"], &list["next"]),
        (&(MORE + 1).into(), &().into())
    );
    let some = told(edge, "domains list --filter D149", 0).await;
    assert_eq!(some["total"], 11);
    let none = run(edge, "domains list --filter nothing").await;
    assert_eq!(none.stdout.lines().count(), 1, "{none:?}");
    let show = told(edge, "domains show play.example.test", 0).await;
    assert_eq!(show["name"], PLAY);
}

/// What the configuration does not take is refused as a whole, with each place.
#[tokio::test]
async fn what_the_configuration_does_not_take_is_told_with_its_place() {
    let stage = Stage::new().await;
    let edge = &stage.edge;
    let words = [
        "the configuration does not take it",
        "domains/play.example.test.toml:",
        "orginis",
        "origins",
    ];
    let set = format!("domains set {PLAY} --set orginis=[\"demo:\"]");
    let refused = says(edge, &set, 2, &words).await;
    assert_eq!(refused.stdout, "");
    let json = told(edge, &set, 2).await;
    assert_eq!(json["code"], "invalid_configuration");
    let again = format!("domains add {PLAY} --origin demo:");
    assert_eq!(told(edge, &again, 2).await["status"], 409);
    says(edge, "domains set none.test --https off", 2, &["none.test"]).await;
    says(
        edge,
        "domains add not/one --origin demo:",
        2,
        &["not/one", "write a host name"],
    )
    .await;
}
