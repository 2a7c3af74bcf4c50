use std::collections::HashSet;

use super::Facts;
use super::order::Key;
use crate::admin::fault::Fault;
use crate::admin::range::{Only, State};
use crate::certificate::Name;
use crate::domain::Pattern;
use crate::reload::{Effect, Kind};
use crate::snapshot::Domain;

/// Lets domains through to a list.
pub(super) struct Filter<'f> {
    text: Option<&'f str>,
    state: Option<&'static str>,
    /// Those whose newest tables are refused, if only they are wanted.
    quarantined: Option<HashSet<Pattern>>,
    certificate: Option<&'f Name>,
    /// The names of each leaf of the certificate that is to be valid for them: it may have thousands.
    covered_by: Option<Vec<HashSet<&'f Pattern>>>,
}

impl<'f> Filter<'f> {
    /// What is asked for, where it needs looking up.
    pub(super) fn of(
        facts: &'f Facts,
        text: Option<&'f String>,
        only: &'f Only,
    ) -> Result<Self, Fault> {
        let covered_by = only.covered_by.as_ref();
        let covered_by = covered_by.map(|name| {
            let certificate = facts.certificate_in_use(name)?;
            let leaves = certificate.pairs.iter();
            Ok::<_, Fault>(leaves.map(|leaf| leaf.names().iter().collect()).collect())
        });
        let (state, quarantined) = match only.state {
            None => (None, None),
            Some(State::Is(state)) => (Some(state), None),
            Some(State::Quarantined) => (None, Some(facts.quarantined())),
        };
        Ok(Self {
            text: text.map(String::as_str),
            state,
            quarantined,
            certificate: only.certificate.as_ref(),
            covered_by: covered_by.transpose()?,
        })
    }

    pub(super) fn lets_through(&self, key: Key<'_>, domain: &Domain) -> bool {
        let name = domain.name();
        self.state.is_none_or(|state| domain.https.code() == state)
            && self.text.is_none_or(|text| key.contains(text))
            && (self.certificate.is_none() || domain.certificate_name() == self.certificate)
            && self.quarantined.as_ref().is_none_or(|it| it.contains(name))
            && self.covered_by.as_ref().is_none_or(|it| covers(it, name))
    }
}

/// Whether all leaves are valid for all that a domain's name stands for.
fn covers(leaves: &[HashSet<&Pattern>], domain: &Pattern) -> bool {
    let covers = |leaf: &HashSet<_>| domain.covered_by().any(|name| leaf.contains(&name));
    leaves.iter().all(covers)
}

impl Facts {
    fn quarantined(&self) -> HashSet<Pattern> {
        let problems = self.status.problems.iter();
        let refused = problems
            .filter(|it| it.kind == Kind::Domain && it.effect == Effect::Quarantine)
            .filter_map(|problem| problem.name.parse().ok());
        refused.collect()
    }
}
