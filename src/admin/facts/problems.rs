use std::collections::{BTreeMap, HashMap};

use super::Facts;
use crate::admin::view;
use crate::reload::{Kind, Problem};

impl Facts {
    /// All problems: counted, and the first of them.
    pub(super) fn problems(&self) -> view::Problems {
        let problems = &self.status.problems;
        let mut counts = BTreeMap::<_, usize>::new();
        for problem in &**problems {
            let reason = (problem.effect.code(), problem.reason);
            *counts.entry(reason).or_default() += 1;
        }
        let counts = counts.into_iter();
        let counts = counts.map(|((effect, reason), count)| view::ReasonCount {
            effect: effect.to_owned(),
            reason: reason.to_owned(),
            count,
        });
        view::Problems {
            total: problems.len(),
            counts: counts.collect(),
            first: problems.iter().take(MOST_PROBLEMS).map(problem).collect(),
        }
    }

    /// The problems of some things of one kind, by their names.
    pub(super) fn problems_of<'n>(
        &self,
        kind: Kind,
        names: impl IntoIterator<Item = &'n str>,
    ) -> HashMap<&'n str, Vec<view::Problem>> {
        let names = names.into_iter();
        let mut found: HashMap<_, _> = names.map(|name| (name, Vec::new())).collect();
        for problem in self.status.problems.iter().filter(|it| it.kind == kind) {
            if let Some(found) = found.get_mut(&*problem.name) {
                found.push(self::problem(problem));
            }
        }
        found
    }
}

pub(in crate::admin) fn problem(problem: &Problem) -> view::Problem {
    view::Problem {
        effect: problem.effect.code().to_owned(),
        kind: problem.kind.code().to_owned(),
        name: problem.name.clone(),
        reason: problem.reason.to_owned(),
        place: problem.place.as_ref().map(ToString::to_string),
        text: problem.text.clone(),
        hint: problem.hint.clone(),
    }
}

/// More than anybody reads at once, and few enough to send.
pub(super) const MOST_PROBLEMS: usize = 1_000;
