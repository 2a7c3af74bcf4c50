use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HOST, HeaderName, TRANSFER_ENCODING, VIA};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, request};
use hyper::body::{Body as _, Incoming};

use super::body::{Body, RequestBody};
use super::connection::Connection;
use super::exchange::ExchangeGuard;
use super::failure::{BadRequest, Failure, InvalidResponse};
use super::headers;
use super::stream::is_endless;
use super::target::origin_form;
use crate::origin::{self, Deadlines, Upgraded};
use crate::snapshot::Domain;

/// What the origin answered.
pub(super) enum Answer {
    /// A response to pass on.
    Response(Response<Body>),
    /// The change to WebSocket, and the origin's end of it.
    Upgrade(Response<Body>, Upgraded),
}

impl Answer {
    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Response(response) | Self::Upgrade(response, _) => response.headers_mut(),
        }
    }
}

/// A request ready to go to its domain's origins.
pub(super) struct Outbound {
    domain: Arc<Domain>,
    request: Request<RequestBody>,
    version: Version,
    websocket: bool,
}

impl Outbound {
    /// Makes the request that the origin gets. `host` is as the client wrote it: origins see it
    /// unchanged. `has_length` says whether the client gave its body's length.
    pub(super) fn new(
        connection: &Connection,
        exchange: &ExchangeGuard,
        domain: Arc<Domain>,
        mut parts: request::Parts,
        body: Incoming,
        host: HeaderValue,
        has_length: bool,
    ) -> Self {
        let version = parts.version;
        let websocket = headers::asks_for_websocket(&parts.method, version, &parts.headers);
        let expects = headers::expects_continue(&parts.headers) && !body.is_end_stream();
        headers::strip_request(&mut parts.headers);
        headers::join_cookies(&mut parts.headers);
        if websocket {
            headers::set_websocket(&mut parts.headers);
        }
        if expects {
            // The client is told to go on when the endpoint says so: then its body is asked for.
            headers::set_expectation(&mut parts.headers);
        }
        set_framing(&mut parts.headers, has_length, &body);
        introduce(connection, host, version, &mut parts.headers);
        parts.uri = origin_form(parts.uri);
        parts.version = Version::HTTP_11;
        let body = RequestBody::new(body, exchange);
        Self {
            domain,
            request: Request::from_parts(parts, body),
            version,
            websocket,
        }
    }

    /// Passes the request to one of the domain's origins and waits for the answer; bodies go on as
    /// streams.
    pub(super) async fn send(
        self,
        connection: &Connection,
        exchange: &ExchangeGuard,
    ) -> Result<Answer, Failure> {
        let origins = self.domain.origins.group(self.request.uri().path());
        let deadlines = self.deadlines(connection);
        let pool = &connection.worker.pool;
        match pool.send(origins, self.request, deadlines).await {
            Ok(response) => {
                exchange.set_origin(response.body().endpoint());
                let response = check(response, self.version, self.websocket)?;
                answer(response)
            }
            Err(failed) => {
                exchange.set_origin(failed.index);
                Err(match failed.error {
                    origin::Error::Upload => BadRequest::Body.into(),
                    error => Failure::Origin(error),
                })
            }
        }
    }

    fn deadlines(&self, connection: &Connection) -> Deadlines {
        let defaults = connection.worker.current.load().settings.timeouts.exchange;
        let timeouts = self.domain.config.timeouts.over(defaults);
        Deadlines {
            connect: timeouts.connect,
            first_byte: timeouts.first_byte,
        }
    }
}

/// One framing: Content-Length if the client gave its length, else chunks, or neither where there
/// is no body.
fn set_framing(headers: &mut HeaderMap, has_length: bool, body: &Incoming) {
    headers.remove(CONTENT_LENGTH);
    match body.size_hint().exact() {
        Some(length) if has_length => drop(headers.insert(CONTENT_LENGTH, length.into())),
        _ if body.is_end_stream() => {}
        _ => drop(headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))),
    }
}

/// Says who the client is and which way the request came.
fn introduce(
    connection: &Connection,
    host: HeaderValue,
    version: Version,
    headers: &mut HeaderMap,
) {
    let proto = HeaderValue::from_static(connection.scheme());
    headers.insert(X_FORWARDED_FOR, connection.client_value());
    headers.insert(X_FORWARDED_PROTO, proto);
    headers.insert(X_FORWARDED_HOST, host.clone());
    headers.insert(http::header::FORWARDED, connection.forwarded(&host));
    headers.insert(VIA, headers::via(version));
    headers.insert(HOST, host);
    if let Some(certificate) = connection.client_certificate() {
        headers.insert(CLIENT_CERT, certificate);
    }
}

/// Ties the connection to what goes on: the response's body, or the WebSocket.
fn answer(mut response: Response<origin::Body<RequestBody>>) -> Result<Answer, Failure> {
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let is_stream = switches || is_endless(&response);
    if is_stream && !response.body_mut().become_stream() {
        return Err(Failure::Origin(origin::Error::Full));
    }
    if !switches {
        return Ok(Answer::Response(response.map(Body::origin)));
    }
    let (parts, body) = response.into_parts();
    let origin = body.upgrade().ok_or(InvalidResponse)?;
    let response = Response::from_parts(parts, Body::text(String::new()));
    Ok(Answer::Upgrade(response, origin))
}

/// Turns an origin's response into what the client gets.
fn check<B>(
    mut response: Response<B>,
    version: Version,
    websocket: bool,
) -> Result<Response<B>, InvalidResponse> {
    let via = headers::via(response.version());
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    if switches && !(websocket && headers::is_websocket(response.headers())) {
        return Err(InvalidResponse);
    }
    headers::strip_response(response.headers_mut());
    response.headers_mut().append(VIA, via);
    *response.version_mut() = version;
    if switches {
        headers::set_websocket(response.headers_mut());
    }
    Ok(response)
}

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
