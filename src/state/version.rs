use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use super::millis::Millis;
use crate::certificate::{Fingerprint, Timestamp, hex};

/// Which version of a certificate: when it was adopted, and the beginning of its leaf's
/// fingerprint. Later ones are greater.
///
/// Written `20261124T101502.123Z-1a2b3c4d5e6f`, so that file names sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    adopted: Millis,
    leaf: [u8; LEAF_BYTES],
}

impl Version {
    /// The version after `newest`. It sorts after it even when the clock was set back, and then
    /// says one millisecond later.
    pub(super) fn after(newest: Option<Self>, adopted: SystemTime, leaf: Fingerprint) -> Self {
        let adopted = Millis::from(adopted);
        let least = newest.map(|newest| newest.adopted.next());
        Self {
            adopted: least.map_or(adopted, |least| adopted.max(least)),
            leaf: beginning(&leaf),
        }
    }

    /// When it was adopted, to the second.
    pub fn adopted(&self) -> Timestamp {
        self.adopted.timestamp()
    }

    /// The first twelve hex digits of its (first) leaf's fingerprint.
    pub fn leaf(&self) -> String {
        Hex(&self.leaf).to_string()
    }

    /// Whether it may be the version of that leaf.
    pub fn is_of(&self, leaf: &Fingerprint) -> bool {
        self.leaf == beginning(leaf)
    }
}

fn beginning(leaf: &Fingerprint) -> [u8; LEAF_BYTES] {
    let mut beginning = [0; LEAF_BYTES];
    beginning.copy_from_slice(&leaf.as_bytes()[..LEAF_BYTES]);
    beginning
}

struct Hex<'b>(&'b [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.adopted.to_string().replace(['-', ':'], "");
        write!(f, "{time}-{}", Hex(&self.leaf))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        parse(text).ok_or(InvalidVersion)
    }
}

fn parse(text: &str) -> Option<Version> {
    let (time, leaf) = text.split_once('-')?;
    let (date, clock) = time.split_once('T')?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute, second) = (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?);
    let adopted = format!("{year}-{month}-{day}T{hour}:{minute}:{second}");
    Some(Version {
        adopted: adopted.parse().ok()?,
        leaf: hex::read(leaf)?,
    })
}

/// A text that is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be like 20261124T101502.123Z-1a2b3c4d5e6f")]
pub struct InvalidVersion;

/// Twelve hex digits: enough to tell the versions of one certificate apart.
const LEAF_BYTES: usize = 6;

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64, newest: Option<Version>) -> Version {
        let adopted = UNIX_EPOCH + Duration::from_millis(millis);
        Version::after(newest, adopted, Fingerprint::of(b"abc"))
    }

    #[test]
    fn its_text_tells_time_and_leaf() {
        let version = at(1_795_515_302_123, None);
        assert_eq!(version.to_string(), "20261124T101502.123Z-ba7816bf8f01");
        assert_eq!(version.to_string().parse(), Ok(version));
        assert_eq!(version.leaf(), "ba7816bf8f01");
        assert_eq!(version.adopted().to_string(), "2026-11-24T10:15:02Z");
        assert!(version.is_of(&Fingerprint::of(b"abc")));
        assert!(!version.is_of(&Fingerprint::of(b"abd")));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_older_version() {
        let newest = at(5_000, None);
        assert!(newest < at(6_000, Some(newest)));
        let next = at(1_000, Some(newest));
        assert_eq!(next, at(5_001, None));
    }

    #[test]
    fn only_what_it_writes_is_a_version() {
        for other in [
            "",
            "deleted",
            "20261124T101502.123Z-BA7816BF8F01",
            "20261124T101502.123Z-ba7816bf8f0",
            "20261124T101502.1234Z-ba7816bf8f01",
            "20261324T101502.123Z-ba7816bf8f01",
            "2026é124T101502.123Z-ba7816bf8f01",
        ] {
            assert_eq!(other.parse::<Version>(), Err(InvalidVersion), "{other}");
        }
    }

    proptest! {
        #[test]
        fn texts_sort_as_versions_do(one in 0..u64::MAX / 2, other in 0..u64::MAX / 2) {
            let (one, other) = (at(one, None), at(other, None));
            prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
            prop_assert_eq!(one.to_string().parse(), Ok(one));
        }

        #[test]
        fn what_is_read_is_written_back_the_same(text in "[0-9TZ.:-]{0,24}-?[0-9a-f]{12}") {
            if let Ok(version) = text.parse::<Version>() {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
