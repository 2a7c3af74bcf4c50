use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::answer::Answer;
use crate::certificate::Timestamp;
use crate::domain::Pattern;

/// What has been proven: the newest result of each domain that was asked for, and counters.
///
/// It belongs to the control plane: no viewer waits for its lock.
#[derive(Debug, Default)]
pub struct Proofs {
    results: Mutex<HashMap<Pattern, Proof>>,
    outcomes: [AtomicU64; Outcome::ALL.len()],
}

/// What a domain should be served with, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the snapshot wanted.
    pub wanted: Answer,
    /// What came, or the code of the fault in place of it.
    pub served: Result<Answer, &'static str>,
    /// Since when both are so.
    pub since: Timestamp,
    /// When it was looked at last.
    pub checked: Timestamp,
}

/// How a proof ended. One that does not succeed is tried again each minute, and counted each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Served is what is wanted.
    Ok,
    /// Something else is served.
    Mismatch,
    /// No handshake came about.
    Failed,
    /// Too many domains changed at once.
    Skipped,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Mismatch, Self::Failed, Self::Skipped];

    /// The stable word for it in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Mismatch => "mismatch",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Proof {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match self.served {
            Ok(served) if served == self.wanted => Outcome::Ok,
            Ok(_) => Outcome::Mismatch,
            Err(_) => Outcome::Failed,
        }
    }

    /// What came, in a word: a fingerprint, `refused`, or the code of the fault.
    pub fn served_code(&self) -> String {
        match self.served {
            Ok(served) => served.to_string(),
            Err(code) => code.to_owned(),
        }
    }
}

impl Proofs {
    /// The newest result of a domain, if it was asked for.
    pub fn get(&self, domain: &Pattern) -> Option<Proof> {
        self.results().get(domain).copied()
    }

    /// The domains that are served otherwise than wanted, by name.
    pub fn differing(&self) -> Vec<(Pattern, Proof)> {
        let results = self.results();
        let differing = results
            .iter()
            .filter(|(_, proof)| proof.outcome() == Outcome::Mismatch);
        let mut differing: Vec<_> = differing
            .map(|(name, proof)| (name.clone(), *proof))
            .collect();
        drop(results);
        differing.sort_by(|(one, _), (other, _)| one.cmp(other));
        differing
    }

    /// How many proofs ended in this way so far.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, outcome: Outcome, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.outcomes[outcome as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Takes down and counts a result; returns it beside the one before.
    pub(crate) fn note(
        &self,
        domain: &Pattern,
        wanted: Answer,
        served: Result<Answer, &'static str>,
        now: Timestamp,
    ) -> (Option<Proof>, Proof) {
        let mut results = self.results();
        let before = results.get(domain).copied();
        let same = before.filter(|before| (before.wanted, before.served) == (wanted, served));
        let proof = Proof {
            wanted,
            served,
            since: same.map_or(now, |same| same.since),
            checked: now,
        };
        results.insert(domain.clone(), proof);
        drop(results);
        self.add(proof.outcome(), 1);
        (before, proof)
    }

    pub(super) fn forget(&self, domain: &Pattern) {
        self.results().remove(domain);
    }

    /// Drops the results of domains that are gone.
    pub(super) fn retain(&self, is_there: impl Fn(&Pattern) -> bool) {
        self.results().retain(|domain, _| is_there(domain));
    }

    fn results(&self) -> MutexGuard<'_, HashMap<Pattern, Proof>> {
        // Whoever panicked left a table that is as good as before.
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Fingerprint;

    #[test]
    fn a_result_knows_since_when_it_is_so() {
        let (proofs, domain) = (Proofs::default(), "play.example.com".parse().unwrap());
        let [old, new] = [b"old", b"new"].map(|der| Answer::Leaf(Fingerprint::of(der)));
        let note = |served, now| proofs.note(&domain, new, served, Timestamp(now)).1;
        assert_eq!(note(Ok(old), 1).since, Timestamp(1));
        let again = note(Ok(old), 2);
        assert_eq!((again.since, again.checked), (Timestamp(1), Timestamp(2)));
        assert_eq!(proofs.differing(), [(domain.clone(), again)]);
        assert_eq!(note(Err("timeout"), 3).outcome(), Outcome::Failed);
        assert_eq!(note(Ok(new), 4).since, Timestamp(4));
        assert_eq!(proofs.differing(), []);
        let counts = Outcome::ALL.map(|outcome| proofs.count(outcome));
        assert_eq!(counts, [1, 2, 1, 0]);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let proofs = Proofs::default();
        let names = ["a.example.com", "b.example.com"].map(|name| name.parse().unwrap());
        for name in &names {
            proofs.note(name, Answer::Refused, Ok(Answer::Refused), Timestamp(1));
        }
        proofs.retain(|name| *name == names[0]);
        assert!(proofs.get(&names[0]).is_some() && proofs.get(&names[1]).is_none());
        proofs.forget(&names[0]);
        assert!(proofs.get(&names[0]).is_none());
    }
}
