use std::collections::BTreeSet;
use std::path::Path;

use super::Manner;
use super::candidate::Parser;
use super::problem::Kind;
use super::report::Report;
use crate::certificate::Name;
use crate::config::{Changes, Look, Scope};

/// What a reload found changed: files of settings and of domains, and certificates. Nothing where
/// all is read, changed or not: at the start, and when somebody asks for it.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// How many.
    pub total: usize,
    /// The first of them.
    pub first: Vec<(Kind, String)>,
    /// Those that were read again, and need not have changed.
    again: BTreeSet<Name>,
}

impl Touched {
    /// What a scan has read.
    pub(super) fn of(changes: &Changes<Parser>, look: &Look, manner: &Manner<'_>) -> Self {
        let mut touched = Self::default();
        if manner.wanted().is_none() || look.scope == Scope::Afresh {
            return touched;
        }
        let settings = changes.settings.iter().map(|(path, _)| path);
        let domains = changes.domains.iter().map(|(path, _)| path);
        settings.chain(domains).for_each(|path| touched.file(path));
        for (name, _) in &changes.certificates {
            match look.again.contains(name) {
                true => drop(touched.again.insert(name.clone())),
                false => touched.certificate(name),
            }
        }
        touched
    }

    /// With what came of it: what is gone, and what was read again and is another one.
    pub(super) fn with(mut self, report: &Report) -> Self {
        let adopted = &report.certificates_adopted;
        let again = std::mem::take(&mut self.again);
        let again = adopted.iter().filter(|name| again.contains(*name));
        let gone = report.certificates_removed.iter();
        again.chain(gone).for_each(|name| self.certificate(name));
        let gone = report.files_removed.iter();
        gone.for_each(|path| self.file(path));
        self
    }

    fn file(&mut self, path: &Path) {
        self.add(Kind::File, || path.display().to_string());
    }

    fn certificate(&mut self, name: &Name) {
        self.add(Kind::Certificate, || name.to_string());
    }

    fn add(&mut self, kind: Kind, name: impl FnOnce() -> String) {
        self.total += 1;
        if self.first.len() < NAMED {
            self.first.push((kind, name()));
        }
    }
}

/// A drop of 100,000 certificates is told in a line or two.
const NAMED: usize = 20;
