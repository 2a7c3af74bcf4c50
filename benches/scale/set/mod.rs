//! Certificates and domains, on disk as Lockgate reads them.
//!
//! ```text
//! DIR/
//! ├─ count                             how many; written when all others are there
//! ├─ authority/                        what signs the leaves, for rotations of a later run
//! ├─ domains of a thousand a file and certificates in certbot's layout:
//! └─ config/domains/0000.toml …, config/certificates/c000000/fullchain.pem + privkey.pem …
//! ```

mod authority;
mod location;
mod make;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};

pub(crate) use authority::{Authority, Fresh};
pub(crate) use location::Locations;

use crate::progress::say;

/// So many certificates, each bound to one domain.
#[derive(Debug)]
pub(crate) struct Set {
    directory: PathBuf,
    count: u32,
    authority: Arc<Authority>,
}

impl Set {
    /// Opens the set in a directory, or makes it there. `count` is what was asked for; without it,
    /// any set will do, and a new one is of `usual` certificates.
    pub(crate) async fn open_or_make(
        directory: &Path,
        count: Option<u32>,
        usual: u32,
    ) -> anyhow::Result<Self> {
        let Some(found) = read_count(directory)? else {
            return Self::make(directory, count.unwrap_or(usual)).await;
        };
        let wanted = count.unwrap_or(found);
        let place = directory.display();
        ensure!(
            found == wanted,
            "{place} holds {found} certificates, not {wanted}; leave out --count or name another --directory"
        );
        say(&format!("using the {found} certificates in {place}"));
        let authority = Authority::open(&directory.join(AUTHORITY))?;
        Ok(Self::new(directory, found, authority))
    }

    async fn make(directory: &Path, count: u32) -> anyhow::Result<Self> {
        ensure_ours(directory)?;
        let authority = Authority::make(&directory.join(AUTHORITY))?;
        let set = Self::new(directory, count, authority);
        make::domains(&set)?;
        make::certificates(&set).await?;
        fs::write(directory.join(COUNT), format!("{count}\n"))?;
        Ok(set)
    }

    fn new(directory: &Path, count: u32, authority: Authority) -> Self {
        Self {
            directory: directory.to_owned(),
            count,
            authority: Arc::new(authority),
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The directory for `lockgate run --config`.
    pub(crate) fn config(&self) -> PathBuf {
        self.directory.join("config")
    }

    /// Where the certificates' files are.
    pub(crate) fn locations(&self) -> Locations {
        Locations {
            certificates: self.config().join("certificates"),
            count: self.count,
        }
    }
}

/// A certificate's name.
pub(crate) fn certificate(index: u32) -> String {
    format!("c{index:06}")
}

/// The domain that a certificate is for.
pub(crate) fn domain(index: u32) -> String {
    format!("d{index:06}.example.test")
}

/// None when there is no set, or none that is whole.
fn read_count(directory: &Path) -> anyhow::Result<Option<u32>> {
    let file = directory.join(COUNT);
    match fs::read_to_string(&file) {
        Ok(text) => {
            let count = text.trim().parse();
            Ok(Some(count.with_context(|| file.display().to_string())?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}

/// Files of somebody else are not written over. An authority without a count is what an interrupted
/// run left.
fn ensure_ours(directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    let is_empty = fs::read_dir(directory)?.next().is_none();
    ensure!(
        is_empty || directory.join(AUTHORITY).is_dir(),
        "{} is neither empty nor of this tool's making; name another --directory",
        directory.display()
    );
    Ok(())
}

const COUNT: &str = "count";
const AUTHORITY: &str = "authority";
