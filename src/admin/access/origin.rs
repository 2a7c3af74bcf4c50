use http::header::ORIGIN;
use http::{HeaderMap, Method};

use super::decision::Asked;
use super::host::{HostPort, named};
use super::peer::Peer;
use crate::admin::console;

/// Whether a request comes from one of our own pages, or from no page at all. What another page
/// sends (CSRF) says so: in `Origin` (RFC 6454 section 7), or in `Sec-Fetch-Site` (Fetch Metadata).
pub(super) fn is_own(asked: &Asked<'_>, peer: &Peer) -> bool {
    (!is_cross_site(asked.headers) || opens_console(asked)) && origin_is_own(asked, peer)
}

/// Whether somebody follows a link to the console. The page that has the link sees nothing of it,
/// and the answer is the same for everybody.
fn opens_console(asked: &Asked<'_>) -> bool {
    let says = |name, value: &str| {
        let mut values = asked.headers.get_all(name).iter();
        values.next().is_some_and(|it| it == value) && values.next().is_none()
    };
    let navigates = says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
    navigates && *asked.method == Method::GET && asked.path == console::HOME
}

fn is_cross_site(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    sites.any(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"))
}

fn origin_is_own(asked: &Asked<'_>, peer: &Peer) -> bool {
    let mut origins = asked.headers.get_all(ORIGIN).iter();
    origins.all(|origin| {
        let origin = origin.to_str().ok().and_then(Origin::parse);
        // `null`, and what is no origin, are nobody's.
        let (Some(origin), Some(own)) = (origin, named(asked)) else {
            return false;
        };
        // Without TLS here, it may have ended at somebody in front of us.
        let scheme_fits = origin.https || !peer.tls;
        scheme_fits && origin.at == origin.completed(own)
    })
}

/// A page's origin.
struct Origin {
    https: bool,
    at: HostPort,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, at) = text.split_once("://")?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let origin = Self {
            https,
            at: HostPort::parse(at)?,
        };
        let at = origin.completed(origin.at.clone());
        Some(Self { at, ..origin })
    }

    /// A host with the port that it has under the origin's scheme.
    fn completed(&self, mut at: HostPort) -> HostPort {
        let default = if self.https { 443 } else { 80 };
        at.port = at.port.or(Some(default));
        at
    }
}
