//! The life of a request: find its host, find the domain, decide, forward, answer.
//!
//! ```text
//! request ─► target ─► route ─┬─► forward ─► origin ─► response
//!                             ├─► redirect
//!                             └─► failure ─► answer
//! ```
//!
//! Nothing here returns an error to the connection: every failure becomes an answer through the
//! table in `failure`.

mod activity;
mod base64;
mod body;
mod claims;
mod client_certificate;
mod connection;
mod cors;
mod cutter;
mod exchange;
mod failure;
mod forward;
mod frames;
mod headers;
mod https_grace;
mod names;
mod response_headers;
mod route;
mod scan;
mod stream;
mod streaming;
mod target;
mod tunnel;
mod websocket;
mod worker;

use std::rc::Rc;
use std::sync::Arc;

use http::header::{CONNECTION, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, request};
use hyper::body::Incoming;
use hyper::ext::Protocol;

pub use activity::{Activity, Phase};
pub(crate) use body::Body;
pub use claims::Claims;
pub use connection::{Arrival, Connection, Leaving, Peer, Served};
pub use cutter::Cutter;
use exchange::ExchangeGuard;
pub use failure::BadRequest;
use failure::{Failure, InvalidResponse};
use forward::{Answer, Inbound, Outbound};
pub use headers::{join_cookies, strip_request, strip_response};
pub use https_grace::HttpsGrace;
use route::{Route, route};
pub use scan::{Doubtful, Scan};
pub use streaming::Streaming;
pub use target::{Target, check_form, origin_form};
pub use tunnel::Tunnel;
use websocket::Connect;
pub use worker::{Swept, Worker};

use crate::origin::demo;
use crate::snapshot::Domain;

/// Answers a request. `cutter` ends it alone; without one, its connection is cut.
pub(crate) async fn respond(
    connection: Rc<Connection>,
    request: Request<Incoming>,
    cutter: Option<Rc<Cutter>>,
) -> Response<Body> {
    let version = request.version();
    let last = version < Version::HTTP_2 && headers::names_websocket(request.headers());
    let closes = headers::asks_to_close(request.headers());
    let (exchange, step) = begin(&connection, request, cutter);
    let answer = match step {
        Ok(Step::Answer(response)) => Ok(Answer::Response(response)),
        Ok(Step::Ask(outbound)) => outbound.send(&connection, &exchange).await,
        Err(failure) => Err(failure),
    };
    let answer = answer.unwrap_or_else(|failure| {
        exchange.set_outcome(failure.outcome());
        failure.log(&exchange);
        Answer::Response(failure.answer(version))
    });
    let mut response = finish(&connection, answer, exchange);
    if last {
        // A WebSocket's bytes are no requests: nothing that comes behind was looked at.
        let close = HeaderValue::from_static("close");
        response.headers_mut().entry(CONNECTION).or_insert(close);
    } else if version == Version::HTTP_11 && response.body().is_stream() {
        connection.leave(Leaving::Stream(Streaming::new(response, closes)));
        // The connection goes on without hyper, and with it without this answer.
        return std::future::pending().await;
    }
    response
}

/// What comes next for a request.
enum Step {
    /// Its answer is known.
    Answer(Response<Body>),
    /// An origin knows it.
    Ask(Outbound),
}

/// All that needs no waiting.
fn begin(
    connection: &Rc<Connection>,
    mut request: Request<Incoming>,
    cutter: Option<Rc<Cutter>>,
) -> (ExchangeGuard, Result<Step, Failure>) {
    let connect = Connect::take(&mut request);
    let (parts, body) = request.into_parts();
    let claims = connection.claims(&parts.headers);
    let decision = decide(connection, &parts, claims.as_deref());
    let domain = decision.as_ref().ok().map(Decision::domain);
    let exchange = ExchangeGuard::begin(connection, &parts, domain, claims, cutter);
    let admitted = decision.and_then(|decision| exchange.admit().map(|()| decision));
    if let (Ok(_), Some(answer)) = (&admitted, exchange.preflight(&parts)) {
        return (exchange, Ok(Step::Answer(answer)));
    }
    let step = admitted.and_then(|decision| match decision.route {
        Route::Redirect(_, status, location) => Ok(Step::Answer(redirect(status, &location))),
        Route::Forward(domain) if domain.origins.group(parts.uri.path()).is_demo() => {
            exchange.set_origin(0);
            demonstrate(&parts, connect.is_some())
        }
        Route::Forward(domain) => {
            let (host, has_length) = (decision.host, decision.has_length);
            let inbound = Inbound {
                parts,
                body,
                host,
                has_length,
                connect,
            };
            let outbound = Outbound::new(connection, &exchange, domain, inbound);
            Ok(Step::Ask(outbound))
        }
    });
    (exchange, step)
}

/// The demonstration has no WebSocket, which a client of HTTP/2 would take its page for.
fn demonstrate(parts: &request::Parts, over_connect: bool) -> Result<Step, Failure> {
    if over_connect {
        return Err(InvalidResponse::NoWebSocket.into());
    }
    let response = demo::respond(&parts.method, parts.uri.path());
    Ok(Step::Answer(response.map(Body::demo)))
}

/// Where a request goes, and what was learnt of it on the way to that decision.
struct Decision {
    route: Route,
    host: HeaderValue,
    has_length: bool,
}

impl Decision {
    fn domain(&self) -> Arc<Domain> {
        match &self.route {
            Route::Forward(domain) | Route::Redirect(domain, ..) => Arc::clone(domain),
        }
    }
}

fn decide(
    connection: &Connection,
    parts: &request::Parts,
    claims: Option<&Claims>,
) -> Result<Decision, Failure> {
    if parts.method == Method::CONNECT {
        return Err(match parts.extensions.get::<Protocol>() {
            Some(_) => Failure::Protocol,
            None => Failure::Method,
        });
    }
    check_names(parts)?;
    check_form(parts)?;
    let target = Target::of(parts)?;
    let has_length = headers::check_framing(&parts.headers, parts.version)?;
    let host = HeaderValue::from_str(target.authority);
    let is_secure = claims.and_then(Claims::https) == Some(true);
    Ok(Decision {
        host: host.map_err(|_| BadRequest::InvalidHost)?,
        route: route(connection, &target, &parts.uri, is_secure)?,
        has_length,
    })
}

/// Methods are case-sensitive, but not to all that get them; and not all that HTTP/2 takes for a
/// field's name is one.
fn check_names(parts: &request::Parts) -> Result<(), BadRequest> {
    if parts
        .method
        .as_str()
        .contains(|c: char| c.is_ascii_lowercase())
    {
        return Err(BadRequest::Method);
    }
    let names = || parts.headers.keys().all(names::is_name);
    match parts.version < Version::HTTP_2 || names() {
        true => Ok(()),
        false => Err(BadRequest::FieldName),
    }
}

fn redirect(status: StatusCode, location: &str) -> Response<Body> {
    let mut response = Response::new(Body::text(String::new()));
    *response.status_mut() = status;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Ties the exchange to what goes on when the response's headers are written: its body, or the
/// WebSocket.
fn finish(connection: &Connection, mut answer: Answer, exchange: ExchangeGuard) -> Response<Body> {
    let is_own = answer.is_own();
    exchange.complete_head(answer.headers_mut(), is_own);
    match answer {
        Answer::Response(response) => {
            exchange.set_status(response.status());
            response.map(|body| body.with(exchange))
        }
        Answer::Upgrade(response, ends) => {
            // Over HTTP/2 as well, where it is told by 200: who counts WebSockets finds them all.
            exchange.set_status(StatusCode::SWITCHING_PROTOCOLS);
            let cutter = exchange.cutter();
            let tunnel = Tunnel::new(ends.origin, exchange);
            match ends.client {
                Some(client) => websocket::carry(client, tunnel, cutter),
                None => connection.leave(Leaving::Tunnel(tunnel)),
            }
            response
        }
    }
}
