//! What a kubelet mounts: files are links through `..data`, which is swapped at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{NO_SCAN, neighbour, redirects, relink, rotate, settle, write_in_place};
use crate::rotation::Prober;
use crate::support::{ConfigDir, Domain, PLAY, Pair, Stage};

/// A volume: a directory whose files are links through `..data`.
struct Volume<'c> {
    config: &'c ConfigDir,
    path: PathBuf,
}

impl<'c> Volume<'c> {
    fn new(config: &'c ConfigDir, path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("a directory is made");
        Self { config, path }
    }

    /// Puts these files in the place of those that it holds, in the order in which a kubelet works:
    /// the new directory, the swap, the links to new files, and then the old directory goes.
    fn publish(&self, files: &[(&str, &str)]) {
        let before = fs::read_link(self.path.join("..data")).ok();
        let time = before.as_ref().map_or(0, |before| number(before) + 1);
        let data = format!("..2026_01_01.{time}");
        fs::create_dir(self.path.join(&data)).expect("a directory is made");
        for (name, content) in files {
            write_in_place(&self.path.join(&data).join(name), content);
        }
        symlink(&data, self.path.join("..data_tmp")).expect("a link is made");
        fs::rename(self.path.join("..data_tmp"), self.path.join("..data")).expect("the swap");
        for (name, _) in files {
            let link = self.path.join(name);
            if !link.is_symlink() {
                symlink(Path::new("..data").join(name), link).expect("a link is made");
            }
        }
        if let Some(before) = before {
            fs::remove_dir_all(self.path.join(before)).expect("it was there");
        }
    }

    fn publish_pair(&self, pair: &Pair) {
        self.publish(&[("tls.crt", &pair.fullchain()), ("tls.key", &pair.key)]);
    }

    /// Mounts it over what a path leads to now.
    fn mount(&self, path: &Path) {
        let _ = fs::remove_dir_all(path);
        relink(self.config, &self.path, path);
    }
}

/// How often a volume had been published when a directory of it was made.
fn number(data: &Path) -> u32 {
    let ending = data.extension().and_then(|ending| ending.to_str());
    let number = ending.and_then(|ending| ending.parse().ok());
    number.expect("the name ends in a number")
}

/// A Secret for each certificate, swapped several times, in place and behind a link to a mount.
#[tokio::test]
async fn a_secret_is_swapped_again_and_again() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let own = config.join("certificates/play");
    config.remove("certificates/play");
    let volume = Volume::new(config, own.clone());
    let publish = |pair: &Pair| volume.publish_pair(pair);
    rotate(&stage, &[&publish, &publish, &publish]).await;
    for mount in ["mount-a", "mount-b"] {
        let volume = Volume::new(config, config.outside(mount));
        let publish = |pair: &Pair| volume.publish_pair(pair);
        let mount = |pair: &Pair| {
            publish(pair);
            volume.mount(&own);
        };
        rotate(&stage, &[&mount, &publish]).await;
        settle().await;
        rotate(&stage, &[&publish, &publish]).await;
    }
}

/// One Secret with the files of all certificates, mounted as the certificate directory.
#[tokio::test]
async fn a_secret_may_be_the_whole_certificate_directory() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let volume = Volume::new(config, config.join("certificates"));
    let publish = |pair: &Pair| {
        volume.publish(&[("flat.crt", &pair.fullchain()), ("flat.key", &pair.key)]);
    };
    let first = stage.ca.issue(&[PLAY]);
    publish(&first);
    config.domain(
        &Domain::named(PLAY)
            .origin(stage.origin.url())
            .certificate("flat"),
    );
    Prober::new(&stage).serves(&first).await;
    settle().await;
    rotate(&stage, &[&publish, &publish]).await;
}

/// A ConfigMap with the files of domains, mounted as their directory.
#[tokio::test]
async fn a_config_map_may_hold_the_domains() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    let volume = Volume::new(config, config.join("domains"));
    let table = |name: &str| neighbour(name, "play").to_string();
    for name in ["one.test", "two.test", "three.test"] {
        settle().await;
        volume.publish(&[("all.toml", &table(name))]);
        redirects(&stage, name).await;
    }
}

/// A file that is mounted alone never changes; tools that imitate that write over it in place.
#[tokio::test]
async fn a_file_is_written_over_in_place() {
    let stage = Stage::with(&[NO_SCAN]).await;
    let config = &stage.edge.config;
    settle().await;
    let rewrite = |pair: &Pair| {
        write_in_place(&config.join("certificates/play/privkey.pem"), &pair.key);
        write_in_place(
            &config.join("certificates/play/fullchain.pem"),
            &pair.fullchain(),
        );
    };
    rotate(&stage, &[&rewrite, &rewrite]).await;
}
