//! Proof of service: what was published is asked for by a handshake with ourselves, over the real
//! https listeners, and compared with what the snapshot wants.
//!
//! ```text
//! publish ─► Changed ─► queue ─► Prover ─► handshake ─► https listener
//!                                  │ wanted: the newest snapshot
//!                                  ▼
//!                        Proofs · log · events
//! ```
//!
//! It proves a sample, slowly: nothing on the way of viewers waits for it. Its handshakes are
//! counted among those of their domain, since the listener cannot tell them from a viewer's.

mod agenda;
mod answer;
mod changed;
mod entrance;
mod handshake;
mod proofs;
mod prover;
#[cfg(test)]
mod stub;

use std::sync::Arc;

use tokio::sync::mpsc;

pub use answer::Answer;
pub use changed::{Changed, Receiver};
pub use entrance::Entrance;
pub use handshake::{ProofFault, prove};
pub use proofs::{Outcome, Proof, Proofs};
pub use prover::Prover;

/// Makes the two ends of the queue of changed domains: the one that tells, and the one that the
/// [`Prover`] takes. Both share the results.
pub fn channel() -> (Changed, Receiver) {
    let proofs = Arc::new(Proofs::default());
    let (sender, names) = mpsc::channel(QUEUE);
    let changed = Changed::new(sender, Arc::clone(&proofs));
    (changed, Receiver { names, proofs })
}

/// Five large publishes at once; more than that is not proven in a minute anyway.
const QUEUE: usize = 1_024;
