//! The ways to spoil what a domain lives on, as data.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Scene;
use crate::support::Domain;

/// One way. Its certificate is called like the case, and its domain is that with `.test`.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
    spoil: fn(&Scene, &str),
    place: fn(&str) -> String,
}

pub(super) const CASES: [Case; 24] = [
    Case::of_certificate("key_mismatch", |scene, name| {
        write(scene, name, "privkey.pem", scene.issue(name).key);
    }),
    Case::of_certificate("invalid_pem", |scene, name| {
        write(scene, name, "fullchain.pem", "<html>503 from the CA</html>");
    }),
    Case::of_certificate("invalid_certificate", |scene, name| {
        write(scene, name, "fullchain.pem", block("CERTIFICATE"));
    }),
    Case::of_certificate("invalid_key", |scene, name| {
        write(scene, name, "privkey.pem", block("PRIVATE KEY"));
    }),
    Case::of_certificate("empty_file", |scene, name| {
        write(scene, name, "fullchain.pem", "");
    }),
    Case::of_certificate("key_missing", |scene, name| {
        vacate(scene, &format!("certificates/{name}/privkey.pem"));
    }),
    Case::of_certificate("certificate_missing", |scene, name| {
        vacate(scene, &chain_path(name));
    }),
    Case::of_certificate("expired", |scene, name| {
        let pair = scene.ca.issue_expired(&[&domain(name)]);
        scene.edge.config.install(name, &pair);
    }),
    Case::of_certificate("not_yet_valid", |scene, name| {
        let pair = scene.ca.issue_early(&[&domain(name)]);
        scene.edge.config.install(name, &pair);
    }),
    // A link to itself: root could read a file without rights.
    Case::of_certificate("unreadable", |scene, name| {
        symlink("fullchain.pem", vacate(scene, &chain_path(name))).expect("a link is made");
    }),
    Case::of_certificate("not_a_file", |scene, name| {
        fifo(&vacate(scene, &chain_path(name)));
    }),
    Case::of_certificate("too_large", |scene, name| {
        let pair = scene.issue(name);
        let padding = "\n".repeat(1 << 20);
        write(scene, name, "privkey.pem", &pair.key);
        write(scene, name, "fullchain.pem", pair.fullchain() + &padding);
    }),
    Case::of_certificate("defined_twice", |scene, name| {
        let pair = scene.issue(name);
        let content = pair.fullchain() + &pair.key;
        let file = format!("certificates/{name}.pem");
        scene.edge.config.write(&file, content);
    }),
    Case::of_certificate("chain_broken", |scene, name| {
        let (pair, stranger) = (scene.issue(name), scene.issue(name));
        write(scene, name, "privkey.pem", &pair.key);
        write(scene, name, "fullchain.pem", pair.leaf + &stranger.leaf);
    }),
    Case::of_certificate("encrypted_key", |scene, name| {
        write(scene, name, "privkey.pem", block("ENCRYPTED PRIVATE KEY"));
    }),
    Case::of_certificate("weak_key", |scene, name| {
        weak(
            scene,
            name,
            include_str!("../../fixtures/strength/rsa-1024.pem"),
        );
    }),
    Case::of_certificate("weak_signature", |scene, name| {
        weak(
            scene,
            name,
            include_str!("../../fixtures/strength/ecdsa-sha1.pem"),
        );
    }),
    Case::of_certificate("same_key_kind", |scene, name| {
        let pair = scene.issue(name);
        write(scene, name, "privkey.ecdsa.pem", &pair.key);
        write(scene, name, "fullchain.ecdsa.pem", pair.fullchain());
    }),
    Case::of_domain("name_not_covered", domain_file, |scene, name| {
        let pair = scene.ca.issue(&["else.test"]);
        write(scene, name, "certificate.toml", "force = true");
        scene.edge.config.install(name, &pair);
    }),
    Case::of_domain("duplicate_domain", second_file, |scene, name| {
        let second = Domain::named(&domain(name)).origin("http://127.0.0.1:1");
        scene
            .edge
            .config
            .write(&second_file(name), second.to_string());
    }),
    Case::of_domain("invalid_value", on_line_three, |scene, name| {
        third_line(scene, name, "redirect_status = 418");
    }),
    Case::of_domain("unknown_key", on_line_three, |scene, name| {
        third_line(scene, name, "certifcate = \"a typo\"");
    }),
    Case::of_file(
        "toml_syntax",
        "toml_syntax",
        on_line_three,
        |scene, name| {
            third_line(scene, name, "remarks = \"no end");
        },
    ),
    Case::of_file("fifo", "not_a_file", domain_file, |scene, name| {
        fifo(&vacate(scene, &domain_file(name)));
    }),
];

impl Case {
    const fn of_certificate(reason: &'static str, spoil: fn(&Scene, &str)) -> Self {
        Self {
            name: reason,
            kind: "certificate",
            reason,
            spoil,
            place: |name| format!("certificates/{name}"),
        }
    }

    const fn of_domain(
        reason: &'static str,
        place: fn(&str) -> String,
        spoil: fn(&Scene, &str),
    ) -> Self {
        Self {
            name: reason,
            kind: "domain",
            reason,
            spoil,
            place,
        }
    }

    const fn of_file(
        name: &'static str,
        reason: &'static str,
        place: fn(&str) -> String,
        spoil: fn(&Scene, &str),
    ) -> Self {
        Self {
            name,
            kind: "file",
            reason,
            spoil,
            place,
        }
    }

    pub(super) fn domain(&self) -> String {
        domain(self.name)
    }

    /// Spoils it.
    pub(super) fn spoil(&self, scene: &Scene) {
        (self.spoil)(scene, self.name);
    }

    /// Makes it good again, with a new certificate.
    pub(super) fn mend(&self, scene: &Scene) {
        let config = &scene.edge.config;
        for added in [
            format!("certificates/{}.pem", self.name),
            format!("certificates/{}/fullchain.ecdsa.pem", self.name),
            format!("certificates/{}/privkey.ecdsa.pem", self.name),
            second_file(self.name),
        ] {
            if config.join(&added).exists() {
                config.remove(&added);
            }
        }
        config.install(self.name, &scene.issue(self.name));
        config.domain(&scene.good(self.name));
    }

    /// What the log and the metrics call the item: a file by its whole path.
    pub(super) fn item(&self, scene: &Scene) -> String {
        match self.kind {
            "certificate" => self.name.to_owned(),
            "domain" => self.domain(),
            _ => path(scene, &domain_file(self.name)),
        }
    }

    /// Where `lockgate check` says that it is.
    pub(super) fn place(&self) -> String {
        (self.place)(self.name)
    }
}

/// A file's path as the program was given it.
pub(super) fn path(scene: &Scene, file: &str) -> String {
    scene.edge.config.join(file).display().to_string()
}

/// The domain of a case.
pub(super) fn domain(name: &str) -> String {
    format!("{}.test", name.replace('_', "-"))
}

fn chain_path(name: &str) -> String {
    format!("certificates/{name}/fullchain.pem")
}

fn domain_file(name: &str) -> String {
    format!("domains/{}.toml", domain(name))
}

/// A file that is read after the first one.
fn second_file(name: &str) -> String {
    format!("domains/zz-{name}.toml")
}

fn on_line_three(name: &str) -> String {
    format!("{}:3", domain_file(name))
}

fn write(scene: &Scene, name: &str, file: &str, content: impl AsRef<[u8]>) {
    let file = format!("certificates/{name}/{file}");
    scene.edge.config.write(&file, content);
}

/// A chain and a key in one file.
fn weak(scene: &Scene, name: &str, both: &str) {
    let key = both.find("-----BEGIN PRIVATE").expect("the key comes last");
    write(scene, name, "fullchain.pem", &both[..key]);
    write(scene, name, "privkey.pem", &both[key..]);
}

/// Takes a file away, so that something else can be put there.
fn vacate(scene: &Scene, path: &str) -> PathBuf {
    scene.edge.config.remove(path);
    scene.edge.config.join(path)
}

/// Puts a line into the domain's table, below its name.
fn third_line(scene: &Scene, name: &str, line: &str) {
    let text = scene.good(name).to_string();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(2, line);
    scene
        .edge
        .config
        .write(&domain_file(name), lines.join("\n"));
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "a FIFO is made");
}

/// A PEM block around something else.
fn block(label: &str) -> String {
    format!("-----BEGIN {label}-----\nbm90aGluZyBvZiB0aGUga2luZA==\n-----END {label}-----\n")
}
