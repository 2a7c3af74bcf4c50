//! While no process serves the files, commands change them themselves.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::net::UnixListener;

use super::{assert_says, files};
use crate::support::{
    Ca, ConfigDir, Domain, Edge, Origin, Outcome, PATIENCE, PLAY, TlsClient, eventually, outcome_of,
};

const SOCKET: &str = r#""unix:admin.sock""#;

/// A directory that no process serves.
struct Rest {
    ca: Ca,
    origin: Origin,
    config: ConfigDir,
}

impl Rest {
    async fn new() -> Self {
        let (ca, origin) = (Ca::new(), Origin::start().await);
        let config = ConfigDir::new().set("admin.listen", SOCKET);
        config.install("play", &ca.issue(&[PLAY]));
        config.domain(&Domain::named(PLAY).origin(origin.url()).certificate("play"));
        Self { ca, origin, config }
    }

    async fn run(&self, line: &str) -> Outcome {
        let words: Vec<_> = line.split(' ').collect();
        outcome_of(&words, &self.config.path()).await
    }

    /// Changes something.
    async fn does(&self, line: &str, words: &[&str]) {
        let outcome = self.run(line).await;
        assert_says(&outcome, 0, words);
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
        for words in ["does not run", "this was done on the files directly"] {
            assert!(outcome.stderr.contains(words), "{words} in {outcome:#?}");
        }
        assert!(outcome.stdout.contains("served from the next start on"));
        assert!(!outcome.text().contains("PRIVATE KEY"), "{outcome:#?}");
    }

    /// What a command prints with `--json`.
    async fn told(&self, line: &str) -> Value {
        let outcome = self.run(&format!("{line} --json")).await;
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
        serde_json::from_str(&outcome.stdout).expect("one document of JSON")
    }

    fn state(&self) -> PathBuf {
        self.config.path().join("../state")
    }

    fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.state().join("audit/changes.jsonl"));
        let text = text.unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("lines of JSON")
    }
}

#[tokio::test]
async fn domains_are_changed_and_then_served() {
    let rest = Rest::new().await;
    let add = format!(
        "domains add b.test --origin {} --certificate play --set allow_mismatch=true --remarks new",
        rest.origin.url()
    );
    let would = rest.run(&format!("{add} --dry-run")).await;
    assert_says(&would, 0, &["added", "nothing was done"]);
    assert!(!would.text().contains("directly"), "{would:?}");
    assert!(!rest.config.join("domains/b.test.toml").exists());
    assert!(!rest.state().exists());

    rest.does(&add, &["b.test", "added", "serving (play)"])
        .await;
    let path = rest.config.join("domains/b.test.toml");
    let text = fs::read_to_string(&path).expect("it has a file") + "# by hand\n";
    rest.config.write("domains/b.test.toml", text);
    let set = "domains set b.test --http redirect --unset remarks";
    rest.does(set, &["b.test", "changed"]).await;
    let text = fs::read_to_string(&path).expect("it has a file");
    assert!(
        text.contains("# by hand") && text.contains("redirect"),
        "{text}"
    );
    rest.does("https off b.test --yes", &["off (play)"]).await;
    rest.does("https on b.test", &["serving (play)"]).await;
    rest.does("unbind b.test --yes", &["unbound"]).await;
    rest.does("bind play b.test", &["bound", "serving (play)"])
        .await;
    let remove = format!("domains remove {PLAY} --yes");
    rest.does(&remove, &["removed"]).await;
    let again = rest.run(&remove).await;
    assert_says(
        &again,
        2,
        &["no domain has the name", "nothing was changed"],
    );

    let (ca, edge) = (rest.ca, Edge::start(rest.config).await);
    let domains = edge.status("/domains").await;
    assert_eq!(domains["total"], 1, "{domains}");
    let client = TlsClient::trusting(&ca);
    assert!(client.connect(edge.https(), PLAY).await.is_err());
    assert_eq!(domains["items"][0]["name"], "b.test");
    assert_eq!(domains["items"][0]["state"], "serving");
}

#[tokio::test]
async fn certificates_are_changed_and_then_served() {
    let rest = Rest::new().await;
    let (first, second) = (rest.ca.issue(&[PLAY]), rest.ca.issue(&[PLAY]));
    let add = format!(
        "certificates add b {} --remarks ours",
        files(&rest.config, "first", &first)
    );
    let words = ["certificate b: added", &first.fingerprint()];
    rest.does(&add, &words).await;
    let again = rest.run(&add).await;
    assert_says(&again, 2, &["already", "certificates update"]);
    rest.does(&format!("bind b {PLAY}"), &["serving (b)"]).await;
    let update = format!(
        "certificates update b {}",
        files(&rest.config, "second", &second)
    );
    rest.does(&update, &["replaced", &second.fingerprint()])
        .await;
    rest.does("certificates update b --remarks x", &["stays"])
        .await;
    // What nobody has served is kept, too.
    let words = ["certificate play: removed; history keeps it"];
    rest.does("certificates delete play --yes", &words).await;
    let history = rest.run("certificates history play").await;
    assert_says(&history, 0, &[PLAY, "it was deleted"]);
    let history = rest.run("certificates history b").await;
    assert_eq!(history.stdout.lines().count(), 2, "{history:?}");

    let (ca, edge) = (rest.ca, Edge::start(rest.config).await);
    let tls = TlsClient::trusting(&ca).connect(edge.https(), PLAY).await;
    assert_eq!(tls.expect("it is served").leaf(), second.fingerprint());
    assert_eq!(edge.status("/certificates").await["total"], 1);
}

/// The directory is empty then, as one that is lost would be.
#[tokio::test]
async fn the_last_certificate_stays_deleted() {
    let rest = Rest::new().await;
    let config = Edge::start(rest.config).await.stop();
    let rest = Rest {
        config,
        ..Rest::new().await
    };
    rest.does("certificates delete play --yes", &["removed"])
        .await;
    let edge = Edge::start(rest.config).await;
    assert_eq!(edge.status("/certificates").await["total"], 0);
}

#[tokio::test]
async fn lists_say_what_the_files_say_and_write_nothing() {
    let rest = Rest::new().await;
    let tables = (0..1_500).map(|number| {
        let domain = Domain::named(&format!("d{number}.test"));
        domain.origin(rest.origin.url()).to_string()
    });
    rest.config
        .write("domains/more.toml", tables.collect::<String>());
    let list = rest.run("domains list").await;
    assert_says(&list, 0, &[PLAY, "d1499.test", "serving"]);
    assert_eq!(list.stdout.lines().count(), 1 + 1_501);
    let note = "this is what the files say\n";
    assert!(list.stderr.ends_with(note), "{}", list.stderr);
    assert_eq!(list.stderr.lines().count(), 1, "{}", list.stderr);
    let filtered = rest.told("domains list --filter play").await;
    assert_eq!(filtered["items"][0]["name"], PLAY, "{filtered}");
    let list = rest.told("certificates list").await;
    assert_eq!(list["items"][0]["name"], "play", "{list}");
    let show = rest.told(&format!("domains show {PLAY}")).await;
    assert_eq!(show["state"], "serving");
    let show = rest.run("certificates show play").await;
    assert_says(&show, 0, &[PLAY]);
    assert!(!show.text().contains("PRIVATE KEY"), "{show:?}");
    let unknown = rest.run("domains show none.test").await;
    assert_says(&unknown, 2, &["no domain has this name"]);
    assert!(!rest.state().exists());
}

#[tokio::test]
async fn the_audit_log_says_that_nothing_was_served() {
    let rest = Rest::new().await;
    rest.does(&format!("https off {PLAY} --yes"), &["off"])
        .await;
    let refused = rest.run("domains add no/name --origin demo:").await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let unknown = rest.run("domains set none.test --http redirect").await;
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    let audit = rest.audit();
    let by = &audit[0]["by"];
    assert_eq!(
        (&by["way"], &by["operation"]),
        (&"offline".into(), &"bind".into())
    );
    assert_eq!(
        (&by["role"], &by["subject"]),
        (&"none".into(), &PLAY.into())
    );
    let peer = by["peer"].as_str().expect("a text");
    assert!(peer.starts_with("uid "), "{peer}");
    assert_eq!(audit[0]["result"], "noted");
    assert_eq!(audit[0]["generation"], Value::Null);
    assert_eq!(audit[0]["domains_changed"]["first"][0], PLAY);
    assert_eq!(audit[1]["result"], "refused");
    assert_eq!(audit.len(), 2, "{audit:?}");
}

#[tokio::test]
async fn a_running_process_is_asked_and_a_dead_one_is_not_waited_for() {
    let rest = Rest::new().await;
    let edge = Edge::start(rest.config).await;
    let path = edge.config.path();
    let set = ["domains", "set", PLAY, "--remarks", "x"];
    let online = outcome_of(&set, &path).await;
    assert_says(&online, 0, &["served as generation"]);
    assert_eq!(online.stderr, "", "{online:?}");
    let config = edge.stop();
    // It was killed, so its socket is there.
    assert!(config.join("admin.sock").exists());
    let rest = Rest {
        config,
        ..Rest::new().await
    };
    rest.does("domains set play.example.test --remarks y", &["changed"])
        .await;
    let text = fs::read_to_string(rest.config.join("domains/play.example.test.toml"));
    assert!(text.expect("it is there").contains("remarks = \"y\""));
}

#[tokio::test]
async fn only_where_nobody_listens_are_files_changed_directly() {
    let rest = Rest::new().await;
    let (set, before) = (
        format!("https off {PLAY} --yes"),
        fs::read(rest.config.join("domains/play.example.test.toml")).expect("it is there"),
    );
    let socket = rest.config.join("admin.sock");
    let named = format!("{set} --admin unix:{}", socket.display());
    let words = ["cannot connect", "without --admin"];
    assert_says(&rest.run(&named).await, 2, &words);
    let words = ["there is nothing to reload", "lockgate check"];
    assert_says(&rest.run("reload").await, 2, &words);
    let words = ["cannot connect", "lockgate domains list"];
    assert_says(&rest.run("status").await, 2, &words);

    // Whoever it is that listens there, the files may be theirs.
    let listener = UnixListener::bind(&socket).expect("a socket");
    let hang_up = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let other = rest.run(&set).await;
    assert_says(&other, 2, &["is no answer"]);
    assert!(!other.text().contains("directly"), "{other:?}");
    hang_up.abort();
    let after = fs::read(rest.config.join("domains/play.example.test.toml"));
    assert_eq!(after.expect("it is there"), before);
    assert!(!rest.state().exists());
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_told() {
    let rest = Rest::new().await;
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let config = rest.config.set("admin.listen", &format!("\"{address}\""));
    let config = config.set("workers", "-1");
    let rest = Rest {
        config,
        ..Rest::new().await
    };
    for line in ["domains list", "https on play.example.test"] {
        let outcome = rest.run(line).await;
        let words = [
            "nobody listens at",
            "lockgate.toml:",
            "workers",
            "lockgate check",
        ];
        assert_says(&outcome, 2, &words);
    }
    // A bad file of domains hinders only what is about it.
    let rest = Rest::new().await;
    rest.config.write("domains/bad.toml", "[[domain]\n");
    let off = format!("https off {PLAY} --yes");
    rest.does(&off, &["off"]).await;
    assert_eq!(
        fs::read(rest.config.join("domains/bad.toml")).expect("it is there"),
        b"[[domain]\n"
    );
}

/// Which of the two makes a change, nobody can tell; none is lost.
#[tokio::test]
async fn a_process_that_starts_meanwhile_serves_what_was_changed() {
    let rest = Rest::new().await;
    // It has tokens by then: who reads before they are made has none to show.
    let config = Edge::start(rest.config).await.stop();
    let path = config.path();
    let changes = async {
        for number in 0..10 {
            let set = ["domains", "set", PLAY, "--remarks", &number.to_string()];
            assert_says(&outcome_of(&set, &path).await, 0, &["changed"]);
        }
    };
    let (edge, ()) = tokio::join!(Edge::start(config), changes);
    eventually(PATIENCE, "the last change", async || {
        let domain = edge.status(&format!("/domains/{PLAY}")).await;
        (domain["remarks"] == "9").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_root_changes_belongs_to_the_owner_of_the_directory() {
    const OWNER: u32 = 12_345;
    let rest = Rest::new().await;
    let root = rest.config.path().join("..");
    for path in all_below(&root) {
        if chown(&path, Some(OWNER), Some(OWNER)).is_err() {
            return; // Only root can set this up.
        }
    }
    let pair = rest.ca.issue(&[PLAY]);
    let add = format!("certificates add b {}", files(&rest.config, "b", &pair));
    rest.does(&add, &["added"]).await;
    rest.does(
        "domains add b.test --origin demo: --certificate b --set allow_mismatch=true",
        &["added"],
    )
    .await;
    rest.does("certificates delete play --yes", &["removed"])
        .await;
    let mut made = all_below(&root);
    made.retain(|path| !path.components().any(|part| part.as_os_str() == "outside"));
    assert!(
        made.iter()
            .any(|path| path.ends_with("audit/changes.jsonl"))
    );
    for path in made {
        let metadata = fs::metadata(&path).expect("it is there");
        assert_eq!(metadata.uid(), OWNER, "{}", path.display());
    }
}

fn all_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![directory.to_owned()];
    for entry in fs::read_dir(directory).expect("it is a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(all_below(&path)),
            false => found.push(path),
        }
    }
    found
}
