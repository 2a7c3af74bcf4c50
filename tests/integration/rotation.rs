//! New certificates take the place of old ones while clients come and streams run.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::interval;

use crate::support::{
    Domain, Kind, Metrics, PATIENCE, PLAY, Pair, SECOND, Stage, Stream, TlsClient, eventually,
    pause, throughout, within,
};

/// A client that makes one full handshake after another and keeps count of the leaves it is served.
pub(crate) struct Prober<'s> {
    stage: &'s Stage,
    client: TlsClient,
    handshakes: Cell<usize>,
}

impl<'s> Prober<'s> {
    pub(crate) fn new(stage: &'s Stage) -> Self {
        Self {
            stage,
            client: stage.client().without_tickets(),
            handshakes: Cell::new(0),
        }
    }

    /// The leaf of a handshake, none of which may fail.
    pub(crate) async fn leaf(&self) -> String {
        self.handshakes.set(self.handshakes.get() + 1);
        let tls = self.client.connect(self.stage.edge.https(), PLAY).await;
        tls.expect("no handshake fails during a rotation").leaf()
    }

    /// Waits until this pair is served.
    pub(crate) async fn serves(&self, pair: &Pair) {
        let expected = pair.fingerprint();
        let served = async { while self.leaf().await != expected {} };
        within(PATIENCE, "the new leaf", served).await;
    }

    /// Makes handshakes while something goes on, all with this leaf.
    async fn during(&self, old: &Pair, changes: impl Future<Output = ()>) {
        let expected = old.fingerprint();
        let probing = async {
            loop {
                assert_eq!(self.leaf().await, expected, "half a pair is not adopted");
            }
        };
        tokio::select! {
            () = changes => {}
            () = probing => {}
        }
    }
}

#[tokio::test]
async fn a_hundred_rotations_fail_no_handshake_and_touch_no_stream() {
    let stage = Stage::new().await;
    let prober = Prober::new(&stage);
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    // By then, the files are watched.
    let first = stage.ca.issue(&[PLAY]);
    stage.edge.config.install("play", &first);
    prober.serves(&first).await;
    let threads = stage.edge.program.threads();
    for rotation in 0..100_u32 {
        let pair = stage.ca.issue(&[PLAY]);
        stage.edge.config.install("play", &pair);
        prober.serves(&pair).await;
        for stream in &mut streams {
            stream.passes(&rotation.to_be_bytes()).await;
        }
    }
    assert_eq!(stage.edge.program.threads(), threads, "no thread grows");
    assert!(prober.handshakes.get() >= 100);
}

/// In which order the halves of a pair are written.
#[derive(Clone, Copy)]
enum Order {
    KeyFirst,
    ChainFirst,
}

/// The two files of a pair with their contents.
fn halves(pair: &Pair, order: Order) -> [(&'static str, String); 2] {
    let key = ("certificates/play/privkey.pem", pair.key.clone());
    let chain = ("certificates/play/fullchain.pem", pair.fullchain());
    match order {
        Order::KeyFirst => [key, chain],
        Order::ChainFirst => [chain, key],
    }
}

/// Between the halves the old pair is served; half a second is no reason to report anything.
async fn halves_apart(order: Order) {
    let stage = Stage::new().await;
    let prober = Prober::new(&stage);
    let mut old = current(&stage).await;
    for _ in 0..3 {
        let new = stage.ca.issue(&[PLAY]);
        let [first, second] = halves(&new, order);
        prober
            .during(&old, async {
                stage.edge.config.write(first.0, first.1);
                pause(SECOND / 2).await;
            })
            .await;
        stage.edge.config.write(second.0, second.1);
        prober.serves(&new).await;
        old = new;
    }
    assert_untroubled(&stage).await;
}

#[tokio::test]
async fn the_key_may_come_half_a_second_before_the_chain() {
    halves_apart(Order::KeyFirst).await;
}

#[tokio::test]
async fn the_chain_may_come_half_a_second_before_the_key() {
    halves_apart(Order::ChainFirst).await;
}

/// The same byte by byte, written in place as `cp` over a slow link does.
async fn byte_by_byte(order: Order) {
    let stage = Stage::new().await;
    let prober = Prober::new(&stage);
    let old = current(&stage).await;
    let new = stage.ca.issue(&[PLAY]);
    let [first, second] = halves(&new, order);
    let (last, rest) = second.1.split_at(second.1.trim_end().len() - 1);
    prober
        .during(&old, async {
            trickle(&stage.edge.config.join(first.0), &first.1).await;
            trickle(&stage.edge.config.join(second.0), last).await;
        })
        .await;
    append(&stage.edge.config.join(second.0), rest);
    prober.serves(&new).await;
    assert_untroubled(&stage).await;
}

#[tokio::test]
async fn a_pair_may_be_written_byte_by_byte_chain_first() {
    byte_by_byte(Order::ChainFirst).await;
}

#[tokio::test]
async fn a_pair_may_be_written_byte_by_byte_key_first() {
    byte_by_byte(Order::KeyFirst).await;
}

/// Writes over a file, a byte every millisecond.
async fn trickle(path: &Path, text: &str) {
    let truncated = OpenOptions::new().write(true).truncate(true).open(path);
    truncated.expect("the file is there");
    let mut clock = interval(Duration::from_millis(1));
    for byte in text.split_inclusive(|_| true) {
        clock.tick().await;
        append(path, byte);
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .open(path)
        .expect("the file is there");
    file.write_all(text.as_bytes()).expect("the file grows");
}

/// A chain that breaks off within its issuer is not taken for a leaf without one, wherever it breaks.
#[tokio::test]
async fn a_chain_that_breaks_off_is_not_adopted() {
    let stage = Stage::new().await;
    let prober = Prober::new(&stage);
    let mut old = current(&stage).await;
    let begin = "-----BEGIN CERTIFICATE-----";
    for kept in [1, 5, 8, 11, 15, 26, 27, 28, 100] {
        let new = stage.ca.issue(&[PLAY]);
        assert!(new.issuer.starts_with(begin));
        let [key, (chain, whole)] = halves(&new, Order::KeyFirst);
        let broken = &whole[..new.leaf.len() + kept];
        prober
            .during(&old, async {
                stage.edge.config.write(key.0, key.1);
                stage.edge.config.write(chain, broken);
                pause(SECOND / 4).await;
            })
            .await;
        stage.edge.config.write(chain, whole);
        prober.serves(&new).await;
        old = new;
    }
}

/// Puts a known pair in place of the stage's own.
async fn current(stage: &Stage) -> Pair {
    let pair = stage.ca.issue(&[PLAY]);
    stage.edge.config.install("play", &pair);
    Prober::new(stage).serves(&pair).await;
    pair
}

/// Nothing is in quarantine, and nothing was reported.
async fn assert_untroubled(stage: &Stage) {
    let metrics = stage.edge.metrics().await;
    assert_eq!(metrics.sum("lockgate_quarantined", &[]), 0.0);
    let reported = stage.edge.log().find(&[("message", "quarantined")]);
    assert!(reported.is_empty(), "{reported:?}");
}

/// The metrics and the generation follow what is served.
#[tokio::test]
async fn a_rotation_is_seen_in_the_metrics() {
    let stage = Stage::new().await;
    let old = current(&stage).await;
    let before = stage.edge.metrics().await;
    let new = current(&stage).await;
    let after = stage.edge.metrics().await;
    let generation = "lockgate_generation";
    assert!(after.sum(generation, &[]) > before.sum(generation, &[]));
    let published = [("result", "published")];
    let reloads = "lockgate_reloads_total";
    assert!(after.sum(reloads, &published) > before.sum(reloads, &published));
    let has = |metrics: &Metrics, pair: &Pair| {
        let fingerprint = pair.fingerprint();
        let labels = [("certificate", "play"), ("fingerprint", &*fingerprint)];
        metrics.find("lockgate_certificate_not_after_seconds", &labels)
    };
    assert!(has(&before, &old) && !has(&before, &new));
    assert!(has(&after, &new) && !has(&after, &old));
}

/// Changes of other domains touch nothing that runs, whatever they are.
#[tokio::test]
async fn a_hundred_changes_of_other_domains_touch_no_stream() {
    let stage = Stage::new().await;
    let mut streams = Vec::new();
    for kind in Kind::ALL {
        streams.push(Stream::start(&stage, kind).await);
    }
    let other = Domain::named("other.test").origin(stage.origin.url());
    let secure = other.clone().certificate("other").redirecting();
    stage
        .edge
        .config
        .install("other", &stage.ca.issue(&["other.test"]));
    for change in 0..100_usize {
        let domain = match change % 4 {
            0 => other.clone(),
            1 => secure.clone(),
            2 => secure.clone().https(false),
            _ => secure.clone().with("remarks", "\"back on\""),
        };
        stage.edge.config.domain(&domain);
        let redirects = change % 2 == 1;
        eventually(PATIENCE, "the change", async || {
            let tls = stage
                .client()
                .connect(stage.edge.https(), "other.test")
                .await;
            (tls.is_ok() == redirects).then_some(())
        })
        .await;
        for stream in &mut streams {
            stream.passes(&change.to_be_bytes()).await;
        }
    }
}

/// "auto" binds the best match by SAN, also one that is dropped later.
#[tokio::test]
async fn an_automatic_binding_follows_the_names() {
    let stage = Stage::new().await;
    let name = "a.live.test";
    let domain = Domain::named(name).origin(stage.origin.url());
    stage.edge.config.domain(&domain.certificate("auto"));
    let serves = async |pair: &Pair| {
        let leaf = pair.fingerprint();
        eventually(PATIENCE, "the best match", async || {
            let tls = stage.client().connect(stage.edge.https(), name).await;
            tls.is_ok_and(|tls| tls.leaf() == leaf).then_some(())
        })
        .await;
    };
    let wildcard = stage.ca.issue(&["*.live.test"]);
    stage.edge.config.install("wildcard", &wildcard);
    serves(&wildcard).await;
    let exact = stage.ca.issue(&[name]);
    stage.edge.config.install("exact", &exact);
    serves(&exact).await;
    let renewed = stage.ca.issue(&[name]);
    stage.edge.config.install("exact", &renewed);
    serves(&renewed).await;
}

/// Renewed in place behind links out of the directory, where no event may tell of it: the periodic
/// scan finds it.
#[tokio::test]
async fn a_scan_finds_what_no_event_tells() {
    let stage = Stage::with(&[("certificates.scan_interval", r#""1s""#)]).await;
    let config = &stage.edge.config;
    let drop_outside = |pair: &Pair| {
        config.replace(&config.outside("store/key"), pair.key.as_bytes());
        config.replace(&config.outside("store/chain"), pair.fullchain().as_bytes());
    };
    let first = stage.ca.issue(&[PLAY]);
    drop_outside(&first);
    for (file, target) in [
        ("privkey.pem", "store/key"),
        ("fullchain.pem", "store/chain"),
    ] {
        let link = config.join("certificates/play").join(file);
        std::fs::remove_file(&link).expect("the old file was there");
        std::os::unix::fs::symlink(config.outside(target), link).expect("a link is made");
    }
    let prober = Prober::new(&stage);
    prober.serves(&first).await;
    let second = stage.ca.issue(&[PLAY]);
    drop_outside(&second);
    prober.serves(&second).await;
    throughout(Duration::from_secs(1), "the new leaf", async || {
        prober.leaf().await == second.fingerprint()
    })
    .await;
}
