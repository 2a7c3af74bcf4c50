//! The watched directory, as an operator and its tools would write it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::ca::Pair;

/// A config directory of the test's own; gone with the value.
pub(crate) struct ConfigDir {
    root: TempDir,
    settings: BTreeMap<&'static str, String>,
    writes: AtomicUsize,
}

impl ConfigDir {
    /// A directory whose listeners are on ports of the system's choice, with no domain yet.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory is made");
        for directory in ["config/domains", "config/certificates", "outside"] {
            fs::create_dir_all(root.path().join(directory)).expect("a new directory is made");
        }
        let config = Self {
            root,
            settings: BTreeMap::new(),
            writes: AtomicUsize::new(0),
        };
        config
            .set("workers", "2")
            .set("listeners.http", r#"["127.0.0.1:0"]"#)
            .set("listeners.https", r#"["127.0.0.1:0"]"#)
            .set("admin.listen", r#""127.0.0.1:0""#)
            .set("admin.open", r#"["/metrics", "/readyz"]"#)
    }

    /// Sets a key of lockgate.toml, by its dotted name and as TOML.
    pub(crate) fn set(mut self, key: &'static str, value: &str) -> Self {
        self.settings.insert(key, value.to_owned());
        let mut text = String::new();
        for (key, value) in &self.settings {
            writeln!(text, "{key} = {value}").expect("a string takes all");
        }
        self.write("lockgate.toml", text);
        self
    }

    /// Whether a key of lockgate.toml is set.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    /// How many sockets the program binds with these settings.
    pub(crate) fn listeners(&self) -> usize {
        let sockets = |key| {
            let value = &self.settings[key];
            value.matches("127.0.0.1:").count() + value.matches("0.0.0.0:").count()
        };
        let sockets_v6 = |key| self.settings[key].matches("[::1]:").count();
        let unix = self.settings["admin.listen"].matches("unix:").count();
        let tcp = self.settings.iter();
        let tcp = tcp.filter(|(key, _)| key.starts_with("listeners.tcp."));
        let tcp = tcp.map(|(_, value)| value.matches("127.0.0.1:").count());
        ["listeners.http", "listeners.https", "admin.listen"]
            .into_iter()
            .map(|key| sockets(key) + sockets_v6(key))
            .sum::<usize>()
            + unix
            + tcp.sum::<usize>()
    }

    /// The file of a token: `viewer` or `operator`.
    pub(crate) fn token_file(&self, role: &str) -> PathBuf {
        self.state("tokens").join(role)
    }

    /// A path in the state directory.
    pub(crate) fn state(&self, path: &str) -> PathBuf {
        self.root.path().join("state").join(path)
    }

    /// A token; nothing when there is none.
    pub(crate) fn token(&self, role: &str) -> Option<String> {
        let token = fs::read_to_string(self.token_file(role)).ok()?;
        Some(token.trim().to_owned())
    }

    /// The directory that `--config` names.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("config")
    }

    /// A path in the config directory.
    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// A path beside the config directory, which the program does not watch by itself.
    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.root.path().join("outside").join(path)
    }

    /// Writes a file whole: a new file takes the place of the old one by rename.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        self.replace(&self.join(path), content.as_ref());
    }

    /// The same for any path on the same file system.
    pub(crate) fn replace(&self, path: &Path, content: &[u8]) {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let draft = self.root.path().join(format!("draft-{number}"));
        fs::create_dir_all(path.parent().expect("a file stands in a directory"))
            .expect("the directory is made");
        fs::write(&draft, content).expect("the draft is written");
        fs::rename(&draft, path).expect("the draft takes its place");
    }

    /// Removes a file, or a directory with all that is in it.
    pub(crate) fn remove(&self, path: &str) {
        let path = self.join(path);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.expect("what is removed was there");
    }

    /// Drops a pair as certbot names it.
    pub(crate) fn install(&self, name: &str, pair: &Pair) {
        self.write(&format!("certificates/{name}/privkey.pem"), &pair.key);
        self.write(
            &format!("certificates/{name}/fullchain.pem"),
            pair.fullchain(),
        );
    }

    /// Writes a domain's file.
    pub(crate) fn domain(&self, domain: &Domain) {
        self.write(&domain.file(), domain.to_string());
    }
}

/// A `[[domain]]` table. Writes itself as TOML.
#[derive(Clone)]
pub(crate) struct Domain {
    name: String,
    keys: BTreeMap<&'static str, String>,
}

impl Domain {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: BTreeMap::new(),
        }
    }

    /// Sets a key, its value as TOML.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.keys.insert(key, value.into());
        self
    }

    pub(crate) fn origin(self, url: impl fmt::Display) -> Self {
        self.with("origins", format!("[\"{url}\"]"))
    }

    pub(crate) fn certificate(self, name: &str) -> Self {
        self.with("certificate", format!("\"{name}\""))
    }

    pub(crate) fn https(self, on: bool) -> Self {
        self.with("https", on.to_string())
    }

    pub(crate) fn redirecting(self) -> Self {
        self.with("http", r#""redirect""#)
    }

    /// The file of its own that a domain has.
    pub(crate) fn file(&self) -> String {
        format!("domains/{}.toml", self.name.replace('*', "_"))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[domain]]\nname = \"{}\"", self.name)?;
        for (key, value) in &self.keys {
            writeln!(f, "{key} = {value}")?;
        }
        Ok(())
    }
}
