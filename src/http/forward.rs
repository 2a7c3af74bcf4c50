use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HOST, HeaderName, TRANSFER_ENCODING, VIA};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, request};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;

use super::body::{Body, RequestBody};
use super::connection::Connection;
use super::exchange::ExchangeGuard;
use super::failure::{BadRequest, Failure, InvalidResponse};
use super::headers;
use super::stream::is_endless;
use super::target::origin_form;
use super::websocket::{Connect, Handshake};
use crate::origin::{self, Deadlines, Upgraded};
use crate::snapshot::Domain;

/// What the origin answered.
pub(super) enum Answer {
    /// A response to pass on.
    Response(Response<Body>),
    /// The change to WebSocket, and the origin's end of it.
    Upgrade(Response<Body>, Ends),
}

/// The ends of a WebSocket that was agreed upon.
pub(super) struct Ends {
    pub(super) origin: Upgraded,
    /// The client's, where HTTP/2 carries it; else it is the connection.
    pub(super) client: Option<OnUpgrade>,
}

/// A request that a client has made.
pub(super) struct Inbound {
    pub(super) parts: request::Parts,
    pub(super) body: Incoming,
    /// As the client wrote it: origins see it unchanged.
    pub(super) host: HeaderValue,
    /// Whether the client gave its body's length.
    pub(super) has_length: bool,
    /// What it was over HTTP/2, if it asks for a WebSocket.
    pub(super) connect: Option<Connect>,
}

impl Inbound {
    fn handshake(&mut self) -> Option<Handshake> {
        let request::Parts {
            method,
            version,
            headers,
            ..
        } = &self.parts;
        match self.connect.take() {
            Some(connect) => Some(Handshake::Ours(connect)),
            None => {
                headers::asks_for_websocket(method, *version, headers).then_some(Handshake::Clients)
            }
        }
    }
}

impl Answer {
    /// Whether it is ours, and no origin's.
    pub(super) fn is_own(&self) -> bool {
        match self {
            Self::Response(response) => response.body().is_own(),
            Self::Upgrade(..) => false,
        }
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::Response(response) | Self::Upgrade(response, ..) => response.headers_mut(),
        }
    }
}

/// A request ready to go to its domain's origins.
pub(super) struct Outbound {
    domain: Arc<Domain>,
    request: Request<RequestBody>,
    version: Version,
    websocket: Option<Handshake>,
}

impl Outbound {
    /// Makes the request that the origin gets.
    pub(super) fn new(
        connection: &Connection,
        exchange: &ExchangeGuard,
        domain: Arc<Domain>,
        mut inbound: Inbound,
    ) -> Self {
        let websocket = inbound.handshake();
        let (mut parts, body) = (inbound.parts, inbound.body);
        let version = parts.version;
        let expects = headers::expects_continue(&parts.headers) && !body.is_end_stream();
        headers::strip_request(&mut parts.headers);
        headers::join_cookies(&mut parts.headers);
        if let Some(handshake) = &websocket {
            handshake.ask(&mut parts.headers);
        }
        if expects {
            // The client is told to go on when the endpoint says so: then its body is asked for.
            headers::set_expectation(&mut parts.headers);
        }
        set_framing(&mut parts.headers, inbound.has_length, &body);
        introduce(connection, inbound.host, version, &mut parts.headers);
        exchange.complete_claims(&mut parts.headers);
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
        let header = self.domain.config.proxy_protocol;
        let header = header.map(|version| version.relayed(exchange.ends()));
        let sent = pool.send(origins, self.request, deadlines, header.as_deref());
        match sent.await {
            Ok(response) => {
                exchange.set_origin(response.body().endpoint());
                let response = check(response, self.websocket.as_ref())?;
                answer(response, self.version, self.websocket)
            }
            Err(failed) => {
                exchange.set_origin(failed.index);
                Err(match failed.error {
                    origin::Error::Upload => BadRequest::Body.into(),
                    origin::Error::UploadStalled => Failure::UploadStalled,
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

/// Checks that an origin's response may be passed on.
fn check<B>(
    response: Response<B>,
    websocket: Option<&Handshake>,
) -> Result<Response<B>, InvalidResponse> {
    let is_asked = websocket.is_some() && headers::is_websocket(response.headers());
    if is_upgrade(&response) && !is_asked {
        return Err(InvalidResponse::UnaskedUpgrade);
    }
    websocket.map_or(Ok(()), |handshake| handshake.check(&response))?;
    Ok(response)
}

/// Turns an origin's response into what the client gets, and ties the connection to what goes on:
/// the response's body, or the WebSocket.
fn answer(
    mut response: Response<origin::Body<RequestBody>>,
    version: Version,
    websocket: Option<Handshake>,
) -> Result<Answer, Failure> {
    let handshake = websocket.filter(|_| is_upgrade(&response));
    let is_stream = handshake.is_some() || is_endless(&response);
    if is_stream && !response.body_mut().become_stream() {
        return Err(Failure::Origin(origin::Error::Full));
    }
    let via = headers::via(response.version());
    headers::strip_response(response.headers_mut());
    response.headers_mut().append(VIA, via);
    *response.version_mut() = version;
    let Some(handshake) = handshake else {
        return Ok(Answer::Response(response.map(Body::origin)));
    };
    let client = handshake.agree(&mut response);
    let (parts, body) = response.into_parts();
    let origin = body.upgrade().ok_or(InvalidResponse::UnaskedUpgrade)?;
    let response = Response::from_parts(parts, Body::text(String::new()));
    Ok(Answer::Upgrade(response, Ends { origin, client }))
}

fn is_upgrade<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::SWITCHING_PROTOCOLS
}

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
