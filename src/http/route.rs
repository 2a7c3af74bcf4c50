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
/// domain is served with to the answer. `is_secure` says that the client asked a proxy of ours over
/// TLS: it would be led in a circle.
pub(super) fn route(
    connection: &Connection,
    target: &Target<'_>,
    uri: &Uri,
    is_secure: bool,
) -> Result<Route, Failure> {
    let stays = is_secure || is_acme_challenge(uri);
    let snapshot = connection.worker.current.load();
    let domain = snapshot.find(target.host);
    match &connection.arrival {
        Arrival::PlainOnHttps(PlainHttp::Reject) => Err(Failure::PlainHttpOnHttps),
        Arrival::Tls(served) => over_tls(served, domain).map(Route::Forward),
        Arrival::PlainOnHttps(PlainHttp::FallBack) => {
            let domain = domain.ok_or(Failure::UnknownDomain)?;
            if domain.certificate().is_none() || stays {
                return in_the_clear(domain, uri);
            }
            // The client has reached this very port, so HTTPS is on the one that it named.
            let location = location(target, target.port, uri);
            let domain = Arc::clone(domain);
            Ok(Route::Redirect(domain, StatusCode::FOUND, location))
        }
        Arrival::Http => {
            let domain = domain.ok_or(Failure::UnknownDomain)?;
            let HttpMode::Redirect(status) = domain.config.http else {
                return in_the_clear(domain, uri);
            };
            if domain.certificate().is_none() || stays {
                return in_the_clear(domain, uri);
            }
            // Where the client names no port it uses 80, ours or one that is mapped to ours: then
            // 443 is mapped too.
            let port = target.port.and(connection.worker.https_port);
            let location = location(target, port, uri);
            Ok(Route::Redirect(Arc::clone(domain), status, location))
        }
    }
}

/// A request over plain HTTP that is not redirected: nobody but a CA gets through where clients have
/// to show a certificate.
fn in_the_clear(domain: &Arc<Domain>, uri: &Uri) -> Result<Route, Failure> {
    if domain.client_certificate_required && !is_acme_token(uri.path()) {
        return Err(Failure::ClientCertificate);
    }
    Ok(Route::Forward(Arc::clone(domain)))
}

/// A request on a TLS connection: for the domain that it was made for, or for another one whose
/// viewers are shown the same certificate and asked for the same (browsers coalesce, RFC 9113
/// section 9.1.1).
fn over_tls(served: &Served, domain: Option<&Arc<Domain>>) -> Result<Arc<Domain>, Failure> {
    let domain = domain.ok_or(Failure::Misdirected)?;
    let own = domain.name() == served.domain.name();
    let fits = match own {
        true => domain.goes_on_for(&served.domain),
        false => is_alike(served, domain),
    };
    match fits {
        true => Ok(Arc::clone(domain)),
        false => Err(Failure::Misdirected),
    }
}

/// Whether the connection could have been made for this domain as well.
fn is_alike(served: &Served, domain: &Domain) -> bool {
    let shown = served.certificate.pairs.fingerprint();
    let same_certificate = domain
        .certificate()
        .is_some_and(|certificate| certificate.pairs.fingerprint() == shown);
    match (&served.domain.policy, &domain.policy) {
        (Some(made), Some(policy)) => same_certificate && policy.is_like(made),
        _ => false,
    }
}

/// A CA asks over plain HTTP (RFC 8555 section 8.3).
fn is_acme_challenge(uri: &Uri) -> bool {
    uri.path().starts_with(ACME_CHALLENGE)
}

/// Whether it is a challenge and nothing else: a path that leads back out is no token.
pub(super) fn is_acme_token(path: &str) -> bool {
    let token = path.strip_prefix(ACME_CHALLENGE);
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    token.is_some_and(|token| !token.is_empty() && token.bytes().all(is_base64url))
}

fn location(target: &Target<'_>, port: Option<u16>, uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match port {
        None | Some(443) => format!("https://{}{path}", target.host),
        Some(port) => format!("https://{}:{port}{path}", target.host),
    }
}

const ACME_CHALLENGE: &str = "/.well-known/acme-challenge/";
