//! Any sequence of file operations, on a real directory: what is served was once complete, and in
//! the end it is what a fresh start would serve, or the last good version with a reason.
//!
//! `PROPTEST_CASES=10000 cargo test --release any_sequence` runs as many sequences as one wants.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use rcgen::{BasicConstraints, CertifiedIssuer, IsCa};
use tempfile::TempDir;

use super::*;
use tokio::time::Instant;

use crate::certificate::Name;
use crate::config::{Items, Look, Scope};
use crate::reload::{Loaded, Manner, Wanted, load};
use crate::telemetry::Counters;

/// One operation of an operator, or of a tool that is killed in the middle of its work.
#[derive(Clone, Debug)]
enum Step {
    /// Writes a file in place, up to some byte.
    Write(Target, Content, Option<Index>),
    /// Writes a file beside it and renames that.
    Replace(Target, Content),
    /// Cuts a file.
    Truncate(Target, Index),
    Delete(Target),
    DeleteDirectory(usize),
    /// Makes the whole directory a link to one of its versions, as Kubernetes and certbot do.
    Link(usize, usize),
    Chmod(Target, bool),
    /// Swaps the directories of the two certificates.
    Exchange,
    /// Lets the reloader look: at what changed since the last look, or at everything.
    Look(bool),
    /// An event is lost.
    Forget,
    Wait(u64),
}

/// A file of one of two certificates.
type Target = (usize, usize);

/// Chain or key of one of the pairs.
type Content = usize;

const NAMES: [&str; 2] = ["a", "b"];
const FILES: [&str; 2] = ["fullchain.pem", "privkey.pem"];
const DOMAINS: [&str; 2] = ["a.example.com", "b.example.com"];

/// Pairs that everything is made of: each is good for one of the domains, some for both.
static PAIRS: LazyLock<Vec<Issued>> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
    let names: [&[&str]; 6] = [
        &DOMAINS[..1],
        &DOMAINS[..1],
        &DOMAINS[1..],
        &DOMAINS[1..],
        &DOMAINS,
        &DOMAINS,
    ];
    let issued = names.into_iter().map(|names| {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = date_time_ymd(2090, 1, 1);
        let leaf = params.signed_by(&key, &issuer).unwrap();
        Issued {
            chain: leaf.pem() + &issuer.pem(),
            key: key.serialize_pem(),
            fingerprint: Fingerprint::of(leaf.der()),
        }
    });
    issued.collect()
});

fn content(number: Content, target: Target) -> &'static str {
    let pair = &PAIRS[number];
    if target.1 == 0 {
        &pair.chain
    } else {
        &pair.key
    }
}

fn target() -> impl Strategy<Value = Target> {
    (0..2usize, 0..2usize)
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        4 => (target(), 0..6usize, prop::option::weighted(0.3, index()))
            .prop_map(|(target, content, cut)| Step::Write(target, content, cut)),
        4 => (target(), 0..6usize).prop_map(|(target, content)| Step::Replace(target, content)),
        1 => (target(), index()).prop_map(|(target, at)| Step::Truncate(target, at)),
        1 => target().prop_map(Step::Delete),
        1 => (0..2usize).prop_map(Step::DeleteDirectory),
        2 => (0..2usize, 0..6usize).prop_map(|(name, pair)| Step::Link(name, pair)),
        1 => (target(), any::<bool>()).prop_map(|(target, open)| Step::Chmod(target, open)),
        1 => Just(Step::Exchange),
        6 => any::<bool>().prop_map(Step::Look),
        1 => Just(Step::Forget),
        1 => (0..12_000u64).prop_map(Step::Wait),
    ]
}

/// A directory, what runs on it, and what it ever held whole.
struct Scene {
    directory: TempDir,
    loaded: Loaded,
    changed: BTreeSet<Name>,
    /// For each certificate, the leaves of which chain and key were there at once.
    whole: [Vec<Fingerprint>; 2],
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("config/domains")).unwrap();
        fs::create_dir_all(root.join("config/certificates")).unwrap();
        // Something is always there, so that the directory never counts as lost.
        write_pair(&root.join("config/certificates/other"), 0);
        let tables = NAMES.iter().zip(DOMAINS);
        let tables =
            tables.map(|(name, domain)| table(domain, &format!("certificate = \"{name}\"")));
        fs::write(
            root.join("config/domains/all.toml"),
            tables.collect::<String>(),
        )
        .unwrap();
        // What a start without history would serve is what there is to compare with.
        let settings = "[state]\nhistory = 0\n";
        fs::write(root.join("config/lockgate.toml"), settings).unwrap();
        for number in 0..PAIRS.len() {
            write_pair(&root.join(format!("versions/{number}")), number);
        }
        let loaded = fresh(root);
        Self {
            directory,
            loaded,
            changed: BTreeSet::new(),
            whole: Default::default(),
        }
    }

    fn own(&self, name: usize) -> PathBuf {
        let certificates = self.directory.path().join("config/certificates");
        certificates.join(NAMES[name])
    }

    fn path(&self, target: Target) -> PathBuf {
        self.own(target.0).join(FILES[target.1])
    }

    /// Makes the certificate's directory its own again, and empty if it was a link.
    fn make_own(&mut self, name: usize) {
        let own = self.own(name);
        if own.is_symlink() {
            fs::remove_file(&own).unwrap();
        }
        fs::create_dir_all(&own).unwrap();
    }

    fn act(&mut self, step: &Step) {
        match step {
            Step::Write(target, number, cut) => {
                self.make_own(target.0);
                let text = content(*number, *target);
                let end = cut.map_or(text.len(), |cut| cut.index(text.len()));
                let _ = fs::write(self.path(*target), &text[..end]);
            }
            Step::Replace(target, number) => {
                self.make_own(target.0);
                let draft = self.directory.path().join("draft");
                fs::write(&draft, content(*number, *target)).unwrap();
                fs::rename(draft, self.path(*target)).unwrap();
            }
            Step::Truncate(target, at) if !self.own(target.0).is_symlink() => {
                if let Ok(text) = fs::read(self.path(*target)) {
                    let end = at.index(text.len() + 1);
                    let _ = fs::write(self.path(*target), &text[..end]);
                }
            }
            Step::Delete(target) if !self.own(target.0).is_symlink() => {
                let _ = fs::remove_file(self.path(*target));
            }
            Step::DeleteDirectory(name) => self.remove(*name),
            Step::Link(name, number) => {
                self.remove(*name);
                let version = self.directory.path().join(format!("versions/{number}"));
                symlink(version, self.own(*name)).unwrap();
            }
            Step::Chmod(target, open) if !self.own(target.0).is_symlink() => {
                let mode = if *open { 0o600 } else { 0 };
                let _ = fs::set_permissions(self.path(*target), fs::Permissions::from_mode(mode));
            }
            Step::Exchange => {
                let aside = self.directory.path().join("aside");
                let [a, b] = [self.own(0), self.own(1)];
                let _ = fs::rename(&a, &aside);
                let _ = fs::rename(&b, &a);
                let _ = fs::rename(&aside, &b);
                self.changed = NAMES.map(|name| name.parse().unwrap()).into();
            }
            Step::Look(everything) => self.look(*everything),
            Step::Forget => self.changed.clear(),
            Step::Truncate(..) | Step::Delete(..) | Step::Chmod(..) | Step::Wait(_) => {}
        }
        if let Some(name) = step.touches() {
            self.changed.insert(NAMES[name].parse().unwrap());
        }
        self.note_whole();
    }

    fn remove(&mut self, name: usize) {
        let own = self.own(name);
        let _ = fs::remove_file(&own);
        let _ = fs::remove_dir_all(&own);
    }

    /// Notes what is whole now. The chain may lack all but the leaf: that is a chain too.
    fn note_whole(&mut self) {
        for name in 0..NAMES.len() {
            let read = |file| fs::read_to_string(self.path((name, file))).unwrap_or_default();
            let (chain, key) = (read(0), read(1));
            let leaf = |pair: &&Issued| {
                let end = pair.chain.find("-----END").unwrap() + "-----END CERTIFICATE-----".len();
                chain.starts_with(&pair.chain[..end]) && key.trim_end() == pair.key.trim_end()
            };
            if let Some(pair) = PAIRS.iter().find(leaf) {
                self.whole[name].push(pair.fingerprint);
            }
        }
    }

    /// Looks at what changed; or at everything, a little at a time as far as that goes.
    fn look(&mut self, everything: bool) {
        let source = &mut self.loaded.reloader.source;
        let at_once = everything && !source.begin_patrol(&["certificates".into()]);
        self.look_at(at_once);
        while self.loaded.reloader.source.is_on_patrol() {
            self.look_at(false);
        }
    }

    fn look_at(&mut self, everything: bool) {
        let changed = std::mem::take(&mut self.changed);
        let scope = match everything {
            true => Scope::Everything,
            false => Scope::Items(Items {
                certificates: changed,
                ..Items::default()
            }),
        };
        let reloader = &mut self.loaded.reloader;
        let again = reloader
            .catalog
            .take_worth_a_look(Instant::now(), everything);
        let patrol = true;
        let look = Look {
            scope,
            again,
            patrol,
            wanted: Items::default(),
        };
        reloader.reload(look, &Manner::Running(&Wanted::default()));
        self.assert_sound();
    }

    /// What is served was whole once, and is valid for the name.
    fn assert_sound(&self) {
        for (name, domain) in DOMAINS.iter().enumerate() {
            if let Some(leaf) = serves(&self.loaded, domain) {
                assert!(
                    self.whole[name].contains(&leaf),
                    "{domain}: was never whole"
                );
                let number = PAIRS.iter().position(|pair| pair.fingerprint == leaf);
                let valid = [[0, 1, 4, 5], [2, 3, 4, 5]][name].contains(&number.unwrap());
                assert!(valid, "{domain}: not valid for it");
            }
        }
    }

    /// Nothing changes any more: what is served is what a fresh start would serve, or there is a
    /// reason.
    async fn assert_settled(&mut self) {
        self.look(true);
        for _ in 0..10 {
            wait(4_000).await;
            self.look(false);
        }
        let fresh = fresh(self.directory.path());
        let status = self.loaded.status.borrow().clone();
        for (name, domain) in DOMAINS.iter().enumerate() {
            let (ours, theirs) = (serves(&self.loaded, domain), serves(&fresh, domain));
            let names = [NAMES[name], domain];
            let mut problems = status.problems.iter();
            let reason = problems.find(|problem| names.contains(&&*problem.name));
            assert!(
                ours == theirs || (ours.is_some() && reason.is_some()),
                "{domain}: {ours:?} instead of {theirs:?}, without a reason"
            );
            let gone = !self.path((name, 0)).exists() && !self.path((name, 1)).exists();
            assert!(!gone || ours.is_none(), "{domain}: deleted but served");
        }
    }
}

impl Step {
    fn touches(&self) -> Option<usize> {
        match self {
            Self::Write(target, ..)
            | Self::Replace(target, _)
            | Self::Truncate(target, _)
            | Self::Delete(target)
            | Self::Chmod(target, _) => Some(target.0),
            Self::DeleteDirectory(name) | Self::Link(name, _) => Some(*name),
            Self::Exchange | Self::Look(_) | Self::Forget | Self::Wait(_) => None,
        }
    }
}

fn write_pair(directory: &Path, number: usize) {
    fs::create_dir_all(directory).unwrap();
    for (file, name) in FILES.iter().enumerate() {
        fs::write(directory.join(name), content(number, (0, file))).unwrap();
    }
}

fn fresh(root: &Path) -> Loaded {
    let provider = Arc::new(aws_lc_rs::default_provider());
    load(
        &root.join("config"),
        provider,
        Arc::new(Counters::default()),
        None,
    )
    .unwrap()
}

fn serves(loaded: &Loaded, domain: &str) -> Option<Fingerprint> {
    let snapshot = loaded.current.load();
    let certificate = snapshot.find(domain)?.certificate()?;
    Some(certificate.pairs.fingerprint())
}

/// Moves the clock of deadlines; the real one stands still meanwhile.
async fn wait(millis: u64) {
    tokio::time::advance(Duration::from_millis(millis)).await;
}

async fn play(steps: &[Step]) {
    let mut scene = Scene::new();
    for step in steps {
        match step {
            Step::Wait(millis) => wait(*millis).await,
            step => scene.act(step),
        }
    }
    scene.assert_settled().await;
}

/// Enough for every day.
fn cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    config
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_sequence_of_operations(steps in prop::collection::vec(step(), 1..24)) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(&steps));
    }
}
