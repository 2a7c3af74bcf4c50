use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::rejection::Rejection;
use crate::certificate::{Files, Name, PairText, is_essential};
use crate::edit::files::Writes;

/// Where the files of a certificate are, and how they are named there. An edit keeps that up: the
/// tool or hand that wrote them goes on to find them.
pub(super) struct Place {
    pub(super) directory: PathBuf,
    layout: Layout,
    name: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// A directory of its own.
    Own,
    /// `NAME.crt` and `NAME.key`.
    Split,
    /// `NAME.pem`.
    Combined,
}

impl Place {
    /// Where the files are, or a directory of its own in `new` if there are none.
    pub(super) fn of(name: &Name, present: Option<&Files>, new: &Path) -> Result<Self, Rejection> {
        let (directory, layout) = match present {
            None => (new.join(name.as_str()), Layout::Own),
            Some(files) => {
                let directory = files.location().to_owned();
                let layout = Layout::of(name, files);
                let layout = layout.ok_or_else(|| Rejection::Layout(name.clone()))?;
                (directory, layout)
            }
        };
        Ok(Self {
            directory,
            layout,
            name: name.clone(),
        })
    }

    /// The names of the files for a pair, and of a second one with another kind of key.
    pub(super) fn files_of(
        &self,
        pair: &PairText,
        label: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, Rejection> {
        let (chain, key) = (pair.chain.clone(), pair.key.to_vec());
        let name = &self.name;
        Ok(match self.layout {
            Layout::Own => vec![
                (format!("fullchain{label}.pem"), chain),
                (format!("privkey{label}.pem"), key),
            ],
            _ if !label.is_empty() => return Err(Rejection::Layout(name.clone())),
            Layout::Split => vec![(format!("{name}.crt"), chain), (format!("{name}.key"), key)],
            Layout::Combined => vec![(format!("{name}.pem"), [chain, key].concat())],
        })
    }

    /// The name of the file with its options.
    pub(super) fn options_file(&self) -> String {
        match self.layout {
            Layout::Own => "certificate.toml".to_owned(),
            Layout::Split | Layout::Combined => format!("{}.toml", self.name),
        }
    }

    /// Writes files in place of those that are there.
    pub(super) fn write(
        &self,
        files: BTreeMap<String, Vec<u8>>,
        present: Option<&Files>,
        writes: &mut Writes,
    ) {
        if self.layout == Layout::Own {
            let files = files.into_iter();
            let files = files.map(|(name, content)| {
                let mode = if name.ends_with(".toml") {
                    0o644
                } else {
                    0o600
                };
                (name, (content, mode))
            });
            return writes.replace_directory(self.directory.clone(), files.collect());
        }
        for (name, content) in files {
            let before = present.and_then(|present| content_of(present, &name));
            if before.as_ref() != Some(&content) {
                writes.replace(self.directory.join(name), before, content);
            }
        }
    }

    /// Removes all that is there.
    pub(super) fn remove(&self, present: &Files, writes: &mut Writes) {
        if self.layout == Layout::Own {
            return writes.remove_directory(self.directory.clone());
        }
        for (name, content) in present.readable() {
            writes.remove(self.directory.join(name), content.to_vec());
        }
    }
}

impl Layout {
    fn of(name: &Name, files: &Files) -> Option<Self> {
        let directory = files.location();
        if directory
            .file_name()
            .is_some_and(|last| last == name.as_str())
        {
            return Some(Self::Own);
        }
        let essential = files.names().filter(|file| is_essential(file));
        let mut endings: Vec<_> = essential
            .map(|file| file.rsplit_once('.').map_or("", |(_, ending)| ending))
            .collect();
        endings.sort_unstable();
        match endings[..] {
            ["crt", "key"] => Some(Self::Split),
            ["pem"] => Some(Self::Combined),
            _ => None,
        }
    }
}

fn content_of(files: &Files, name: &str) -> Option<Vec<u8>> {
    let mut readable = files.readable();
    readable.find_map(|(file, content)| (file == name).then(|| content.to_vec()))
}
