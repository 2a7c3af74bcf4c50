use std::ops::RangeInclusive;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::ticketer::Context;

/// One key: seals the state of sessions into tickets, and opens them.
///
/// AES-256-GCM-SIV (RFC 8452) with random nonces: several processes use the same key and none knows
/// the others' nonces, so there is no count that could keep them apart. This construction stays
/// safe when two of them meet, and for far more tickets than a fleet gives out.
pub(super) struct Key {
    /// What it was made of, for the process that takes over.
    secret: Zeroizing<Vec<u8>>,
    name: KeyName,
    aead: LessSafeKey,
}

/// What the tickets of a key begin with, in the clear.
type KeyName = [u8; 16];

/// Why a file is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Fewer bytes than a key needs.
    #[error("it holds {0} bytes; a key has at least 32")]
    TooShort(usize),
    /// More bytes than any tool writes for a key.
    #[error("it holds {0} bytes; a key has at most 1024")]
    TooLong(usize),
    /// Text, or a few values again and again: somebody could guess it.
    #[error("it does not hold random bytes")]
    NotRandom,
}

impl InvalidKey {
    /// The stable word for the reason in metrics and logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort(_) | Self::TooLong(_) => "invalid_ticket_key",
            Self::NotRandom => "weak_ticket_key",
        }
    }

    /// What the operator can do about it.
    pub fn hint(self) -> &'static str {
        "make a key with: openssl rand 48 > FILE"
    }
}

impl Key {
    /// Makes the key that a secret stands for: the same one in every process that has it.
    ///
    /// # Errors
    ///
    /// When the secret cannot be one.
    pub(super) fn from_secret(secret: &[u8]) -> Result<Self, InvalidKey> {
        match secret.len() {
            short if short < *LENGTHS.start() => return Err(InvalidKey::TooShort(short)),
            long if long > *LENGTHS.end() => return Err(InvalidKey::TooLong(long)),
            _ if !looks_random(secret) => return Err(InvalidKey::NotRandom),
            _ => {}
        }
        let given = Zeroizing::new(secret.to_vec());
        let secret = Salt::new(HKDF_SHA256, b"lockgate session tickets 1").extract(secret);
        Ok(Self {
            secret: given,
            name: name(&secret),
            aead: LessSafeKey::new(aead(&secret)),
        })
    }

    pub(super) fn secret(&self) -> Zeroizing<Vec<u8>> {
        self.secret.clone()
    }

    /// A ticket that holds `state`; none when the system gives no random bytes.
    pub(super) fn seal(&self, context: &Context, state: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let length = HEAD + state.len() + AES_256_GCM_SIV.tag_len();
        let mut ticket = Vec::with_capacity(length);
        ticket.extend_from_slice(&self.name);
        ticket.extend_from_slice(&nonce);
        ticket.extend_from_slice(state);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let (context, sealed) = (Aad::from(context.as_bytes()), &mut ticket[HEAD..]);
        let sealing = self.aead.seal_in_place_separate_tag(nonce, context, sealed);
        ticket.extend_from_slice(sealing.ok()?.as_ref());
        Some(ticket)
    }

    /// What a ticket holds; none when it is not one of this key and context, byte for byte.
    pub(super) fn open(&self, context: &Context, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, ticket) = ticket.split_first_chunk()?;
        if self.name != *name {
            return None;
        }
        let (nonce, sealed) = ticket.split_first_chunk()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut state = sealed.to_vec();
        let context = Aad::from(context.as_bytes());
        let length = self.aead.open_in_place(nonce, context, &mut state);
        let length = length.ok()?.len();
        state.truncate(length);
        Some(state)
    }
}

fn name(secret: &Prk) -> KeyName {
    let mut name = KeyName::default();
    let derived = secret.expand(&[b"name"], NameLength);
    let derived = derived.and_then(|derived| derived.fill(&mut name));
    derived.expect("HKDF gives 16 bytes for any secret");
    name
}

fn aead(secret: &Prk) -> UnboundKey {
    let derived = secret.expand(&[b"key"], &AES_256_GCM_SIV);
    derived.expect("HKDF gives 32 bytes for any secret").into()
}

struct NameLength;

impl KeyType for NameLength {
    fn len(&self) -> usize {
        size_of::<KeyName>()
    }
}

/// Whether bytes could be random. A file of the wrong kind, a certificate in PEM say, is no secret.
/// Of 32 random bytes nobody will ever see ones that are printable throughout, or that repeat
/// themselves so much.
fn looks_random(secret: &[u8]) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let mut seen = [false; 256];
    for byte in secret {
        seen[usize::from(*byte)] = true;
    }
    let values = seen.iter().filter(|seen| **seen).count();
    values >= FEWEST_VALUES && !secret.iter().all(is_text)
}

/// What stands before the sealed bytes: the key's name and the nonce.
const HEAD: usize = size_of::<KeyName>() + NONCE_LEN;

/// As strong as the cipher, and no longer than what anybody calls a key.
const LENGTHS: RangeInclusive<usize> = 32..=1024;

/// 32 random bytes have some 30 different values; with fewer than 16 one in 10^15 would be refused.
const FEWEST_VALUES: usize = 16;
