use std::ops::RangeInclusive;
use std::str::FromStr;

use super::fault::Fault;
use super::percent::decode;
use super::route::Route;
use crate::certificate;
use crate::domain::Pattern;

/// What somebody wants to know of the status.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    Overview,
    Certificates(Range<certificate::Name>),
    Certificate(certificate::Name),
    Domains(Range<Pattern>),
    Domain(Pattern),
}

/// A part of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range<K> {
    /// It begins after this one, which need not be there any more.
    pub(super) after: Option<K>,
    /// It ends after so many.
    pub(super) limit: usize,
    /// It leaves out those without this text, which is in lower case.
    pub(super) filter: Option<String>,
}

/// A query that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidParameter {
    #[error("\"{0}\" is no parameter of a list")]
    Unknown(Box<str>),
    #[error("`after` is not a name that could stand in this list")]
    After,
    #[error("`limit` is not a number from {} to {}", LIMITS.start(), LIMITS.end())]
    Limit,
    #[error("the percent-encoding of `{0}` is not valid")]
    Encoding(Box<str>),
}

impl Question {
    /// Reads what a path and its query ask for.
    pub(super) fn parse(route: Route<'_>, query: Option<&str>) -> Result<Self, Fault> {
        let query = query.unwrap_or_default();
        // What cannot be a name is unknown as well.
        let domain = |name: &str| Some(Self::Domain(decode(name)?.parse().ok()?));
        let certificate = |name: &str| Some(Self::Certificate(decode(name)?.parse().ok()?));
        match route {
            Route::Status => Ok(Self::Overview),
            Route::Certificates => Ok(Self::Certificates(Range::parse(query)?)),
            Route::Domains => Ok(Self::Domains(Range::parse(query)?)),
            Route::Certificate(name) => {
                certificate(name).ok_or(Fault::UnknownCertificate(Vec::new()))
            }
            Route::Domain(name) => domain(name).ok_or(Fault::UnknownDomain(Vec::new())),
            Route::Health
            | Route::Ready
            | Route::Metrics
            | Route::Bindings
            | Route::Reload
            | Route::Audit => Err(Fault::NoSuchPath(None)),
        }
    }
}

impl<K: FromStr> Range<K> {
    /// Reads the query of a list.
    pub(super) fn parse(query: &str) -> Result<Self, InvalidParameter> {
        let mut range = Self {
            after: None,
            limit: DEFAULT_LIMIT,
            filter: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value).ok_or_else(|| InvalidParameter::Encoding(key.into()))?;
            range.take(key, &value)?;
        }
        Ok(range)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), InvalidParameter> {
        match key {
            "after" if value.is_empty() => self.after = None,
            "after" => self.after = Some(value.parse().map_err(|_| InvalidParameter::After)?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| LIMITS.contains(limit));
                self.limit = limit.ok_or(InvalidParameter::Limit)?;
            }
            "filter" => self.filter = Some(value.to_ascii_lowercase()),
            other => return Err(InvalidParameter::Unknown(other.into())),
        }
        Ok(())
    }
}

impl InvalidParameter {
    /// The stable word for the reason.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_parameter",
            Self::After => "invalid_after",
            Self::Limit => "invalid_limit",
            Self::Encoding(_) => "invalid_encoding",
        }
    }

    /// What to write instead.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "a list takes after=NAME, limit=N and filter=TEXT",
            Self::After => "write the `next` of the part before",
            Self::Limit => "write limit=100, or leave it out",
            Self::Encoding(_) => "write % as %25, and other special characters in the same way",
        }
    }
}

const LIMITS: RangeInclusive<usize> = 1..=1_000;
const DEFAULT_LIMIT: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn code(route: Route<'_>, query: &str) -> Option<&'static str> {
        let fault = Question::parse(route, Some(query)).err()?;
        Some(fault.code())
    }

    #[test]
    fn each_path_asks_for_something() {
        let parse = |route, query| Question::parse(route, query).unwrap();
        assert_eq!(parse(Route::Status, None), Question::Overview);
        let name = "a%b".parse().unwrap();
        assert_eq!(
            parse(Route::Certificate("a%25b"), None),
            Question::Certificate(name)
        );
        let name = "*.live.example.com".parse().unwrap();
        assert_eq!(
            parse(Route::Domain("%2A.LIVE.example.com"), None),
            Question::Domain(name)
        );
        let query = "after=a.com&limit=7&&filter=PL%61y";
        let range = Range {
            after: "a.com".parse().ok(),
            limit: 7,
            filter: Some("play".to_owned()),
        };
        assert_eq!(parse(Route::Domains, Some(query)), Question::Domains(range));
        let range = Range {
            after: None,
            limit: 100,
            filter: None,
        };
        assert_eq!(
            parse(Route::Certificates, Some("after=")),
            Question::Certificates(range)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (route, query, expected) in [
            (Route::Domain("a.com/x"), "", "unknown_domain"),
            (Route::Domain(""), "", "unknown_domain"),
            (Route::Domain("%"), "", "unknown_domain"),
            (Route::Certificate(".hidden"), "", "unknown_certificate"),
            (Route::Domains, "limit=0", "invalid_limit"),
            (Route::Domains, "limit=1001", "invalid_limit"),
            (Route::Domains, "limit=ten", "invalid_limit"),
            (Route::Domains, "after=192.0.2.1", "invalid_after"),
            (Route::Certificates, "after=a/b", "invalid_after"),
            (Route::Domains, "filter=%zz", "invalid_encoding"),
            (Route::Domains, "offset=3", "unknown_parameter"),
            (Route::Domains, "limit", "invalid_limit"),
        ] {
            assert_eq!(code(route, query), Some(expected), "{route:?}?{query}");
        }
    }
}
