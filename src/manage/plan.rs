use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::operation::Keys;
use super::outcome::{DomainResult, Done, Reason};
use super::rejection::Rejection;
use super::rollback::Pinning;
use super::tag::{Condition, Tag};
use super::view::View;
use crate::certificate::{self, Certificate};
use crate::config::{self, DomainFile, Items, parse_domains};
use crate::domain::Pattern;
use crate::edit::domains::Editor;
use crate::edit::files::{WriteFault, Writes};
use crate::edit::{EditFault, Value};
use crate::reload::{Actor, By, Problem, Wanted};

/// Edits of the configuration that belong together, and what they mean.
pub(super) struct Plan<'v> {
    pub(super) view: &'v View,
    pub(super) writes: Writes,
    /// The domains that it is about, and what becomes of them.
    pub(super) results: BTreeMap<Pattern, DomainResult>,
    /// The certificate that it is about, as it is in use then.
    pub(super) certificate: Option<(certificate::Name, Option<Arc<Certificate>>)>,
    /// What becomes of its rollback.
    pub(super) pinning: Option<Pinning>,
    files: BTreeMap<PathBuf, File>,
}

/// A file of domains that is being edited.
pub(super) struct File {
    before: Option<Vec<u8>>,
    pub(super) editor: Editor,
    /// What was wrong with it, by the domain.
    problems: Vec<(Option<Pattern>, config::Problem)>,
}

/// What is to be written, and how the domains are configured then.
pub(super) struct Planned {
    pub(super) writes: Writes,
    pub(super) items: Items,
    pub(super) results: BTreeMap<Pattern, DomainResult>,
    pub(super) certificate: Option<(certificate::Name, Option<Arc<Certificate>>)>,
    pub(super) pinning: Option<Pinning>,
    pub(super) configs: BTreeMap<Pattern, Arc<config::Domain>>,
}

impl<'v> Plan<'v> {
    pub(super) fn new(view: &'v View) -> Self {
        Self {
            view,
            writes: Writes::new(),
            results: BTreeMap::new(),
            certificate: None,
            pinning: None,
            files: BTreeMap::new(),
        }
    }

    pub(super) fn add_domain(&mut self, name: Pattern, keys: &Keys) -> Result<(), Rejection> {
        if self.view.file_of(&name).is_some() {
            return Err(EditFault::DomainExists(name).into());
        }
        let path = self.view.root.join("domains").join(file_name(&name));
        self.open(&path)?.editor.add(&name, keys)?;
        self.results.insert(name, DomainResult::Done(Done::Added));
        Ok(())
    }

    pub(super) fn set_domain(
        &mut self,
        name: Pattern,
        keys: &Keys,
        condition: &Condition,
    ) -> Result<(), Rejection> {
        let file = self.table(&name, condition)?;
        file.set(&name, keys)?;
        self.results.insert(name, DomainResult::Done(Done::Changed));
        Ok(())
    }

    pub(super) fn remove_domain(
        &mut self,
        name: Pattern,
        condition: &Condition,
    ) -> Result<(), Rejection> {
        self.table(&name, condition)?.editor.remove(&name)?;
        self.results.insert(name, DomainResult::Done(Done::Removed));
        Ok(())
    }

    /// The file with a domain's table, if that is the version that is meant.
    fn table(&mut self, name: &Pattern, condition: &Condition) -> Result<&mut File, Rejection> {
        let unknown = || self.view.unknown_domain(name);
        let path = self.view.file_of(name).ok_or_else(unknown)?;
        let unknown = self.view.unknown_domain(name);
        let file = self.open(&path)?;
        let text = file.editor.table_text(name).ok_or(unknown)?;
        match condition.holds(Some(&Tag::of_table(text))) {
            true => Ok(file),
            false => Err(Rejection::OtherVersion),
        }
    }

    /// The file at a path, as it is with the edits so far.
    pub(super) fn open(&mut self, path: &Path) -> Result<&mut File, Rejection> {
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), File::read(path)?);
        }
        Ok(self
            .files
            .get_mut(path)
            .expect("it was inserted if it was not there"))
    }

    /// Puts the edited files among what is to be written, where they differ, and looks at what that
    /// would mean.
    ///
    /// # Errors
    ///
    /// When the configuration would not take it.
    pub(super) fn finish(mut self) -> Result<Planned, Rejection> {
        let mut items = Items::default();
        let mut configs = BTreeMap::new();
        let mut problems = Vec::new();
        let mut unchanged: BTreeSet<_> = self.results.keys().cloned().collect();
        for (path, file) in self.files {
            let text = file.editor.finish();
            let parsed = parse_domains(&path, text.as_bytes());
            let earlier = file.meanings(&path);
            problems.extend(news(&parsed, &self.results));
            for domain in parsed.domains {
                let before = earlier.iter().find(|before| before.name == domain.name);
                if !before.is_some_and(|before| before.same_meaning(&domain)) {
                    unchanged.remove(&domain.name);
                }
                if self.results.contains_key(&domain.name) {
                    configs.insert(domain.name.clone(), domain);
                }
            }
            if file.write(&path, text, &mut self.writes) {
                items.domains.insert(path);
            }
        }
        if !problems.is_empty() {
            return Err(Rejection::Invalid(problems));
        }
        check_holds(&configs, self.view)?;
        for (name, result) in &mut self.results {
            let stays = matches!(result, DomainResult::Done(done) if *done != Done::Removed);
            if stays && unchanged.contains(name) {
                *result = DomainResult::Unchanged;
            }
        }
        items.certificates = self
            .certificate
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        Ok(Planned {
            writes: self.writes,
            items,
            results: self.results,
            certificate: self.certificate,
            pinning: self.pinning,
            configs,
        })
    }
}

impl Planned {
    pub(super) fn changes_nothing(&self) -> bool {
        self.writes.is_empty() && self.pinning.is_none()
    }

    /// What the reload is to look at.
    pub(super) fn wanted(&mut self, by: Actor) -> Wanted {
        let removed = self.results.iter();
        let removed = removed.filter(|(_, result)| **result == DomainResult::Done(Done::Removed));
        Wanted {
            items: std::mem::take(&mut self.items),
            removed: removed.map(|(name, _)| name.clone()).collect(),
            afresh: false,
            by: By::Somebody(by),
        }
    }
}

/// Whether HTTPS would end that browsers hold to. Where it was to end before, that is told already.
fn check_holds(
    configs: &BTreeMap<Pattern, Arc<config::Domain>>,
    view: &View,
) -> Result<(), Rejection> {
    let held = configs.values().filter_map(|config| {
        let before = view.domain(&config.name);
        let is_told = before.is_some_and(|before| before.config.is_without_https());
        let until = view.hold(config).filter(|_| !is_told)?;
        Some((config.name.clone(), until))
    });
    let (domains, until): (Vec<_>, Vec<_>) = held.unzip();
    match until.into_iter().max() {
        Some(until) => Err(Rejection::HstsRuns { domains, until }),
        None => Ok(()),
    }
}

/// What is wrong with the domains that a plan is about, and with the file as a whole.
fn news(parsed: &DomainFile, about: &BTreeMap<Pattern, DomainResult>) -> Vec<Problem> {
    let problems = parsed.problems.iter().filter(|(domain, _)| {
        let result = domain.as_ref().map(|domain| about.get(domain));
        matches!(result, None | Some(Some(DomainResult::Done(_))))
    });
    let problems = problems.map(|(domain, problem)| Problem::config(domain.as_ref(), problem));
    problems.collect()
}

impl File {
    fn read(path: &Path) -> Result<Self, Rejection> {
        let before = match fs::read(path) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(WriteFault::io(path, error).into()),
        };
        let content = before.as_deref().unwrap_or_default();
        let problems = parse_domains(path, content).problems;
        let editor = str::from_utf8(content).ok().map(Editor::parse);
        match editor {
            Some(Ok(editor)) => Ok(Self {
                before,
                editor,
                problems,
            }),
            // What the configuration says of it names the place.
            Some(Err(fault)) if problems.is_empty() => Err(fault.into()),
            _ => {
                let problems = problems.iter();
                let problems = problems.map(|(name, it)| Problem::config(name.as_ref(), it));
                Err(Rejection::Invalid(problems.collect()))
            }
        }
    }

    /// Changes keys of a domain's table. That HTTPS ends by force is said of one time: when it is
    /// switched on again, browsers are told again.
    pub(super) fn set(&mut self, name: &Pattern, keys: &Keys) -> Result<(), EditFault> {
        let has = |key: &str, value: Option<&Value>| {
            let mut keys = keys.iter();
            keys.any(|(it, set)| *it == key.into() && (value.is_none() || set.as_ref() == value))
        };
        let mut keys = keys.clone();
        if has(HTTPS, Some(&true.into())) && !has(FORCE_HTTPS_OFF, None) {
            keys.push((FORCE_HTTPS_OFF.into(), None));
        }
        self.editor.set(name, &keys)
    }

    /// Why a domain's table does not count, whatever is changed about its certificate.
    pub(super) fn fault_of(&self, name: &Pattern) -> Option<Reason> {
        let problems = self.problems.iter();
        let mut problems =
            problems.filter(|(domain, _)| domain.as_ref().is_none_or(|it| it == name));
        let (domain, problem) = problems.next()?;
        let problem = Problem::config(domain.as_ref(), problem);
        Some(Reason {
            code: problem.reason,
            text: problem.text,
            hint: problem.hint,
        })
    }

    fn meanings(&self, path: &Path) -> Vec<Arc<config::Domain>> {
        let before = self.before.as_deref().unwrap_or_default();
        parse_domains(path, before).domains
    }

    /// Says whether there is something to write.
    fn write(self, path: &Path, text: String, writes: &mut Writes) -> bool {
        let before = match self.before {
            Some(before) if before == text.as_bytes() => return false,
            Some(before) if text.trim().is_empty() => {
                writes.remove(path.to_owned(), before);
                return true;
            }
            before => before,
        };
        writes.replace(path.to_owned(), before, text.into_bytes());
        true
    }
}

/// The key of the HTTPS switch.
pub(super) const HTTPS: &str = "https";

/// The key that lets HTTPS end though browsers hold to it.
pub(super) const FORCE_HTTPS_OFF: &str = "force_https_off";

/// The file of a domain's own: a `*` in a file's name is asking for trouble.
fn file_name(name: &Pattern) -> String {
    match name {
        Pattern::Exact(name) => format!("{name}.toml"),
        Pattern::Wildcard(parent) => format!("wildcard.{parent}.toml"),
    }
}
