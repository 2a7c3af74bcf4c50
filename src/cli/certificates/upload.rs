use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::failed::Failed;

/// Files with chains and keys.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::cli) struct Pairs {
    /// The leaf and the certificates that lead to its root, in PEM. Say it twice, and --key as well,
    /// for a pair with an RSA key and another one.
    #[arg(long = "chain", value_name = "FILE")]
    chains: Vec<PathBuf>,

    /// The private key in PEM, without a pass phrase.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

impl Pairs {
    /// Whether no file is named.
    pub(super) fn is_empty(&self) -> bool {
        self.chains.is_empty() && self.keys.is_empty()
    }

    /// What is in the files, as a request has it.
    pub(super) fn read(&self) -> Result<Value, Failed> {
        let (chains, keys) = (self.chains.len(), self.keys.len());
        if self.is_empty() || chains != keys {
            return Err(Failed::Pairs(chains, keys));
        }
        let pairs = self.chains.iter().zip(&self.keys);
        let pairs =
            pairs.map(|(chain, key)| Ok(json!({ "chain": read(chain)?, "key": read(key)? })));
        pairs.collect()
    }
}

fn read(path: &Path) -> Result<String, Failed> {
    let content = fs::read(path).map_err(|error| Failed::File(path.to_owned(), error))?;
    String::from_utf8(content).map_err(|_| Failed::NoText(path.to_owned()))
}
