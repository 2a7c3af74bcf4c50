//! Whom an exchange is with: the connection's client, or the one that a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use super::Exchange;
use crate::http::claims::Claims;
use crate::proxy_protocol::Ends;

impl Exchange {
    /// Whom the request is from.
    pub(super) fn client(&self) -> IpAddr {
        let claims = self.claims.as_ref();
        claims.map_or(self.connection.client, |claims| claims.client())
    }

    /// Whether the client asked over TLS: us, or a trusted proxy.
    pub(super) fn is_secure(&self) -> bool {
        let said = self.claims.as_deref().and_then(Claims::https);
        said.unwrap_or_else(|| self.connection.is_tls())
    }

    /// The client and where it connected to. Of a client that a proxy named, no port is known.
    pub(in crate::http) fn ends(&self) -> Ends {
        let mut ends = self.connection.ends;
        if self.client() != self.connection.client {
            ends.source = SocketAddr::new(self.client(), 0);
        }
        ends
    }

    /// Adds to what we say of the client what a trusted proxy has said.
    pub(in crate::http) fn complete_claims(&self, headers: &mut HeaderMap) {
        if let Some(claims) = &self.claims {
            claims.complete(headers);
        }
    }
}
