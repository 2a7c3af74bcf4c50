use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use rustls_pki_types::CertificateDer;

use super::pairs::Pairs;

/// The certificates of issuers, each kept once for all chains that hold it.
///
/// rustls wants them as plain bytes that live as long as the chain, so they are never given back.
/// There are few: a CA signs with the same intermediates for years. What has no [`ROOM`] any more is
/// kept by each chain for itself.
#[derive(Debug, Default)]
pub struct Issuers(RwLock<Known>);

#[derive(Debug)]
struct Known {
    known: HashSet<&'static [u8]>,
    room: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            room: ROOM,
        }
    }
}

impl Issuers {
    /// Makes chains use the bytes that others use already.
    pub fn share(&self, pairs: &mut Pairs) {
        for chain in pairs.chains_mut() {
            for issuer in chain.iter_mut().skip(1) {
                if let Some(shared) = self.shared(issuer) {
                    *issuer = CertificateDer::from(shared);
                }
            }
        }
    }

    fn shared(&self, issuer: &[u8]) -> Option<&'static [u8]> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.known.get(issuer) {
            return Some(known);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.add(issuer)
    }
}

impl Known {
    fn add(&mut self, issuer: &[u8]) -> Option<&'static [u8]> {
        // Another thread may have been faster.
        if let Some(known) = self.known.get(issuer) {
            return Some(known);
        }
        self.room = self.room.checked_sub(issuer.len())?;
        let shared: &'static [u8] = Box::leak(issuer.into());
        self.known.insert(shared);
        Some(shared)
    }
}

/// The most bytes that are kept for good: some thousand issuers.
const ROOM: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_room_is_shared() {
        let issuers = Issuers::default();
        let first = issuers.shared(b"issuer").unwrap();
        let again = issuers.shared(b"issuer".to_owned().as_slice()).unwrap();
        assert!(std::ptr::eq(first, again));
        issuers.0.write().unwrap().room = 5;
        assert!(issuers.shared(b"another").is_none());
        assert!(issuers.shared(b"issuer").is_some());
    }
}
