//! Changes are noticed however files are replaced, and by events wherever the system makes them: in
//! most of these tests the periodic scan is too far away to help.

mod failures;
mod floods;
mod kubernetes;
mod limits;
mod links;
mod mounts;
mod replaced;

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::rotation::Prober;
use crate::support::{ConfigDir, Domain, PATIENCE, PLAY, Pair, Stage, eventually, pause};

/// A scan an hour: whatever is noticed is noticed otherwise.
const NO_SCAN: (&str, &str) = ("certificates.scan_interval", r#""1h""#);

/// A scan a second, where no event tells.
const SCAN: (&str, &str) = ("certificates.scan_interval", r#""1s""#);

/// What was written just before a start is read again after two seconds. That shall not find what
/// an event should have told.
async fn settle() {
    pause(Duration::from_secs(3)).await;
}

/// Lets each of these changes put a new pair for the stage's domain in place, and waits until that
/// is served.
async fn rotate(stage: &Stage, changes: &[&dyn Fn(&Pair)]) {
    let prober = Prober::new(stage);
    for change in changes {
        let pair = stage.ca.issue(&[PLAY]);
        change(&pair);
        prober.serves(&pair).await;
    }
}

/// Waits until a domain, which may not be served over TLS yet, is served with this pair.
async fn served(stage: &Stage, name: &str, pair: &Pair) {
    let leaf = pair.fingerprint();
    eventually(PATIENCE, name, async || {
        let tls = stage.client().connect(stage.edge.https(), name).await;
        tls.is_ok_and(|tls| tls.leaf() == leaf).then_some(())
    })
    .await;
}

/// Waits until a domain is served over plain HTTP as one that has a certificate.
async fn redirects(stage: &Stage, name: &str) {
    eventually(PATIENCE, name, async || {
        (stage.edge.plain(name, "/").await.status() == 302).then_some(())
    })
    .await;
}

/// Writes a pair as certbot names it into any directory.
fn write_pair(config: &ConfigDir, directory: &Path, pair: &Pair) {
    config.replace(&directory.join("privkey.pem"), pair.key.as_bytes());
    config.replace(
        &directory.join("fullchain.pem"),
        pair.fullchain().as_bytes(),
    );
}

/// Makes a symlink in the place of what is there, at once.
fn relink(config: &ConfigDir, target: impl AsRef<Path>, link: &Path) {
    let draft = config.outside("link");
    std::os::unix::fs::symlink(target, &draft).expect("a link is made");
    fs::rename(draft, link).expect("it takes its place");
}

/// Swaps two paths at once.
fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("the file system can swap");
}

/// Writes over a file without a moment at which it is another one.
fn write_in_place(path: &Path, content: &str) {
    fs::write(path, content).expect("the file is written");
}

/// Another domain, which redirects where it has a certificate, be that for its name or not.
fn neighbour(name: &str, certificate: &str) -> Domain {
    let domain = Domain::named(name).origin("demo:").redirecting();
    let domain = domain.certificate(certificate);
    domain.with("allow_mismatch", "true")
}
