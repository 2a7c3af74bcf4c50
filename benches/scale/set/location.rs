use std::path::{Path, PathBuf};

use super::{Fresh, certificate};
use crate::files;

/// Where the files of certificates are.
#[derive(Clone, Debug)]
pub(crate) struct Locations {
    pub(super) certificates: PathBuf,
    pub(super) count: u32,
}

/// The directory of one certificate, in certbot's layout.
#[derive(Debug)]
pub(crate) struct Location(PathBuf);

impl Locations {
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn of(&self, index: u32) -> Location {
        Location(self.certificates.join(certificate(index)))
    }

    /// Writes new pairs beside the old ones.
    pub(crate) fn stage(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        fresh.iter().try_for_each(|fresh| {
            let location = self.of(fresh.index);
            files::stage(&location.chain(), &fresh.chain)?;
            files::stage(&location.key(), &fresh.key)
        })
    }

    /// Renames what was staged over the old ones.
    pub(crate) fn install(&self, fresh: &[Fresh]) -> anyhow::Result<()> {
        fresh.iter().try_for_each(|fresh| {
            let location = self.of(fresh.index);
            files::install(&location.chain())?;
            files::install(&location.key())
        })
    }
}

impl Location {
    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    pub(crate) fn chain(&self) -> PathBuf {
        self.0.join("fullchain.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("privkey.pem")
    }
}
