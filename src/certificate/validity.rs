use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_parser::time::ASN1Time;

/// A point in time as certificates give it: seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// From when until when a certificate is valid, both ends included (RFC 5280 section 4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: Timestamp,
    /// The last second.
    pub not_after: Timestamp,
}

impl Validity {
    /// Whether its time has not come.
    pub fn is_future(&self, now: Timestamp) -> bool {
        now < self.not_before
    }

    /// Whether its time is over.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.not_after < now
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => seconds(since),
            Err(before) => -seconds(before.duration()),
        })
    }
}

/// RFC 3339 in UTC, to the second.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(time) = ASN1Time::from_timestamp(self.0) else {
            return write!(f, "@{}", self.0);
        };
        let time = time.to_datetime();
        let (date, clock) = (time.date(), time.time());
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        let (hour, minute, second) = (clock.hour(), clock.minute(), clock.second());
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Reads what `Display` writes, from 1970 on.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let time: Self = humantime::parse_rfc3339(text)
            .map_err(|_| InvalidTimestamp)?
            .into();
        // One way to write it: no fractions, no other zone.
        let canonical = time.to_string() == text;
        canonical.then_some(time).ok_or(InvalidTimestamp)
    }
}

/// A text that is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be like 2026-11-24T10:15:02Z")]
pub struct InvalidTimestamp;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_valid() {
        let validity = Validity {
            not_before: Timestamp(10),
            not_after: Timestamp(20),
        };
        let state = |now| {
            (
                validity.is_future(Timestamp(now)),
                validity.is_past(Timestamp(now)),
            )
        };
        assert_eq!(state(9), (true, false));
        assert_eq!(state(10), (false, false));
        assert_eq!(state(20), (false, false));
        assert_eq!(state(21), (false, true));
    }

    #[test]
    fn written_as_rfc_3339() {
        assert_eq!(Timestamp(1_700_000_000).to_string(), "2023-11-14T22:13:20Z");
    }
    #[test]
    fn read_as_it_is_written() {
        assert_eq!("2023-11-14T22:13:20Z".parse(), Ok(Timestamp(1_700_000_000)));
        for other in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20.5Z",
            "2023-11-14T22:13:20+00:00",
            "2023-02-30T22:13:20Z",
        ] {
            assert_eq!(other.parse::<Timestamp>(), Err(InvalidTimestamp), "{other}");
        }
    }
}
