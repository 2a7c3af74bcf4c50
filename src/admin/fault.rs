use std::borrow::Cow;

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::access::Refusal;
use super::answer;
use super::body::Unread;
use super::change::InvalidBody;
use super::facts::problem;
use super::range::InvalidParameter;
use super::view;
use crate::edit::EditFault;
use crate::edit::files::WriteFault;
use crate::manage::{Rejection, ShelfFault};
use crate::reload::OrderFault;

/// Why a request is not answered with what it asks for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// With the place that it has moved to.
    #[error("there is nothing at this path")]
    NoSuchPath(Option<String>),
    /// With the methods that it takes, as `Allow` has them.
    #[error("this path does not take the request's method")]
    Method(&'static str),
    /// With what is wrong with its files.
    #[error("no certificate of this name is in use")]
    UnknownCertificate(Vec<view::Problem>),
    /// With what is wrong with its table.
    #[error("no domain has this name")]
    UnknownDomain(Vec<view::Problem>),
    #[error(transparent)]
    Parameter(#[from] InvalidParameter),
    #[error(transparent)]
    Body(#[from] Unread),
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("too many requests are waiting")]
    Busy,
    #[error("a bug has ended the answer")]
    Bug,
}

impl Fault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::NoSuchPath(_) | Self::UnknownCertificate(_) | Self::UnknownDomain(_) => {
                StatusCode::NOT_FOUND
            }
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Parameter(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Body(unread) => unread.status(),
            Self::Rejected(rejection) => rejected(rejection),
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable word for the reason.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::NoSuchPath(_) => "no_such_path",
            Self::Method(_) => "method_not_allowed",
            Self::UnknownCertificate(_) => "unknown_certificate",
            Self::UnknownDomain(_) => "unknown_domain",
            Self::Parameter(invalid) => invalid.code(),
            Self::Body(unread) => unread.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Rejected(rejection) => rejection.code(),
            Self::Busy => "busy",
            Self::Bug => "bug",
        }
    }

    /// The kind of reason in a few words.
    fn title(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.title(),
            Self::NoSuchPath(_) => "No such path",
            Self::Method(_) => "Method not allowed",
            Self::UnknownCertificate(_) => "Unknown certificate",
            Self::UnknownDomain(_) => "Unknown domain",
            Self::Parameter(_) => "Invalid parameter",
            Self::Body(unread) => unread.title(),
            Self::Invalid(_) => "Invalid request",
            Self::Rejected(_) => "Not done",
            Self::Busy => "Busy",
            Self::Bug => "Bug",
        }
    }

    /// What to do, or to ask instead.
    fn hint(&self) -> Cow<'static, str> {
        let hint = match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::NoSuchPath(Some(place)) => {
                return format!("it has moved: ask for {place}").into();
            }
            Self::NoSuchPath(None) => {
                "/api/v1/openapi.json has all paths; /api/v1/status is one of them"
            }
            Self::Method(allowed) => return format!("it takes {allowed}").into(),
            Self::UnknownCertificate(_) => {
                "/api/v1/certificates?filter=TEXT lists those whose name contains a text"
            }
            Self::UnknownDomain(_) => {
                "/api/v1/domains?filter=TEXT lists those whose name contains a text"
            }
            Self::Parameter(invalid) => invalid.hint(),
            Self::Body(unread) => unread.hint(),
            Self::Invalid(invalid) => invalid.hint(),
            Self::Rejected(rejection) => rejection.hint(),
            Self::Busy => "ask again in a second",
            Self::Bug => "the log says more; please report it",
        };
        hint.into()
    }

    /// The answer.
    pub(super) fn answer(self) -> Response<String> {
        let (status, code) = (self.status(), self.code());
        let mut failure = view::Failure {
            kind: format!("urn:lockgate:{code}"),
            title: self.title().to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: self.to_string(),
            hint: self.hint().into_owned(),
            problems: Vec::new(),
        };
        let mut headers = HeaderMap::new();
        self.add_headers(&mut headers);
        failure.problems = match self {
            Self::UnknownCertificate(problems) | Self::UnknownDomain(problems) => problems,
            Self::Rejected(rejection) => rejection.problems().iter().map(problem).collect(),
            _ => Vec::new(),
        };
        let mut response = answer::problem(status, answer::write(&failure));
        response.headers_mut().extend(headers);
        response
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        match self {
            Self::Refused(Refusal::NoToken | Refusal::UnknownToken) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Refused(Refusal::TooManyTries(wait)) => {
                // Rounded up: a second too early would be one try more.
                headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
            }
            Self::Method(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
    }
}

/// Whose fault it is: a request that cannot be done as things are, or what we write to.
fn rejected(rejection: &Rejection) -> StatusCode {
    match rejection {
        Rejection::UnknownDomain(..)
        | Rejection::UnknownCertificate(..)
        | Rejection::Edit(EditFault::UnknownDomain(_)) => StatusCode::NOT_FOUND,
        Rejection::OtherVersion => StatusCode::PRECONDITION_FAILED,
        Rejection::Edit(EditFault::DomainExists(_))
        | Rejection::HstsRuns { .. }
        | Rejection::Layout(_)
        | Rejection::Write(WriteFault::ChangedMeanwhile(_) | WriteFault::ManagedElsewhere(_)) => {
            StatusCode::CONFLICT
        }
        Rejection::Edit(_)
        | Rejection::Invalid(_)
        | Rejection::Certificate(_)
        | Rejection::Pairs => StatusCode::UNPROCESSABLE_ENTITY,
        Rejection::Shelf(fault) => match fault {
            ShelfFault::Off | ShelfFault::NoEarlier(_) | ShelfFault::NoVersion(..) => {
                StatusCode::CONFLICT
            }
            ShelfFault::Unusable(..) => StatusCode::UNPROCESSABLE_ENTITY,
            ShelfFault::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        },
        Rejection::Write(WriteFault::NoSpace { .. }) => StatusCode::INSUFFICIENT_STORAGE,
        Rejection::Order(OrderFault::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Rejection::Order(OrderFault::Timeout) => StatusCode::GATEWAY_TIMEOUT,
        Rejection::Write(_) | Rejection::Order(OrderFault::Bug) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_fault_is_told_as_the_rfc_has_it() {
        let response = Fault::Method("GET, HEAD").answer();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers()["allow"], "GET, HEAD");
        let failure: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        let expected = serde_json::json!({
            "type": "urn:lockgate:method_not_allowed",
            "title": "Method not allowed",
            "status": 405,
            "code": "method_not_allowed",
            "detail": "this path does not take the request's method",
            "hint": "it takes GET, HEAD",
            "problems": [],
        });
        assert_eq!(failure, expected);
    }

    #[test]
    fn who_is_not_let_in_is_told_how_to_be() {
        for refusal in [Refusal::NoToken, Refusal::UnknownToken] {
            let response = Fault::from(refusal).answer();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
        }
        let wait = Refusal::TooManyTries(Duration::from_millis(1_500));
        let response = Fault::from(wait).answer();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "2");
    }
}
