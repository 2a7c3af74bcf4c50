use std::fs;

use serde_json::{Value, json};

use super::{Api, files};
use crate::support::{Edge, PLAY, Stage, has_namespaces};

const OTHER: &str = "/domains/other.test";

/// From nothing to served, changed, and gone: each is in place with the answer.
#[tokio::test]
async fn a_domain_is_added_changed_and_removed() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let body = json!({ "name": "other.test", "origins": ["demo:"], "remarks": "ours" });
    let added = api.make("POST", "/domains", body).await;
    assert_eq!(
        (&added["generation"], &added["dry_run"]),
        (&json!(2), &json!(false))
    );
    let change = &added["domains"][0];
    assert_eq!(
        (&change["name"], &change["result"]),
        (&json!("other.test"), &json!("added"))
    );
    assert_eq!(
        (&change["before"], &change["after"]["state"]),
        (&Value::Null, &json!("unbound"))
    );
    assert_eq!(edge.plain("other.test", "/").await.status(), 200);
    assert_eq!(
        files(edge, "domains"),
        ["other.test.toml", &format!("{PLAY}.toml")]
    );
    let set = json!({ "http": "redirect", "certificate": "play", "allow_mismatch": true });
    let changed = api.make("PATCH", OTHER, set).await;
    assert_eq!(changed["domains"][0]["after"]["state"], "serving");
    assert_eq!(edge.plain("other.test", "/").await.status(), 302);
    let removed = api.make("DELETE", OTHER, Value::Null).await;
    assert_eq!(removed["domains"][0]["result"], "removed");
    assert_eq!(removed["domains"][0]["after"], Value::Null);
    assert_eq!(edge.plain("other.test", "/").await.status(), 404);
    assert_eq!(files(edge, "domains"), [format!("{PLAY}.toml")]);
    assert_eq!(api.generation().await, 4);
}

/// Origins for tcp listeners are a table under names of the operator's choice.
#[tokio::test]
async fn origins_for_tcp_listeners_are_set_and_removed() {
    let listener = ("listeners.tcp.rtmps", r#"["127.0.0.1:0"]"#);
    let stage = Stage::with(&[listener]).await;
    let (edge, api, target) = (&stage.edge, Api(&stage.edge), format!("/domains/{PLAY}"));
    let served = async || {
        let tls = stage.client().connect(edge.tcp("rtmps"), PLAY).await;
        tls.is_ok()
    };
    assert!(!served().await);
    for url in [
        stage.origin.tcp_url(),
        "tls://live.example.com:443".to_owned(),
    ] {
        let set = json!({ "tcp": { "rtmps": [url] }, "timeouts": { "tcp_idle": "1h" } });
        api.make("PATCH", &target, set).await;
        let file = fs::read_to_string(edge.config.join(&format!("domains/{PLAY}.toml")));
        let line = format!("rtmps = [\"{url}\"]");
        assert!(file.expect("it is there").contains(&line));
        assert!(served().await);
    }
    let wrong = json!({ "tcp": { "rtmps": ["127.0.0.1:1935"] } });
    let refused = api.fails("PATCH", &target, wrong).await;
    assert_eq!(refused, (422, "invalid_configuration".to_owned()));
    assert!(served().await);
    let set = json!({ "tcp": { "rtmps": null } });
    api.make("PATCH", &target, set).await;
    assert!(!served().await);
}

/// A file that somebody keeps by hand stays theirs, but for the key that is changed.
#[tokio::test]
async fn what_was_written_by_hand_stays() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let text = "# our domains\n\n[[domain]] # the first\nname = 'a.test' # !\norigins = [\n  \
                \"demo:\", # built in\n]\n\n# the second\n[[domain]]\norigins = [\"demo:\"]\n\
                name = \"b.test\"\nremarks = \"old\" # changes\n";
    edge.config.write("domains/hand.toml", text);
    edge.counts("lockgate_domains", &[], 3.0).await;
    let set = json!({ "remarks": "new", "https": false });
    api.make("PATCH", "/domains/b.test", set).await;
    let expected = text.replace("\"old\" # changes\n", "\"new\" # changes\nhttps = false\n");
    let read = || fs::read_to_string(edge.config.join("domains/hand.toml")).expect("it is there");
    assert_eq!(read(), expected);
    api.make("DELETE", "/domains/b.test", Value::Null).await;
    let rest = &text[..text.find("\n# the second").expect("it was there")];
    assert_eq!(read(), rest);
}

/// Who has not seen the newest version does not overwrite it.
#[tokio::test]
async fn an_update_that_was_not_seen_is_not_lost() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let target = format!("/domains/{PLAY}");
    let tag = api.tag(&target).await;
    let read = || {
        let path = edge.config.join(&format!("domains/{PLAY}.toml"));
        fs::read_to_string(path).expect("it is there")
    };
    edge.config.write(
        &format!("domains/{PLAY}.toml"),
        read() + "remarks = \"by hand\"\n",
    );
    let if_match = [("If-Match", &*tag)];
    let set = json!({ "remarks": "by a tool" });
    let refused = api
        .fails_with("PATCH", &target, &if_match, set.clone())
        .await;
    assert_eq!(refused, (412, "other_version".to_owned()));
    let refused = api
        .fails_with("DELETE", &target, &if_match, Value::Null)
        .await;
    assert_eq!(refused, (412, "other_version".to_owned()));
    assert!(read().contains("by hand"));
    let tag = api.tag(&target).await;
    let done = api
        .ask("PATCH", &target, &[("If-Match", &*tag)], &set)
        .await;
    assert_eq!(done.status(), 200, "{}", done.text());
    assert!(read().contains("by a tool"));
}

/// A dry run tells what would come of it, and does nothing.
#[tokio::test]
async fn a_dry_run_does_nothing() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let target = format!("/domains/{PLAY}?dry_run=true");
    let off = api.make("PATCH", &target, json!({ "https": false })).await;
    assert_eq!(
        (&off["dry_run"], &off["generation"]),
        (&json!(true), &json!(1))
    );
    let change = &off["domains"][0];
    assert_eq!(change["before"]["state"], "serving");
    assert_eq!(change["after"]["state"], "off");
    let gone = api.make("DELETE", &target, Value::Null).await;
    assert_eq!(gone["domains"][0]["after"], Value::Null);
    let failed = api.fails("PATCH", &target, json!({ "http": "x" })).await;
    assert_eq!(failed, (422, "invalid_configuration".to_owned()));
    assert_eq!(api.generation().await, 1);
    assert_eq!(
        edge.status(&format!("/domains/{PLAY}")).await["state"],
        "serving"
    );
    assert_eq!(files(edge, "domains"), [format!("{PLAY}.toml")]);
}

/// A wildcard has a `*` in its name, but not in its file's.
#[tokio::test]
async fn a_wildcard_is_a_domain_like_others() {
    let stage = Stage::new().await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let body = json!({ "name": "*.live.test", "origins": ["demo:"] });
    api.make("POST", "/domains", body).await;
    let expected = [format!("{PLAY}.toml"), "wildcard.live.test.toml".to_owned()];
    assert_eq!(files(edge, "domains"), expected);
    let target = "/domains/%2A.live.test";
    let done = api
        .make("PATCH", target, json!({ "remarks": "all of them" }))
        .await;
    assert_eq!(done["domains"][0]["name"], "*.live.test");
    assert_eq!(edge.plain("any.live.test", "/").await.status(), 200);
    api.make("DELETE", target, Value::Null).await;
    assert_eq!(files(edge, "domains"), [format!("{PLAY}.toml")]);
}

/// Where nothing can be written, a change says so, and what was there stays whole.
#[tokio::test]
async fn a_disk_that_takes_nothing_changes_nothing() {
    if !has_namespaces() {
        return;
    }
    let start = async |config| Edge::start_in_namespace("true", config).await;
    let stage = Stage::started(&[], |_, _, _| {}, start).await;
    let (edge, api) = (&stage.edge, Api(&stage.edge));
    let domains = edge.config.join("domains");
    let read = || fs::read_to_string(domains.join(format!("{PLAY}.toml"))).expect("it is there");
    let before = read();
    let play = format!("/domains/{PLAY}");
    let set = json!({ "remarks": "x".repeat(100_000) });
    let (directory, kept) = (domains.display(), edge.config.outside("kept"));
    let kept = kept.display();
    let read_only =
        format!("mount --bind {directory} {directory}\nmount -o remount,bind,ro {directory}");
    let full = format!(
        "mkdir {kept} && cp {directory}/* {kept} && umount {directory}\n\
         mount -t tmpfs -o size=16k none {directory} && cp {kept}/* {directory}"
    );
    for (mount, status, code) in [(read_only, 500, "not_writable"), (full, 507, "no_space")] {
        edge.program.in_namespace(&mount);
        let failed = api.fails("PATCH", &play, set.clone()).await;
        assert_eq!(failed, (status, code.to_owned()));
        assert_eq!(edge.status(&play).await["remarks"], "");
        assert_eq!(edge.status(&play).await["state"], "serving");
    }
    assert_eq!(read(), before);
}
