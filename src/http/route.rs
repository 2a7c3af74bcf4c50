use std::sync::Arc;

use http::{StatusCode, Uri};

use super::connection::{Arrival, Connection, Served};
use super::failure::Failure;
use super::target::Target;
use crate::config::{HttpMode, PlainHttp};
use crate::snapshot::Domain;

/// Where a request goes.
#[derive(Debug)]
pub(super) enum Route {
    /// To the domain's origin.
    Forward(Arc<Domain>),
    /// To the same place over HTTPS.
    Redirect(Arc<Domain>, StatusCode, String),
}

/// Decides where a request goes: the columns of the state table, from the certificate that the
/// domain is served with to the answer.
pub(super) fn route(
    connection: &Connection,
    target: &Target<'_>,
    uri: &Uri,
) -> Result<Route, Failure> {
    let snapshot = connection.worker.current.load();
    let domain = snapshot.find(target.host);
    match &connection.arrival {
        Arrival::PlainOnHttps(PlainHttp::Reject) => Err(Failure::PlainHttpOnHttps),
        Arrival::Tls(served) => over_tls(served, domain).map(Route::Forward),
        Arrival::PlainOnHttps(PlainHttp::FallBack) => {
            let domain = Arc::clone(domain.ok_or(Failure::UnknownDomain)?);
            if domain.certificate().is_none() || is_acme_challenge(uri) {
                return Ok(Route::Forward(domain));
            }
            // The client has reached this very port, so HTTPS is on the one that it named.
            let location = location(target, target.port, uri);
            Ok(Route::Redirect(domain, StatusCode::FOUND, location))
        }
        Arrival::Http => {
            let domain = Arc::clone(domain.ok_or(Failure::UnknownDomain)?);
            let HttpMode::Redirect(status) = domain.config.http else {
                return Ok(Route::Forward(domain));
            };
            if domain.certificate().is_none() || is_acme_challenge(uri) {
                return Ok(Route::Forward(domain));
            }
            // Where the client names no port it uses 80, ours or one that is mapped to ours: then
            // 443 is mapped too.
            let port = target.port.and(connection.worker.https_port);
            let location = location(target, port, uri);
            Ok(Route::Redirect(domain, status, location))
        }
    }
}

/// A request on a TLS connection: for the domain that it was made for, or for another one whose
/// viewers are shown the same certificate (browsers coalesce, RFC 9113 section 9.1.1).
fn over_tls(served: &Served, domain: Option<&Arc<Domain>>) -> Result<Arc<Domain>, Failure> {
    let domain = domain.ok_or(Failure::Misdirected)?;
    let certificate = domain.certificate().ok_or(Failure::Misdirected)?;
    let shown = served.certificate.pairs.fingerprint();
    if domain.name() == served.domain.name() || certificate.pairs.fingerprint() == shown {
        Ok(Arc::clone(domain))
    } else {
        Err(Failure::Misdirected)
    }
}

/// A CA asks over plain HTTP (RFC 8555 section 8.3).
fn is_acme_challenge(uri: &Uri) -> bool {
    uri.path().starts_with("/.well-known/acme-challenge/")
}

fn location(target: &Target<'_>, port: Option<u16>, uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match port {
        None | Some(443) => format!("https://{}{path}", target.host),
        Some(port) => format!("https://{}:{port}{path}", target.host),
    }
}
