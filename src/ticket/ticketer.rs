use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::server::ProducesTickets;
use rustls_pki_types::UnixTime;

use super::keys::Keys;

/// What a session was made for, as a hash: its tickets open only for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context([u8; 32]);

impl Context {
    /// A context by its hash.
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Makes and opens the tickets of one connection.
///
/// rustls asks for tickets but leaves their end to the maker: a ticket says, sealed, when its
/// session ends, and what is made of a session that was resumed ends with it.
pub struct Ticketer {
    keys: Arc<Keys>,
    context: Context,
    /// The latest end of the session, as far as it is known, in seconds since 1970.
    end: AtomicU64,
}

impl Ticketer {
    /// A ticketer for a connection that has not resumed anything yet.
    pub fn new(keys: Arc<Keys>, context: Context) -> Self {
        Self {
            keys,
            context,
            end: AtomicU64::new(u64::MAX),
        }
    }

    /// The session shall not be resumed later than this, in seconds since 1970.
    pub fn end_by(&self, end: u64) {
        self.end.fetch_min(end, Ordering::Relaxed);
    }

    fn end(&self, now: u64) -> u64 {
        self.end.load(Ordering::Relaxed).min(now + LIFETIME)
    }

    fn seal(&self, now: u64, state: &[u8]) -> Option<Vec<u8>> {
        if state.len() > MAX_STATE {
            return None;
        }
        let end = self.end(now);
        let mut content = Vec::with_capacity(size_of_val(&end) + state.len());
        content.extend_from_slice(&end.to_be_bytes());
        content.extend_from_slice(state);
        self.keys.seal(&self.context, &content)
    }

    fn open(&self, now: u64, ticket: &[u8]) -> Option<Vec<u8>> {
        let mut content = self.keys.open(&self.context, ticket)?;
        let end = u64::from_be_bytes(*content.first_chunk()?);
        if end <= now || end > now + LIFETIME + SKEW {
            return None;
        }
        self.end.store(end, Ordering::Relaxed);
        Some(content.split_off(size_of_val(&end)))
    }
}

/// Whoever fails learns nothing but that: not opened, whatever the reason.
impl ProducesTickets for Ticketer {
    fn enabled(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The seconds that are left of the session.
    fn lifetime(&self) -> u32 {
        let now = UnixTime::now().as_secs();
        let left = self.end(now).saturating_sub(now);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, state: &[u8]) -> Option<Vec<u8>> {
        self.seal(UnixTime::now().as_secs(), state)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.open(UnixTime::now().as_secs(), ticket)
    }
}

impl fmt::Debug for Ticketer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticketer").finish_non_exhaustive()
    }
}

/// The longest that a session lasts, in seconds: 12 hours cover an evening of watching, and a client
/// is verified anew the next day (RFC 8446 section 4.6.1 asks for a limit, at most 7 days).
const LIFETIME: u64 = 12 * 60 * 60;

/// The most bytes of a session's state. It holds the client's certificates; a client whose chain is
/// longer gets no ticket, since it would have to fit into the next ClientHello, and into 64 KiB.
const MAX_STATE: usize = 16 * 1024;

/// How far the clocks of processes that share keys may be apart, in seconds.
const SKEW: u64 = 10 * 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_700_000_000;
    const STATE: &[u8] = b"the state of a session";

    fn keys() -> Arc<Keys> {
        Arc::new(Keys::generate(None).unwrap())
    }

    fn ticketer(keys: &Arc<Keys>) -> Ticketer {
        Ticketer::new(Arc::clone(keys), Context::new([7; 32]))
    }

    fn opens(keys: &Arc<Keys>, now: u64, ticket: &[u8]) -> bool {
        ticketer(keys).open(now, ticket).as_deref() == Some(STATE)
    }

    #[test]
    fn a_ticket_opens_in_its_own_context_only() {
        let keys = keys();
        let ticket = ticketer(&keys).seal(NOW, STATE).unwrap();
        assert!(opens(&keys, NOW, &ticket));
        let elsewhere = Ticketer::new(Arc::clone(&keys), Context::new([8; 32]));
        assert_eq!(elsewhere.open(NOW, &ticket), None);
        assert!(!opens(&self::keys(), NOW, &ticket));
    }

    #[test]
    fn a_session_ends_twelve_hours_after_its_full_handshake() {
        let keys = keys();
        let first = ticketer(&keys).seal(NOW, STATE).unwrap();
        assert!(opens(&keys, NOW + LIFETIME - 1, &first));
        assert!(!opens(&keys, NOW + LIFETIME, &first));

        let later = NOW + LIFETIME / 2;
        let resuming = ticketer(&keys);
        assert!(resuming.open(later, &first).is_some());
        let second = resuming.seal(later, STATE).unwrap();
        assert!(opens(&keys, NOW + LIFETIME - 1, &second));
        assert!(
            !opens(&keys, NOW + LIFETIME, &second),
            "resuming adds nothing"
        );
    }

    #[test]
    fn a_session_ends_earlier_where_it_has_to() {
        let keys = keys();
        let limited = ticketer(&keys);
        limited.end_by(NOW + 60);
        limited.end_by(NOW + 90);
        let ticket = limited.seal(NOW, STATE).unwrap();
        assert!(opens(&keys, NOW + 59, &ticket));
        assert!(!opens(&keys, NOW + 60, &ticket));
    }

    #[test]
    fn clocks_may_differ_a_little() {
        let keys = keys();
        let ticket = ticketer(&keys).seal(NOW, STATE).unwrap();
        assert!(opens(&keys, NOW - SKEW, &ticket));
        assert!(!opens(&keys, NOW - SKEW - 1, &ticket));
    }

    #[test]
    fn the_client_is_told_what_is_left() {
        let ticketer = ticketer(&keys());
        assert_eq!(u64::from(ticketer.lifetime()), LIFETIME);
        ticketer.end_by(UnixTime::now().as_secs() + 60);
        assert!(ticketer.lifetime() <= 60);
        ticketer.end_by(0);
        assert_eq!(ticketer.lifetime(), 0);
    }

    #[test]
    fn a_state_that_is_too_long_makes_no_ticket() {
        let ticketer = ticketer(&keys());
        assert!(ticketer.seal(NOW, &[0; MAX_STATE]).is_some());
        assert_eq!(ticketer.seal(NOW, &[0; MAX_STATE + 1]), None);
    }

    #[test]
    fn tickets_of_the_same_state_do_not_look_alike() {
        let ticketer = ticketer(&keys());
        let (one, other) = (ticketer.seal(NOW, STATE), ticketer.seal(NOW, STATE));
        assert_ne!(one.unwrap()[16..], other.unwrap()[16..]);
    }

    proptest! {
        #[test]
        fn no_bytes_open_but_a_ticket(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
            change in 1..=u8::MAX,
            cut in any::<prop::sample::Index>(),
        ) {
            let keys = keys();
            prop_assert!(ticketer(&keys).decrypt(&bytes).is_none());
            let mut ticket = ticketer(&keys).encrypt(STATE).unwrap();
            let named = [&ticket[..16], &bytes].concat();
            prop_assert!(ticketer(&keys).decrypt(&named).is_none());
            prop_assert!(ticketer(&keys).decrypt(&ticket[..cut.index(ticket.len())]).is_none());
            prop_assert!(ticketer(&keys).decrypt(&ticket).is_some());
            let at = at.index(ticket.len());
            ticket[at] ^= change;
            prop_assert!(ticketer(&keys).decrypt(&ticket).is_none());
        }

        #[test]
        fn what_is_sealed_is_opened(state in prop::collection::vec(any::<u8>(), 0..3000)) {
            let keys = keys();
            let ticket = ticketer(&keys).encrypt(&state).unwrap();
            prop_assert_eq!(ticketer(&keys).decrypt(&ticket), Some(state));
        }
    }
}
