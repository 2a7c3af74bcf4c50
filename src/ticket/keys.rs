use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::key::{InvalidKey, Key};
use super::ticketer::Context;

/// The keys of session tickets: the newest seals, all of them open.
#[derive(Clone, Default)]
pub struct Keys {
    newest_first: Vec<Arc<Key>>,
}

impl Keys {
    /// No keys: there are no tickets.
    pub fn none() -> Self {
        Self::default()
    }

    /// A new random key, beside the newest of the `previous` ones: a ticket opens until the second
    /// rotation after it was made.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn generate(previous: Option<&Self>) -> Result<Self, rustls::Error> {
        let mut secret = [0; 32];
        let filled = rand::fill(&mut secret).ok();
        let key = filled.and_then(|()| Key::from_secret(&secret).ok());
        let key = key.ok_or(rustls::Error::FailedToGetRandomBytes)?;
        let previous = previous.and_then(|previous| previous.newest_first.first());
        let mut newest_first = vec![Arc::new(key)];
        newest_first.extend(previous.cloned());
        Ok(Self { newest_first })
    }

    /// The keys that files hold, each as raw random bytes: the last one by the file's name is the
    /// newest. Processes with the same files open each other's tickets.
    ///
    /// # Errors
    ///
    /// The first file that holds no key, and why.
    pub fn from_files<'f>(
        files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    ) -> Result<Self, (&'f str, InvalidKey)> {
        let mut keys = Vec::new();
        for (name, content) in files {
            let key = Key::from_secret(content).map_err(|invalid| (name, invalid))?;
            keys.push((name, Arc::new(key)));
        }
        keys.sort_by_key(|(name, _)| *name);
        let keys = keys.into_iter().rev();
        Ok(Self {
            newest_first: keys.map(|(_, key)| key).collect(),
        })
    }

    /// The keys of the process before, by their secrets, the newest first.
    ///
    /// # Errors
    ///
    /// When a secret cannot be one.
    pub fn from_secrets(secrets: &[Zeroizing<Vec<u8>>]) -> Result<Self, InvalidKey> {
        let keys = secrets.iter().map(|secret| Key::from_secret(secret));
        let newest_first = keys
            .map(|key| key.map(Arc::new))
            .collect::<Result<_, _>>()?;
        Ok(Self { newest_first })
    }

    /// What they are made of, for the process that takes over, and for nobody else.
    pub fn secrets(&self) -> Vec<Zeroizing<Vec<u8>>> {
        self.newest_first.iter().map(|key| key.secret()).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.newest_first.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.newest_first.is_empty()
    }

    pub(super) fn seal(&self, context: &Context, state: &[u8]) -> Option<Vec<u8>> {
        self.newest_first.first()?.seal(context, state)
    }

    pub(super) fn open(&self, context: &Context, ticket: &[u8]) -> Option<Vec<u8>> {
        let mut keys = self.newest_first.iter();
        keys.find_map(|key| key.open(context, ticket))
    }
}

/// How many there are; nothing of what they are.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ticket keys", self.newest_first.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context = Context::new([1; 32]);

    /// Bytes that could be random, and differ by `seed`.
    fn secret(seed: u8, length: usize) -> Vec<u8> {
        let bytes = (0..length).map(|n| (n * 37 % 251) as u8 ^ seed);
        bytes.collect()
    }

    fn of(files: &[(&str, Vec<u8>)]) -> Result<Keys, (String, InvalidKey)> {
        let named = files.iter().map(|(name, content)| (*name, &**content));
        Keys::from_files(named).map_err(|(name, invalid)| (name.to_owned(), invalid))
    }

    fn opens(keys: &Keys, ticket: &[u8]) -> bool {
        keys.open(&CONTEXT, ticket).as_deref() == Some(b"state")
    }

    fn ticket(keys: &Keys) -> Vec<u8> {
        keys.seal(&CONTEXT, b"state").unwrap()
    }

    #[test]
    fn the_last_file_by_name_seals_and_all_open() {
        let (one, two) = (("1.key", secret(1, 48)), ("2.key", secret(2, 80)));
        let old = of(std::slice::from_ref(&one)).unwrap();
        let both = of(&[two.clone(), one]).unwrap();
        let new = of(&[two]).unwrap();
        assert!(opens(&both, &ticket(&old)));
        assert!(opens(&new, &ticket(&both)));
        assert!(!opens(&old, &ticket(&both)));
        assert!(!opens(&new, &ticket(&old)), "a removed key opens nothing");
    }

    #[test]
    fn the_same_files_make_the_same_keys() {
        let files = [("a.key", secret(7, 32))];
        assert!(opens(&of(&files).unwrap(), &ticket(&of(&files).unwrap())));
    }

    #[test]
    fn a_generated_key_lasts_for_two_rotations() {
        let first = Keys::generate(None).unwrap();
        let second = Keys::generate(Some(&first)).unwrap();
        let third = Keys::generate(Some(&second)).unwrap();
        let ticket = ticket(&first);
        assert!(opens(&first, &ticket) && opens(&second, &ticket));
        assert!(!opens(&third, &ticket));
        assert!(!opens(&Keys::generate(None).unwrap(), &ticket));
    }

    #[test]
    fn what_is_handed_over_opens_the_same_tickets() {
        let keys = Keys::generate(Some(&Keys::generate(None).unwrap())).unwrap();
        let handed = Keys::from_secrets(&keys.secrets()).unwrap();
        assert!(opens(&handed, &ticket(&keys)) && opens(&keys, &ticket(&handed)));
        assert_eq!(handed.len(), 2);
    }

    #[test]
    fn without_keys_there_are_no_tickets() {
        assert!(Keys::none().is_empty());
        assert_eq!(Keys::none().seal(&CONTEXT, b"state"), None);
        assert!(!opens(
            &of(&[]).unwrap(),
            &ticket(&Keys::generate(None).unwrap())
        ));
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_file() {
        let pem = include_bytes!("../../certs-example/ca.pem");
        let cases = [
            (secret(1, 31), Err(InvalidKey::TooShort(31))),
            (secret(1, 32), Ok(())),
            (secret(1, 1024), Ok(())),
            (secret(1, 1025), Err(InvalidKey::TooLong(1025))),
            (vec![0; 48], Err(InvalidKey::NotRandom)),
            (b"\x00\xff".repeat(40), Err(InvalidKey::NotRandom)),
            (pem[..80].to_vec(), Err(InvalidKey::NotRandom)),
            (pem[pem.len() - 200..].to_vec(), Err(InvalidKey::NotRandom)),
        ];
        for (content, expected) in cases {
            let length = content.len();
            let made = of(&[("a.key", secret(9, 48)), ("b.key", content)]);
            let expected = expected.map_err(|invalid| ("b.key".to_owned(), invalid));
            assert_eq!(made.map(drop), expected, "{length} bytes");
        }
    }

    #[test]
    fn nothing_of_a_key_is_shown() {
        let keys = of(&[("a.key", secret(9, 48)), ("b.key", secret(8, 48))]).unwrap();
        assert_eq!(format!("{keys:?}"), "2 ticket keys");
    }
}
