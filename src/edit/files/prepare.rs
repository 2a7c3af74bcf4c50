use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::fault::WriteFault;
use super::seen::Seen;
use super::stage::Stage;
use super::step::{Step, Was};
use super::{Prepared, What, Write, draft, look};
use crate::disk::together;

/// Writes the drafts of all at the same time.
pub(super) fn prepare(writes: Vec<Write>) -> Result<Prepared, WriteFault> {
    check_apart(&writes)?;
    writes.iter().try_for_each(Write::check_names)?;
    let stages = stages(&writes)?;
    let numbered = writes.into_iter().enumerate();
    let drafts = numbered.map(|(number, write)| {
        let directory = directory(&write.path).to_owned();
        let stage = stages.get(&directory).map(|stage| stage.place(number));
        let aside = stage.unwrap_or_default();
        (write, directory, aside)
    });
    let drafts: Vec<_> = drafts.collect();
    let looks = together(&drafts, |(write, _, aside)| write.draft(aside));
    let steps = drafts.into_iter().zip(looks);
    let steps =
        steps.map(|((write, directory, aside), look)| Ok(write.step(directory, aside, look?)));
    Ok(Prepared {
        steps: steps.collect::<Result<_, _>>()?,
        stages,
    })
}

/// What is written twice, or within what is replaced as a whole, has no order that could be meant.
fn check_apart(writes: &[Write]) -> Result<(), WriteFault> {
    let mut paths: Vec<_> = writes.iter().map(|write| &*write.path).collect();
    paths.sort_unstable();
    let twice = paths.windows(2).find(|two| two[1].starts_with(two[0]));
    twice.map_or(Ok(()), |two| {
        let error = io::Error::new(ErrorKind::InvalidInput, "it is written twice at once");
        Err(WriteFault::io(two[1], error))
    })
}

fn stages(writes: &[Write]) -> Result<BTreeMap<PathBuf, Stage>, WriteFault> {
    let mut stages = BTreeMap::new();
    for write in writes {
        let directory = directory(&write.path);
        if !stages.contains_key(directory) {
            let stage = Stage::open(directory).map_err(|error| WriteFault::io(directory, error))?;
            stages.insert(directory.to_owned(), stage);
        }
    }
    Ok(stages)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

impl Write {
    /// What is written into a directory stays in it.
    fn check_names(&self) -> Result<(), WriteFault> {
        let What::Directory(files) = &self.what else {
            return Ok(());
        };
        let is_name = |name: &str| Path::new(name).file_name().is_some_and(|it| it == name);
        match files.keys().find(|name| !is_name(name)) {
            None => Ok(()),
            Some(name) => {
                let error = io::Error::new(ErrorKind::InvalidInput, "it is no name of a file");
                Err(WriteFault::io(&self.path.join(name), error))
            }
        }
    }

    /// Looks at what is there, and writes the draft. Gives what was seen of a directory.
    fn draft(&self, aside: &Path) -> Result<Option<Seen>, WriteFault> {
        let path = &*self.path;
        let failed = |error| WriteFault::io(path, error);
        match &self.what {
            What::File { before, content } => {
                let old = self.expect(look::file(path)?, before.is_some())?;
                draft::file(aside, content, path, old.as_ref()).map_err(failed)?;
            }
            What::NoFile { .. } => {
                self.expect(look::file(path)?, true)?;
            }
            What::Directory(files) => {
                let old = look::directory(path)?;
                draft::directory(aside, files, path, old.as_ref()).map_err(failed)?;
                return Ok(old.map(|(_, seen)| seen));
            }
            What::NoDirectory => {
                let old = look::directory(path)?;
                let (_, seen) = old.ok_or_else(|| WriteFault::ChangedMeanwhile(path.to_owned()))?;
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// There has to be a file, or none.
    fn expect(
        &self,
        old: Option<Metadata>,
        is_there: bool,
    ) -> Result<Option<Metadata>, WriteFault> {
        match old.is_some() == is_there {
            true => Ok(old),
            false => Err(WriteFault::ChangedMeanwhile(self.path.clone())),
        }
    }

    fn step(self, directory: PathBuf, aside: PathBuf, seen: Option<Seen>) -> Step {
        let seen = seen.map_or(Was::Nothing, Was::Directory);
        let (has_draft, was) = match self.what {
            What::File { before, .. } => (true, before.map_or(Was::Nothing, Was::File)),
            What::NoFile { before } => (false, Was::File(before)),
            What::Directory(_) => (true, seen),
            What::NoDirectory => (false, seen),
        };
        Step {
            path: self.path,
            directory,
            aside,
            has_draft,
            was,
        }
    }
}
