use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::certificate::Timestamp;

/// Milliseconds since 1970-01-01 UTC; written as RFC 3339 with three decimals.
///
/// Between 1970 and 9999, so that all are written with the same number of digits and sort as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Millis(u64);

impl Millis {
    const LAST: u64 = 253_402_300_799_999;

    /// The next one, or the last there is.
    pub(super) fn next(self) -> Self {
        Self((self.0 + 1).min(Self::LAST))
    }

    pub(super) fn timestamp(self) -> Timestamp {
        SystemTime::from(self).into()
    }
}

impl From<SystemTime> for Millis {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(Self::LAST);
        Self(millis.min(Self::LAST))
    }
}

impl From<Millis> for SystemTime {
    fn from(millis: Millis) -> Self {
        UNIX_EPOCH + Duration::from_millis(millis.0)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis((*self).into()).fmt(f)
    }
}

impl FromStr for Millis {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let time: Self = humantime::parse_rfc3339(text).map_err(drop)?.into();
        // One way to write it: what is read is written back the same.
        (time.to_string() == text).then_some(time).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_it_is_written() {
        for text in ["1970-01-01T00:00:00.000Z", "2026-11-24T10:15:02.123Z"] {
            assert_eq!(text.parse::<Millis>().unwrap().to_string(), text);
        }
        for other in ["", "2026-11-24T10:15:02Z", "2026-11-24T10:15:02.123+00:00"] {
            assert_eq!(other.parse::<Millis>(), Err(()), "{other}");
        }
    }

    #[test]
    fn times_that_cannot_be_written_become_the_nearest_that_can() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Millis::from(before), Millis(0));
        let after = UNIX_EPOCH + Duration::from_secs(1 << 40);
        let last = Millis::from(after);
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(last.next(), last);
    }
}
