use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HOST, HeaderName, TRANSFER_ENCODING, VIA};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, request};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::{self, OnUpgrade};

use super::body::{Body, RequestBody};
use super::connection::Connection;
use super::exchange::ExchangeGuard;
use super::failure::{BadRequest, Failure, InvalidResponse};
use super::headers;
use super::stream::is_endless;
use super::target::origin_form;
use crate::origin::{self, Deadlines, Lease};
use crate::snapshot::Domain;

/// What the origin answered.
pub(super) enum Answer {
    /// A response to pass on.
    Response(Response<Body>),
    /// The change to WebSocket, and the origin's end of it.
    Upgrade(Response<Body>, OnUpgrade, Lease<RequestBody>),
}

impl Answer {
    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Response(response) | Self::Upgrade(response, ..) => response.headers_mut(),
        }
    }
}

/// A request ready to go to its domain's origins.
pub(super) struct Outbound {
    domain: Arc<Domain>,
    request: Option<Request<RequestBody>>,
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
        headers::strip_request(&mut parts.headers);
        headers::join_cookies(&mut parts.headers);
        if websocket {
            headers::set_websocket(&mut parts.headers);
        }
        set_framing(&mut parts.headers, has_length, &body);
        introduce(connection, host, version, &mut parts.headers);
        parts.uri = origin_form(parts.uri);
        parts.version = Version::HTTP_11;
        let body = RequestBody::new(body, exchange);
        Self {
            domain,
            request: Some(Request::from_parts(parts, body)),
            version,
            websocket,
        }
    }

    /// Passes the request to one of the domain's origins and waits for the answer; bodies go on as
    /// streams.
    pub(super) async fn send(
        &mut self,
        connection: &Connection,
        exchange: &ExchangeGuard,
    ) -> Result<Answer, Failure> {
        let path = self.request.as_ref().map_or("", |it| it.uri().path());
        let origins = self.domain.origins.group(path);
        let deadlines = self.deadlines(connection);
        let pool = &connection.worker.pool;
        let sent = pool.send(origins, &mut self.request, deadlines, exchange);
        match sent.await {
            Ok((response, lease)) => {
                exchange.set_origin(lease.index());
                let (response, upgrade) = check(response, self.version, self.websocket)?;
                answer(response, upgrade, lease)
            }
            Err(failed) => {
                exchange.set_origin(failed.index);
                match exchange.upload_broke() {
                    true => Err(BadRequest::Body.into()),
                    false => Err(Failure::Origin(failed.error)),
                }
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
/// is no body. hyper would send none for a GET without a length, and leave its body out.
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
fn answer(
    response: Response<Incoming>,
    upgrade: Option<OnUpgrade>,
    mut lease: Lease<RequestBody>,
) -> Result<Answer, Failure> {
    let is_stream = upgrade.is_some() || is_endless(&response);
    if is_stream && !lease.become_stream() {
        return Err(Failure::Origin(origin::Error::Full));
    }
    Ok(match upgrade {
        None => Answer::Response(response.map(|body| Body::origin(body, lease))),
        Some(origin) => {
            let response = response.map(|_| Body::text(String::new()));
            Answer::Upgrade(response, origin, lease)
        }
    })
}

/// Turns an origin's response into what the client gets, with the origin's end of a WebSocket.
fn check(
    mut response: Response<Incoming>,
    version: Version,
    websocket: bool,
) -> Result<(Response<Incoming>, Option<OnUpgrade>), InvalidResponse> {
    headers::check_response_framing(response.headers())?;
    if response.status().as_u16() >= 600 {
        return Err(InvalidResponse::Status);
    }
    let via = headers::via(response.version());
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    if switches && !(websocket && headers::is_websocket(response.headers())) {
        return Err(InvalidResponse::UnaskedUpgrade);
    }
    headers::strip_response(response.headers_mut());
    response.headers_mut().append(VIA, via);
    *response.version_mut() = version;
    if switches {
        headers::set_websocket(response.headers_mut());
        let origin = upgrade::on(&mut response);
        return Ok((response, Some(origin)));
    }
    Ok((response, None))
}

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
