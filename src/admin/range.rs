use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::percent::decode;
use crate::certificate::{Name, Timestamp};

/// A part of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range<K> {
    /// It begins after this place, at which nothing need be any more.
    pub(super) after: Option<Place<K>>,
    /// It ends after so many.
    pub(super) limit: usize,
    /// It leaves out those without this text, which is in lower case.
    pub(super) filter: Option<String>,
    /// The order.
    pub(super) sort: Sort,
}

/// A place in a list: the rank comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<K> {
    pub(super) rank: i64,
    pub(super) name: K,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// That of the names.
    #[default]
    Name,
    /// What expires soonest comes first, and what has no certificate last.
    Expiry,
}

/// Which domains a list has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Only {
    /// Those in this state.
    pub(super) state: Option<State>,
    /// Those that have or name this certificate.
    pub(super) certificate: Option<Name>,
    /// Those that this certificate is valid for.
    pub(super) covered_by: Option<Name>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// How they are served, by the word for it.
    Is(&'static str),
    /// Their newest tables are refused.
    Quarantined,
}

/// A query that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidParameter {
    #[error("\"{0}\" is no parameter of this list")]
    Unknown(Box<str>),
    #[error("`after` is not a place that could be in this list")]
    After,
    #[error("`limit` is not a number from {} to {}", LIMITS.start(), LIMITS.end())]
    Limit,
    #[error("`sort` is neither `name` nor `expiry`")]
    Sort,
    #[error("`state` is not one of {}, quarantined", STATES.join(", "))]
    State,
    #[error("`{0}` is not a name that a certificate can have")]
    Certificate(&'static str),
    #[error("the percent-encoding of `{0}` is not valid")]
    Encoding(Box<str>),
}

impl<K: FromStr> Range<K> {
    pub(super) fn parse(query: &str) -> Result<Self, InvalidParameter> {
        Self::parse_with(query, |_, _| Ok(false))
    }

    /// Reads what is said of any list; `other` takes what else there may be, and says whether it
    /// knows it.
    pub(super) fn parse_with(
        query: &str,
        mut other: impl FnMut(&str, &str) -> Result<bool, InvalidParameter>,
    ) -> Result<Self, InvalidParameter> {
        let mut range = Self {
            after: None,
            limit: DEFAULT_LIMIT,
            filter: None,
            sort: Sort::Name,
        };
        let mut after = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value).ok_or_else(|| InvalidParameter::Encoding(key.into()))?;
            match key {
                "after" => after = Some(value).filter(|after| !after.is_empty()),
                _ if range.take(key, &value)? || other(key, &value)? => {}
                _ => return Err(InvalidParameter::Unknown(key.into())),
            }
        }
        // Last: how it is written depends on the order.
        let after = after.map(|after| Place::parse(range.sort, &after));
        range.after = after.transpose()?;
        Ok(range)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<bool, InvalidParameter> {
        match key {
            "limit" => {
                let limit = value.parse().ok().filter(|limit| LIMITS.contains(limit));
                self.limit = limit.ok_or(InvalidParameter::Limit)?;
            }
            "filter" => self.filter = Some(value.to_ascii_lowercase()),
            "sort" => {
                self.sort = match value {
                    "name" => Sort::Name,
                    "expiry" => Sort::Expiry,
                    _ => return Err(InvalidParameter::Sort),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<K: FromStr> Place<K> {
    fn parse(sort: Sort, text: &str) -> Result<Self, InvalidParameter> {
        let (rank, name) = match sort {
            Sort::Name => (Some(0), Some(text)),
            Sort::Expiry => {
                let parts = text.split_once(':');
                let rank = parts.and_then(|(rank, _)| rank.parse().ok());
                (rank, parts.map(|(_, name)| name))
            }
        };
        let name = name.and_then(|name| name.parse().ok());
        let place = rank.zip(name).map(|(rank, name)| Self { rank, name });
        place.ok_or(InvalidParameter::After)
    }
}

impl<K: Display> Place<K> {
    /// What to give as `after`.
    pub(super) fn cursor(&self, sort: Sort) -> String {
        match sort {
            Sort::Name => self.name.to_string(),
            Sort::Expiry => format!("{}:{}", self.rank, self.name),
        }
    }
}

impl Sort {
    /// The rank of what expires then, or never.
    pub(super) fn rank(self, not_after: impl FnOnce() -> Option<Timestamp>) -> i64 {
        match self {
            Self::Name => 0,
            Self::Expiry => not_after().map_or(i64::MAX, |Timestamp(seconds)| seconds),
        }
    }
}

impl Only {
    /// Takes a parameter that only the list of domains has; says whether it is one.
    pub(super) fn take(&mut self, key: &str, value: &str) -> Result<bool, InvalidParameter> {
        let name = |key| {
            value
                .parse()
                .map_err(|_| InvalidParameter::Certificate(key))
        };
        match key {
            "state" => self.state = Some(State::parse(value)?),
            "certificate" => self.certificate = Some(name("certificate")?),
            "covered_by" => self.covered_by = Some(name("covered_by")?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl State {
    fn parse(text: &str) -> Result<Self, InvalidParameter> {
        if text == "quarantined" {
            return Ok(Self::Quarantined);
        }
        let state = STATES.into_iter().find(|state| *state == text);
        state.map(Self::Is).ok_or(InvalidParameter::State)
    }
}

impl InvalidParameter {
    /// The stable word for the reason.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_parameter",
            Self::After => "invalid_after",
            Self::Limit => "invalid_limit",
            Self::Sort => "invalid_sort",
            Self::State => "invalid_state",
            Self::Certificate(_) => "invalid_certificate_name",
            Self::Encoding(_) => "invalid_encoding",
        }
    }

    /// What to write instead.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "a list takes after, limit, filter and sort; that of domains also state, certificate and covered_by"
            }
            Self::After => "write the `next` of the part before, with the same `sort`",
            Self::Limit => "write limit=100, or leave it out",
            Self::Sort => "write sort=expiry, or leave it out",
            Self::State => "write one of these, or leave it out",
            Self::Certificate(_) => "/api/v1/certificates lists the names",
            Self::Encoding(_) => "write % as %25, and other special characters in the same way",
        }
    }
}

const LIMITS: RangeInclusive<usize> = 1..=1_000;
const DEFAULT_LIMIT: usize = 100;

const STATES: [&str; 5] = ["serving", "off", "unbound", "expired", "unusable"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Pattern;

    fn parse(query: &str) -> Result<(Range<Pattern>, Only), InvalidParameter> {
        let mut only = Only::default();
        let range = Range::parse_with(query, |key, value| only.take(key, value))?;
        Ok((range, only))
    }

    #[test]
    fn all_parameters_are_read_in_any_order() {
        let query = "after=17%3aa.com&limit=7&&filter=PL%61y&sort=expiry&state=off&covered_by=play";
        let (range, only) = parse(query).unwrap();
        let name = "a.com".parse().unwrap();
        assert_eq!(range.after, Some(Place { rank: 17, name }));
        assert_eq!((range.limit, range.sort), (7, Sort::Expiry));
        assert_eq!(range.filter.as_deref(), Some("play"));
        assert_eq!(only.state, Some(State::Is("off")));
        assert_eq!(
            (only.certificate, only.covered_by),
            (None, "play".parse().ok())
        );
        let (range, only) = parse("after=&state=quarantined&certificate=a").unwrap();
        assert_eq!((range.after, range.limit), (None, 100));
        assert_eq!(only.state, Some(State::Quarantined));
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (query, expected) in [
            ("limit=0", "invalid_limit"),
            ("limit=1001", "invalid_limit"),
            ("limit=ten", "invalid_limit"),
            ("limit", "invalid_limit"),
            ("after=192.0.2.1", "invalid_after"),
            ("after=a.com&sort=expiry", "invalid_after"),
            ("after=x:a.com&sort=expiry", "invalid_after"),
            ("sort=state", "invalid_sort"),
            ("state=on", "invalid_state"),
            ("certificate=", "invalid_certificate_name"),
            ("covered_by=a/b", "invalid_certificate_name"),
            ("filter=%zz", "invalid_encoding"),
            ("offset=3", "unknown_parameter"),
        ] {
            let code = parse(query).map_err(|fault| fault.code());
            assert_eq!(code.err(), Some(expected), "{query}");
        }
        let fault = Range::<Name>::parse("state=off").unwrap_err();
        assert_eq!(fault.code(), "unknown_parameter");
    }

    #[test]
    fn the_next_place_is_written_as_it_is_read() {
        for sort in [Sort::Name, Sort::Expiry] {
            let rank = sort.rank(|| Some(Timestamp(-5)));
            let name: Name = "a:b".parse().unwrap();
            let place = Place { rank, name };
            assert_eq!(Place::parse(sort, &place.cursor(sort)), Ok(place));
        }
    }
}
