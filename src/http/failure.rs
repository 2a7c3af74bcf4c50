use std::error::Error;
use std::hash::{BuildHasher, RandomState};

use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode, Version};

use super::body::Body;
use super::exchange::Exchange;
use crate::origin;

/// Why a request gets no response of an origin.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It breaks the rules of HTTP.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    /// CONNECT: this is no forward proxy.
    #[error("this method is not available here")]
    Method,
    /// An extended CONNECT for something else than WebSocket.
    #[error("no protocol but WebSocket is available here")]
    Protocol,
    /// Plain HTTP on a listener for TLS that rejects it.
    #[error("this port speaks HTTPS only")]
    PlainHttpOnHttps,
    /// No domain of ours.
    #[error("no such domain here")]
    UnknownDomain,
    /// Plain HTTP for a domain whose clients have to show a certificate.
    #[error("this domain asks for a client certificate, over HTTPS only")]
    ClientCertificate,
    /// A domain that this TLS connection is not for.
    #[error("this connection is not for that domain; open a new one")]
    Misdirected,
    /// The domain is not for clients of this network.
    #[error("this domain is not served to your network")]
    Forbidden,
    /// As many viewers as the domain may have.
    #[error("this domain has as many viewers as it may; try again in a moment")]
    Full,
    /// The client did not go on with the body of its request.
    #[error("the request's body did not come in time")]
    UploadStalled,
    /// The origin gave no response.
    #[error("the origin gives no response")]
    Origin(#[source] origin::Error),
    /// The origin's response breaks the rules of HTTP.
    #[error("the origin's response is not valid")]
    Response(#[from] InvalidResponse),
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// No Host, and no other place that names one.
    #[error("the request names no host")]
    NoHost,
    /// Two Hosts, or two places that contradict each other.
    #[error("the request names more than one host")]
    SeveralHosts,
    /// A Host that is none.
    #[error("the request's host is not valid")]
    InvalidHost,
    /// Two lengths, a coding beside one, or one that is not `chunked`.
    #[error("the request's length is ambiguous")]
    Framing,
    /// One that is written as no method is.
    #[error("the request's method is not valid")]
    Method,
    /// Neither a path nor the asterisk of OPTIONS.
    #[error("the request's target is not valid")]
    Target,
    /// A name with a byte that no name has.
    #[error("a field of the request has no valid name")]
    FieldName,
    /// A body that is none, or stops before its end.
    #[error("the request's body is not valid, or not whole")]
    Body,
}

/// What is wrong with a response, though it is sound HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidResponse {
    #[error("it switches protocols unasked")]
    UnaskedUpgrade,
    #[error("it answers the request for a WebSocket with something else")]
    NoWebSocket,
    #[error("it does not show that it has read the WebSocket's key")]
    Accept,
}

/// Who has to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Client,
    Origin,
}

impl Failure {
    /// The table from failure to answer: whose fault, which status, how it is called in the record.
    fn row(&self) -> (Fault, StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (Fault::Client, StatusCode::BAD_REQUEST, "bad_request"),
            Self::Method => (Fault::Client, StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::Protocol => (Fault::Client, StatusCode::NOT_IMPLEMENTED, "protocol"),
            Self::PlainHttpOnHttps => (Fault::Client, StatusCode::BAD_REQUEST, "plain_http"),
            Self::UnknownDomain => (Fault::Client, StatusCode::NOT_FOUND, "unknown_domain"),
            Self::ClientCertificate => (Fault::Client, StatusCode::FORBIDDEN, "client_certificate"),
            Self::Misdirected => (
                Fault::Client,
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
            ),
            Self::Forbidden => (Fault::Client, StatusCode::FORBIDDEN, "forbidden"),
            Self::Full => (Fault::Client, StatusCode::SERVICE_UNAVAILABLE, "full"),
            Self::UploadStalled => (Fault::Client, StatusCode::REQUEST_TIMEOUT, "upload_stalled"),
            Self::Origin(origin::Error::Full) => (
                Fault::Client,
                StatusCode::SERVICE_UNAVAILABLE,
                "origin_full",
            ),
            Self::Origin(error) if error.is_timeout() => {
                (Fault::Origin, StatusCode::GATEWAY_TIMEOUT, "origin_timeout")
            }
            Self::Origin(_) | Self::Response(_) => {
                (Fault::Origin, StatusCode::BAD_GATEWAY, "origin_failed")
            }
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.row().1
    }

    pub(super) fn outcome(&self) -> &'static str {
        self.row().2
    }

    /// Writes what the operator has to know; what clients do wrong is in the access record.
    pub(super) fn log(&self, exchange: &Exchange) {
        if self.row().0 == Fault::Origin {
            let (domain, origin) = (exchange.domain(), exchange.origin());
            let cause = self.source().map(chain);
            tracing::warn!(domain, origin, cause, "{self}");
        }
    }

    /// The answer: a line of text, for people.
    pub(super) fn answer(&self, version: Version) -> Response<Body> {
        let status = self.status();
        let mut response = Response::new(Body::text(format!("{status}: {self}\n")));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self, Self::Method) {
            headers.insert(
                ALLOW,
                HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            );
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after()));
        }
        // After a request of doubtful length nobody knows where the next one begins, and a client
        // that is not wanted on this connection shall open another.
        let last = matches!(
            self,
            Self::BadRequest(_) | Self::Method | Self::Misdirected | Self::UploadStalled
        );
        if last && version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Seconds until a client that was turned away comes again: not all of them at once.
fn retry_after() -> u64 {
    RandomState::new().hash_one(()) % 10 + 1
}

/// An error with all of its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
