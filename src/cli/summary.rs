use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::app::App;
use crate::config::{Binding, HttpMode};
use crate::domain::Match;
use crate::snapshot::{Domain, Https, Snapshot};

/// What a person wants to know right after the start: what is served, how, and what to try.
pub(super) struct Summary<'a> {
    app: &'a App,
    snapshot: Arc<Snapshot>,
}

impl<'a> Summary<'a> {
    pub(super) fn of(app: &'a App) -> Self {
        Self {
            app,
            snapshot: app.current.hold(),
        }
    }

    /// A URL of the domain with the port that it is served on here.
    fn url(&self, domain: &Domain) -> String {
        let name = domain.name().to_string().replace("*.", "any.");
        let https = domain.certificate().is_some();
        let (scheme, standard, addresses) = match https {
            true => ("https", 443, &self.app.https),
            false => ("http", 80, &self.app.http),
        };
        match addresses.first().map(SocketAddr::port) {
            None => "(no listener)".to_owned(),
            Some(port) if port == standard => format!("{scheme}://{name}/"),
            Some(port) => format!("{scheme}://{name}:{port}/"),
        }
    }

    fn state(domain: &Domain) -> String {
        let config = &domain.config;
        let redirects = matches!(config.http, HttpMode::Redirect(_));
        let named = match &config.binding {
            Binding::Named(name) => format!("certificate {name}"),
            Binding::Auto => "certificate auto".to_owned(),
            Binding::Unbound => String::new(),
        };
        // Where clients have to show a certificate, nothing is served without TLS.
        let plain = match domain.client_certificate_required {
            true => "not served",
            false => "plain HTTP",
        };
        match &domain.https {
            Https::On(certificate) => {
                let http = match domain.client_certificate_required {
                    _ if redirects => "HTTP redirects",
                    true => "for client certificates only",
                    false => "HTTP too",
                };
                let (name, until) = (&certificate.name, certificate.pairs.validity().not_after);
                format!("HTTPS, {http}; certificate {name} until {until}")
            }
            Https::Off => format!("{plain}: https = false; {named}"),
            Https::Expired => format!("{plain}: {named} has expired"),
            Https::Unusable if domain.policy.is_none() => {
                format!("{plain}: its client_ca is not usable")
            }
            Https::Unusable => format!("{plain}: {named} is not usable"),
            Https::Unbound => format!("{plain}: no certificate is bound"),
        }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, count) = (env!("CARGO_PKG_VERSION"), self.snapshot.domains.len());
        writeln!(f, "lockgate {version} serves {count} domains")?;
        let shown = first_by_name(&self.snapshot);
        let urls: Vec<_> = shown.iter().map(|domain| self.url(domain)).collect();
        let width = urls.iter().map(String::len).max().unwrap_or_default();
        for (domain, url) in shown.iter().zip(&urls) {
            writeln!(f, "  {url:width$}  {}", Self::state(domain))?;
        }
        if count > SHOWN {
            writeln!(f, "  … and {} more", count - SHOWN)?;
        }
        for (name, address) in &self.app.tcp {
            writeln!(f, "  tcp: {name} on {address}")?;
        }
        for problem in &self.app.report.problems {
            writeln!(f, "  problem: {problem}")?;
        }
        let admin = self.app.admin.url();
        writeln!(f, "  admin: {admin} (lockgate token prints a token)")
    }
}

/// The domains that are shown, wildcards first. The others are not sorted: the process is not ready
/// for signals before this is done.
fn first_by_name(snapshot: &Snapshot) -> Vec<&Arc<Domain>> {
    let domains = snapshot.domains.iter().map(|(name, domain)| match name {
        Match::Wildcard(parent) => ((false, parent), domain),
        Match::Exact(name) => ((true, name), domain),
    });
    let mut domains: Vec<_> = domains.collect();
    if domains.len() > SHOWN {
        domains.select_nth_unstable_by_key(SHOWN, |(name, _)| *name);
        domains.truncate(SHOWN);
    }
    domains.sort_unstable_by_key(|(name, _)| *name);
    domains.into_iter().map(|(_, domain)| domain).collect()
}

/// More would scroll the rest off the screen.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_domains;
    use crate::origin::{Directory, Origins};

    #[test]
    fn the_first_by_name_are_shown_wildcards_first() {
        let mut snapshot = Snapshot::empty();
        let numbers = (0..50).rev().map(|number| format!("d{number:02}.test"));
        for name in numbers.chain(["*.live.test".to_owned()]) {
            let text = format!("[[domain]]\nname = \"{name}\"\norigins = [\"demo:\"]\n");
            let file = parse_domains("domains/a.toml".as_ref(), text.as_bytes());
            let config = Arc::clone(&file.domains[0]);
            let domain = Domain {
                origins: Origins::new(&config, &mut Directory::default()),
                https: Https::Unbound,
                policy: None,
                client_certificate_required: false,
                hsts: None,
                counters: Arc::default(),
                config: Arc::clone(&config),
            };
            snapshot.domains.insert(&config.name, Arc::new(domain));
        }
        let shown = first_by_name(&snapshot).into_iter();
        let shown: Vec<_> = shown.map(|domain| domain.name().to_string()).collect();
        assert_eq!(shown.len(), SHOWN);
        assert_eq!(shown[..3], ["*.live.test", "d00.test", "d01.test"]);
        assert_eq!(shown[19], "d18.test");
    }
}
