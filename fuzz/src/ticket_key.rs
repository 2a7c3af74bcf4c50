use std::sync::Arc;

use lockgate::ticket::{Context, InvalidKey, Keys, Ticketer};
use rustls::server::ProducesTickets;

use crate::message;

/// Two key files, each behind two bytes of length, and then what a client brings as a ticket.
pub fn ticket_key(bytes: &[u8]) {
    let (one, rest) = piece(bytes);
    let (other, brought) = piece(rest);
    let both = Keys::from_files([("1.key", one), ("2.key", other)]);
    match (key(one), key(other), both) {
        (Ok(one), Ok(other), Ok(both)) => tickets(&one, &other, &both, brought),
        (Err(invalid), _, Err(refused)) => assert_eq!(refused, ("1.key", invalid)),
        (Ok(_), Err(invalid), Err(refused)) => assert_eq!(refused, ("2.key", invalid)),
        (one, other, both) => panic!("{one:?} and {other:?} make {both:?}"),
    }
}

fn piece(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return (bytes, &[]);
    };
    let length = usize::from(u16::from_be_bytes(*length));
    rest.split_at(length.min(rest.len()))
}

/// The key of a file alone.
fn key(content: &[u8]) -> Result<Arc<Keys>, InvalidKey> {
    match Keys::from_files([("x.key", content)]) {
        Ok(keys) => Ok(Arc::new(keys)),
        Err((name, invalid)) => {
            assert_eq!(name, "x.key");
            message::check(&invalid);
            message::check(&invalid.hint());
            assert!(!invalid.code().is_empty());
            Err(invalid)
        }
    }
}

fn tickets(one: &Arc<Keys>, other: &Arc<Keys>, both: &Keys, brought: &[u8]) {
    let both = Arc::new(both.clone());
    let keys = [one, other, &both];
    // None of them is sealed with such a key and is good today.
    for keys in keys {
        assert_eq!(open(keys, HERE, brought), None);
    }
    let [old, new, _] = keys.map(|keys| seal(keys, brought));
    assert!(opens(one, &old, brought) && opens(&both, &old, brought));
    assert!(opens(other, &new, brought) && opens(&both, &new, brought));
    assert!(
        opens(other, &seal(&both, brought), brought),
        "the last file seals"
    );
    assert_eq!(open(&both, ELSEWHERE, &new), None);
    changed(&both, new, brought);
}

/// A ticket with any other byte is none, nor is one that is cut off.
fn changed(keys: &Arc<Keys>, mut ticket: Vec<u8>, brought: &[u8]) {
    let seed = brought.first().copied().unwrap_or_default();
    let place = usize::from(seed) * 251 % ticket.len();
    assert_eq!(open(keys, HERE, &ticket[..place]), None);
    ticket[place] ^= seed | 1;
    assert_eq!(open(keys, HERE, &ticket), None);
}

fn seal(keys: &Arc<Keys>, state: &[u8]) -> Vec<u8> {
    let ticketer = Ticketer::new(Arc::clone(keys), HERE);
    ticketer
        .encrypt(state)
        .expect("the system has random bytes")
}

fn open(keys: &Arc<Keys>, context: Context, ticket: &[u8]) -> Option<Vec<u8>> {
    Ticketer::new(Arc::clone(keys), context).decrypt(ticket)
}

fn opens(keys: &Arc<Keys>, ticket: &[u8], state: &[u8]) -> bool {
    open(keys, HERE, ticket).as_deref() == Some(state)
}

const HERE: Context = Context::new([1; 32]);
const ELSEWHERE: Context = Context::new([2; 32]);
