use super::fault::Fault;
use super::percent::decode;
use super::range::{Only, Range};
use super::route::Route;
use crate::certificate;
use crate::domain::Pattern;

/// What somebody wants to know of the status.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    Overview,
    Certificates(Range<certificate::Name>),
    Certificate(certificate::Name),
    Domains(Range<Pattern>, Only),
    Domain(Pattern),
}

impl Question {
    /// Reads what a path and its query ask for.
    pub(super) fn parse(route: Route<'_>, query: Option<&str>) -> Result<Self, Fault> {
        let query = query.unwrap_or_default();
        // What cannot be a name is unknown as well.
        let domain = |name: &str| Some(Self::Domain(decode(name)?.parse().ok()?));
        match route {
            Route::Status => Ok(Self::Overview),
            Route::Certificates => Ok(Self::Certificates(Range::parse(query)?)),
            Route::Domains => {
                let mut only = Only::default();
                let range = Range::parse_with(query, |key, value| only.take(key, value))?;
                Ok(Self::Domains(range, only))
            }
            Route::Certificate(name) => certificate(name).map(Self::Certificate),
            Route::Domain(name) => domain(name).ok_or(Fault::UnknownDomain(Vec::new())),
            Route::Health
            | Route::Ready
            | Route::Metrics
            | Route::Console(_)
            | Route::Session
            | Route::OpenApi
            | Route::History(_)
            | Route::Rollback(_)
            | Route::Bindings
            | Route::Reload
            | Route::Audit => Err(Fault::NoSuchPath(None)),
        }
    }
}

/// A certificate by its name in a path. What cannot be a name is unknown as well.
pub(super) fn certificate(name: &str) -> Result<certificate::Name, Fault> {
    let name = decode(name).and_then(|name| name.parse().ok());
    name.ok_or(Fault::UnknownCertificate(Vec::new()))
}

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
        let domains = Range::parse("limit=7").unwrap();
        let question = Question::Domains(domains, Only::default());
        assert_eq!(parse(Route::Domains, Some("limit=7")), question);
        let certificates = Range::parse("").unwrap();
        assert_eq!(
            parse(Route::Certificates, Some("after=")),
            Question::Certificates(certificates)
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
            (Route::Certificates, "after=a/b", "invalid_after"),
        ] {
            assert_eq!(code(route, query), Some(expected), "{route:?}?{query}");
        }
    }
}
