use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::proofs::{Outcome, Proofs};
use crate::domain::Pattern;

/// Tells which domains changed. For the reload loop, after each publish: it never waits.
#[derive(Clone, Debug)]
pub struct Changed {
    names: Sender<Pattern>,
    proofs: Arc<Proofs>,
}

/// The other end, for the one prover.
#[derive(Debug)]
pub struct Receiver {
    pub(super) names: tokio::sync::mpsc::Receiver<Pattern>,
    pub(super) proofs: Arc<Proofs>,
}

impl Changed {
    pub(super) fn new(names: Sender<Pattern>, proofs: Arc<Proofs>) -> Self {
        Self { names, proofs }
    }

    /// What has been proven so far.
    pub fn proofs(&self) -> &Arc<Proofs> {
        &self.proofs
    }

    /// Asks for a proof of the domains that one publish has changed: all of them, or a sample of
    /// 200 spread over them. Those beyond, and those for which the queue has no room, are counted
    /// as skipped. Does nothing while there is no prover.
    pub fn domains<'p>(&self, names: impl IntoIterator<Item = &'p Pattern>) {
        if self.names.is_closed() {
            return;
        }
        let names: Vec<_> = names.into_iter().collect();
        let sample = sample(&names);
        let mut skipped = names.len() - sample.len();
        for name in sample {
            if let Err(TrySendError::Full(_)) = self.names.try_send(name.clone()) {
                skipped += 1;
            }
        }
        self.proofs.add(Outcome::Skipped, skipped);
    }
}

/// Equally far apart: neighbours are likely to share a certificate.
fn sample<'p>(names: &[&'p Pattern]) -> Vec<&'p Pattern> {
    let count = names.len().min(SAMPLE);
    let places = (0..count).map(|place| place * names.len() / count);
    places.map(|place| names[place]).collect()
}

/// Ten seconds of handshakes.
const SAMPLE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{QUEUE, channel};

    fn names(count: usize) -> Vec<Pattern> {
        let names = (0..count).map(|number| format!("d{number}.example.com"));
        names.map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn all_of_a_small_publish_and_a_spread_sample_of_a_large_one() {
        for (count, expected) in [(0, 0), (1, 1), (200, 200), (201, 200), (100_000, 200)] {
            let names = names(count);
            let sampled = sample(&names.iter().collect::<Vec<_>>());
            assert_eq!(sampled.len(), expected, "{count}");
        }
        let names = names(100_000);
        let sampled = sample(&names.iter().collect::<Vec<_>>());
        assert_eq!(sampled[0], &names[0]);
        assert_eq!(sampled[199], &names[99_500]);
    }

    #[test]
    fn what_is_not_proven_is_counted() {
        let (changed, _receiver) = channel();
        let names = names(300);
        changed.domains(&names);
        assert_eq!(changed.proofs().count(Outcome::Skipped), 100);
        for _ in 0..5 {
            changed.domains(&names[..200]);
        }
        let overflow = 6 * 200 - QUEUE as u64;
        assert_eq!(changed.proofs().count(Outcome::Skipped), 100 + overflow);
    }

    #[test]
    fn without_a_prover_nothing_is_skipped() {
        let (changed, receiver) = channel();
        drop(receiver);
        changed.domains(&names(1_000));
        assert_eq!(changed.proofs().count(Outcome::Skipped), 0);
    }
}
