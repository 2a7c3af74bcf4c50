//! Cross-origin reading (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>), where a domain
//! allows it and its origin does not say so itself.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, request};

use super::body::Body;
use crate::config::Cors;

/// What the page that asks is told.
#[derive(Clone, Debug)]
pub(super) enum CrossOrigin {
    /// Every page may read it.
    Any,
    /// This one may.
    One(HeaderValue),
    /// It may not, but another one might.
    Another,
}

impl CrossOrigin {
    /// None for a request that no page of another origin makes, where the answer is the same for
    /// all.
    pub(super) fn of(cors: &Cors, headers: &HeaderMap) -> Option<Self> {
        match (cors, headers.get(ORIGIN)) {
            (Cors::Any, None) => None,
            (Cors::Any, Some(_)) => Some(Self::Any),
            (Cors::Listed(origins), Some(origin)) if origins.contains(origin) => {
                Some(Self::One(origin.clone()))
            }
            (Cors::Listed(_), _) => Some(Self::Another),
        }
    }

    /// Says so in a response, unless the origin has said something else.
    pub(super) fn fill_in(&self, headers: &mut HeaderMap) {
        if !matches!(self, Self::Any) {
            headers.append(VARY, HeaderValue::from_name(ORIGIN));
        }
        if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        let Some(origin) = self.allowed() else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if !headers.contains_key(ACCESS_CONTROL_EXPOSE_HEADERS) {
            headers.insert(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED),
            );
        }
    }

    fn allowed(&self) -> Option<HeaderValue> {
        match self {
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::One(origin) => Some(origin.clone()),
            Self::Another => None,
        }
    }

    /// The answer to a browser that asks beforehand whether a page may ask; none if the origin is to
    /// say.
    pub(super) fn preflight(&self, request: &request::Parts) -> Option<Response<Body>> {
        let asks = request.headers.get(ACCESS_CONTROL_REQUEST_METHOD);
        asks.filter(|_| request.method == Method::OPTIONS)?;
        self.allowed()?;
        let mut response = Response::new(Body::text(String::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD, POST, OPTIONS"),
        );
        if let Some(names) = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        Some(response)
    }
}

/// What players look at, beside what browsers let every page see.
const EXPOSED: &str = "Age, Date, Content-Length, Content-Range, Location, Link, ETag";

/// Two hours, the most that Chromium keeps it.
const MAX_AGE: &str = "7200";
