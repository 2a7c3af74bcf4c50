use std::collections::BTreeMap;

use super::Catalog;
use crate::certificate::Refusal;
use crate::config::{self, Changes, Reason};
use crate::domain::Pattern;
use crate::reload::candidate::Parser;
use crate::reload::problem::{Item, Problem};
use crate::snapshot::Snapshot;

impl Catalog {
    pub(super) fn check_default_domain(&mut self, next: &Snapshot) {
        let name = self.settings.default_domain.clone();
        let unknown = name.filter(|name| next.find(name.as_str()).is_none());
        let problem = unknown.map(|name| Problem::default_domain(&name));
        self.problems
            .note(Item::DefaultDomain, problem.into_iter().collect());
    }

    /// The tables of a domain that do not count.
    pub(super) fn duplicates(&self, name: &Pattern) -> impl Iterator<Item = Problem> {
        let duplicates = self.domains.duplicates(name).into_iter();
        duplicates.map(|duplicate| {
            let (name, first) = (duplicate.name, duplicate.first);
            let problem = config::Problem {
                place: duplicate.place,
                reason: Reason::DuplicateDomain {
                    name: name.clone(),
                    first,
                },
            };
            Problem::config(Some(&name), &problem)
        })
    }

    /// The tcp listeners that a domain has origins for, but the process has not. Not a fault of the
    /// domain: they may come with the next start.
    pub(super) fn unknown_listeners(
        &self,
        domain: &config::Domain,
    ) -> impl Iterator<Item = Problem> {
        let listeners = &self.settings.listeners;
        let unknown = domain.tcp.iter().map(|it| &it.listener);
        let unknown = unknown.filter(|name| !listeners.tcp.iter().any(|it| it.name == **name));
        unknown.map(|name| Problem::tcp_listener(domain, name, listeners))
    }
}

/// What a scan tells anew each time: lost directories, names that are taken, and what is not watched.
pub(super) fn states(changes: &Changes<Parser>) -> BTreeMap<Item, Vec<Problem>> {
    let lost = changes.lost.iter().map(|lost| {
        let item = Item::Directory(lost.path.clone());
        (item, vec![Problem::lost(lost)])
    });
    let duplicates = changes.duplicates.iter().map(|duplicate| {
        let refusal = Refusal::DefinedTwice(duplicate.taken_by.clone());
        let problem = Problem::certificate(&duplicate.name, &duplicate.location, &refusal);
        let item = Item::Duplicate(duplicate.name.clone(), duplicate.location.clone());
        (item, vec![problem])
    });
    let unwatched = changes.unwatched.as_ref();
    let unwatched = unwatched.map(|it| (Item::Watching, vec![Problem::unwatched(it)]));
    lost.chain(duplicates).chain(unwatched).collect()
}
