#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::AlertDescription;
use rustls::crypto::CryptoProvider;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::agenda::{Agenda, Retries};
use super::answer::{Answer, sni};
use super::changed::Receiver;
use super::entrance::Entrance;
use super::handshake::{ProofFault, prove};
use super::proofs::{Outcome, Proof, Proofs};
use crate::certificate::Fingerprint;
use crate::domain::{Name, Pattern};
use crate::snapshot::Current;
use crate::webhook::{Alerts, Difference, Event};

/// The task that asks for changed domains, a few at a time, and tells when one of them is served
/// otherwise than wanted.
#[derive(Debug)]
pub struct Prover {
    names: mpsc::Receiver<Pattern>,
    proofs: Arc<Proofs>,
    current: Current,
    listeners: Arc<[Entrance]>,
    provider: Arc<CryptoProvider>,
    alerts: Alerts,
    agenda: Agenda,
    asking: JoinSet<Answers>,
    asked: HashMap<Id, Pattern>,
    /// No handshake before this.
    pause: Instant,
    /// The domains of which an event says that they differ.
    differing: HashSet<Pattern>,
    swept: Instant,
}

/// What each listener answered.
type Answers = Vec<Result<Answer, ProofFault>>;

impl Prover {
    /// A prover that asks at these listeners, each as it was bound.
    pub fn new(
        changed: Receiver,
        current: Current,
        listeners: &[Entrance],
        provider: Arc<CryptoProvider>,
        alerts: Alerts,
    ) -> Self {
        let listeners = listeners.iter().map(Entrance::reachable);
        Self {
            names: changed.names,
            proofs: changed.proofs,
            current,
            listeners: listeners.collect(),
            provider,
            alerts,
            agenda: Agenda::new(Retries::default()),
            asking: JoinSet::new(),
            asked: HashMap::new(),
            pause: Instant::now(),
            differing: HashSet::new(),
            swept: Instant::now(),
        }
    }

    /// Proves for as long as somebody may tell of a change, or a domain is to be asked again.
    /// Returns at once when there is no listener to ask.
    pub async fn run(mut self) {
        if self.listeners.is_empty() {
            return;
        }
        loop {
            self.ask_due();
            let wake = self.wake();
            tokio::select! {
                Some(name) = self.names.recv(), if self.agenda.has_room() => {
                    self.agenda.changed(name, Instant::now());
                }
                Some(answers) = self.asking.join_next_with_id() => self.take(answers),
                () = sleep_until(wake.unwrap_or(self.pause)), if wake.is_some() => {}
                else => return,
            }
        }
    }

    /// When the next domain can be asked.
    fn wake(&self) -> Option<Instant> {
        let due = self.agenda.next_due()?;
        (self.asking.len() < AT_ONCE).then(|| due.max(self.pause))
    }

    fn ask_due(&mut self) {
        let now = Instant::now();
        while self.wake().is_some_and(|wake| wake <= now) {
            let Some(domain) = self.agenda.next(now) else {
                return;
            };
            let snapshot = self.current.hold();
            if Answer::wanted(&snapshot, &domain).is_none() {
                self.forget(&domain);
            } else if let Some(sni) = sni(&snapshot, &domain) {
                self.ask(domain, sni, now);
            } else {
                self.agenda.forget(&domain);
                self.proofs.add(Outcome::Skipped, 1);
            }
        }
    }

    fn ask(&mut self, domain: Pattern, sni: Name, now: Instant) {
        let (listeners, provider) = (Arc::clone(&self.listeners), Arc::clone(&self.provider));
        let asking = self.asking.spawn(async move {
            let mut answers = Vec::new();
            for listener in &*listeners {
                answers.push(answer(prove(*listener, sni.as_str(), &provider).await));
            }
            answers
        });
        self.asked.insert(asking.id(), domain);
        let handshakes = u32::try_from(self.listeners.len()).unwrap_or(u32::MAX);
        self.pause = now + SPACING.saturating_mul(handshakes);
    }

    /// Compares what was served with what the newest snapshot wants.
    fn take(&mut self, answers: Result<(Id, Answers), JoinError>) {
        let id = answers.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(domain) = self.asked.remove(&id) else {
            return;
        };
        let wanted = Answer::wanted(&self.current.load(), &domain);
        match (answers, wanted) {
            (Ok((_, answers)), Some(wanted)) => self.judge(&domain, wanted, answers),
            // The domain is gone, or a bug has ended the handshake, which is in the log.
            _ => self.forget(&domain),
        }
        self.sweep();
    }

    fn judge(&mut self, domain: &Pattern, wanted: Answer, answers: Answers) {
        let other =
            |answer: &Result<Answer, ProofFault>| !matches!(answer, Ok(it) if *it == wanted);
        let served = answers.into_iter().find(other).unwrap_or(Ok(wanted));
        let agrees = matches!(&served, Ok(served) if *served == wanted);
        if !self.agenda.settle(domain, agrees, Instant::now()) {
            return;
        }
        let code = served.as_ref().copied().map_err(ProofFault::code);
        let (before, proof) = self
            .proofs
            .note(domain, wanted, code, SystemTime::now().into());
        match (proof.outcome(), served) {
            (_, Err(fault)) => failed(domain, &proof, &fault),
            (Outcome::Mismatch, Ok(_)) => self.differs(domain, &proof),
            (_, Ok(_)) => self.agrees(domain, before, &proof),
        }
    }

    fn differs(&mut self, domain: &Pattern, proof: &Proof) {
        let (wanted, served) = (proof.wanted, proof.served_code());
        let since = proof.since;
        tracing::warn!(%domain, %wanted, served, %since, "served otherwise than wanted");
        if self.differing.insert(domain.clone()) {
            let difference = difference(domain, proof);
            self.alerts.send(Event::ServedDiffers(difference));
        }
    }

    fn agrees(&mut self, domain: &Pattern, before: Option<Proof>, proof: &Proof) {
        if before.is_some_and(|before| before.outcome() != Outcome::Ok) {
            let served = proof.served_code();
            tracing::info!(%domain, served, "served as wanted again");
        }
        if self.differing.remove(domain) {
            let difference = difference(domain, proof);
            self.alerts.send(Event::ServedAgrees(difference));
        }
    }

    fn forget(&mut self, domain: &Pattern) {
        self.agenda.forget(domain);
        self.proofs.forget(domain);
        self.differing.remove(domain);
    }

    /// Forgets domains that are gone, since nobody may have been told: once in a while, for it
    /// looks at all results.
    fn sweep(&mut self) {
        let now = Instant::now();
        if now - self.swept < SWEEP {
            return;
        }
        self.swept = now;
        let snapshot = self.current.load();
        let is_there = |domain: &Pattern| snapshot.domains.get(domain).is_some();
        self.proofs.retain(is_there);
        self.differing.retain(is_there);
    }
}

/// The refusal is an answer as well.
fn answer(served: Result<Fingerprint, ProofFault>) -> Result<Answer, ProofFault> {
    match served {
        Ok(leaf) => Ok(Answer::Leaf(leaf)),
        Err(ProofFault::Alert(AlertDescription::UnrecognisedName)) => Ok(Answer::Refused),
        Err(fault) => Err(fault),
    }
}

fn failed(domain: &Pattern, proof: &Proof, fault: &ProofFault) {
    let (wanted, since) = (proof.wanted, proof.since);
    let (reason, hint) = (fault.code(), fault.hint());
    tracing::warn!(%domain, %wanted, reason, %since, error = %fault, hint, "cannot prove what is served");
}

fn difference(domain: &Pattern, proof: &Proof) -> Difference {
    Difference {
        domain: domain.clone(),
        wanted: proof.wanted.to_string(),
        served: proof.served_code(),
        since: proof.since,
    }
}

/// Where a listener can be reached from this machine: one on all addresses, over loopback.
/// Twenty handshakes a second: some percent of a core.
const SPACING: Duration = Duration::from_millis(50);

/// Slow handshakes must not pile up.
const AT_ONCE: usize = 4;

const SWEEP: Duration = Duration::from_secs(60);
