use super::plan::Plan;
use super::rejection::Rejection;
use super::shelf::{Kept, Shelf, ShelfFault};
use super::tag::Condition;
use super::{certificates, view::View};
use crate::certificate::{Files, Name};
use crate::edit::files::WriteFault;
use crate::state::{Pin, Version};

/// What history has of a certificate.
#[derive(Debug)]
pub struct Shelved {
    /// The versions that are kept, the newest first.
    pub versions: Vec<Kept>,
    /// The one that is served, if it is among them.
    pub in_use: Option<Version>,
    /// Whether the certificate was deleted.
    pub is_deleted: bool,
}

/// What becomes of a rollback.
pub(super) struct Pinning {
    shelf: Shelf,
    name: Name,
    /// None gives the certificate back to its files.
    pin: Option<Pin>,
}

impl Pinning {
    /// Writes it down.
    pub(super) fn commit(self) -> Result<(), WriteFault> {
        let Some(pin) = &self.pin else {
            return self.shelf.release(&self.name).map(drop);
        };
        for warning in self.shelf.pin(&self.name, pin)? {
            tracing::warn!(reason = warning.code(), hint = warning.hint(), "{warning}");
        }
        Ok(())
    }
}

impl Plan<'_> {
    /// Serves an earlier version in place of the files.
    pub(super) fn roll_back(
        &mut self,
        name: Name,
        version: Option<Version>,
        condition: &Condition,
    ) -> Result<(), Rejection> {
        let shelf = self.view.shelf()?;
        let files = self.files_to_replace(&name, condition)?;
        let (version, pairs) = shelf.choose(&name, &files, version)?;
        let pin = Pin::in_place_of(&files, version, self.view.now);
        let is_same = |before: Pin| before.version == pin.version && before.files == pin.files;
        if !shelf.pinned(&name).is_some_and(is_same) {
            self.pinning = Some(Pinning {
                shelf: shelf.clone(),
                name: name.clone(),
                pin: Some(pin),
            });
        }
        self.note_certificate(name, Some(pairs));
        Ok(())
    }

    /// Serves what the files hold again.
    pub(super) fn release(&mut self, name: Name, condition: &Condition) -> Result<(), Rejection> {
        let shelf = self.view.shelf()?;
        let files = self.files_to_replace(&name, condition)?;
        let in_use = self.view.certificate(&name).map(|it| it.pairs.clone());
        let pairs = match shelf.pinned(&name) {
            Some(_) => shelf.parse(&files).ok().or(in_use),
            None => in_use,
        };
        if shelf.pinned(&name).is_some() {
            self.pinning = Some(Pinning {
                shelf: shelf.clone(),
                name: name.clone(),
                pin: None,
            });
        }
        self.note_certificate(name, pairs);
        Ok(())
    }

    fn files_to_replace(&self, name: &Name, condition: &Condition) -> Result<Files, Rejection> {
        let present = self.view.files_of(name);
        certificates::check(present.as_ref(), condition)?;
        present.ok_or_else(|| self.view.unknown_certificate(name))
    }
}

impl View {
    pub(super) fn shelf(&self) -> Result<&Shelf, ShelfFault> {
        self.shelf.as_ref().ok_or(ShelfFault::Off)
    }

    /// What history has of a certificate.
    pub(super) fn shelved(&self, name: &Name) -> Result<Shelved, Rejection> {
        let shelf = self.shelf()?;
        let versions = shelf.list(name)?;
        let certificate = self.certificate(name);
        if versions.is_empty() && certificate.is_none() {
            return Err(self.unknown_certificate(name));
        }
        let leaf = certificate.map(|it| it.pairs.fingerprint());
        let is_of_it = |kept: &&Kept| leaf.is_some_and(|leaf| kept.version.is_of(&leaf));
        // The same version may be there twice: it was in use, and again later.
        let mut served = versions.iter().filter(is_of_it);
        let pinned = served.clone().find(|kept| kept.is_pinned);
        let in_use = pinned.or_else(|| served.next()).map(|kept| kept.version);
        Ok(Shelved {
            versions,
            in_use,
            is_deleted: shelf.is_deleted(name)?,
        })
    }
}
