use std::sync::Arc;

use toml::Spanned;

use super::cors::Cors;
use super::health::{self, HealthCheck};
use super::hsts;
use super::http_mode::HttpMode;
use super::network::Access;
use super::origin_url::OriginUrl;
use super::origins::{Balance, Route, origins, routes};
use super::problem::{Place, Reason};
use super::raw::{File, Table};
use super::response_headers::ResponseHeaders;
use super::tcp::{self, TcpOrigins};
use super::timeouts::DomainTimeouts;
use super::tls::TlsOptions;
use crate::certificate;
use crate::domain::Pattern;
use crate::hsts::Hsts;
use crate::proxy_protocol;

/// One `[[domain]]` table, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Where the table stands.
    pub place: Place,
    /// The name that is served.
    pub name: Pattern,
    /// Where requests go: one endpoint or more.
    pub origins: Arc<[OriginUrl]>,
    /// How they are spread over the endpoints. They take turns by default.
    pub balance: Balance,
    /// How many requests each endpoint may have at once, those of other domains included. Any number
    /// by default.
    pub max_requests: Option<usize>,
    /// The same for streams.
    pub max_streams: Option<usize>,
    /// Other origins for some paths, the longest path first.
    pub routes: Arc<[Route]>,
    /// The header with the client's address that each connection to its origins begins with. None
    /// by default.
    pub proxy_protocol: Option<proxy_protocol::Version>,
    /// Where the bytes of tcp listeners go, by the listener's name. Nowhere by default.
    pub tcp: Box<[TcpOrigins]>,
    /// How its endpoints are asked whether they are well. They are not by default.
    pub health: Option<HealthCheck>,
    /// Which certificate serves it. Unbound by default.
    pub binding: Binding,
    /// The HTTPS switch; matters only when bound. On by default.
    pub https: bool,
    /// Switches HTTPS off, or unbinds, though browsers were told to ask over HTTPS alone. Off by
    /// default.
    pub force_https_off: bool,
    /// What a plain HTTP request gets while HTTPS is on. Served by default.
    pub http: HttpMode,
    /// What browsers are told over TLS: nothing by default.
    pub hsts: Option<Hsts>,
    /// What becomes of HTTPS when the certificate expires. It is served on by default.
    pub on_expiry: OnExpiry,
    /// Who may ask for it, by their networks. Everybody by default.
    pub access: Option<Arc<Access>>,
    /// Which web pages may read it, where its origin does not say. None by default.
    pub cors: Option<Arc<Cors>>,
    /// What its responses say in place of its origin, or do not say. As the origin has it by default.
    pub response_headers: Option<Arc<ResponseHeaders>>,
    /// Responses and WebSockets that run at once; more are answered with 503. No limit by default.
    pub max_viewers: Option<usize>,
    /// Deadlines of its exchanges in place of the default.
    pub timeouts: DomainTimeouts,
    /// What holds for its TLS clients in place of the default.
    pub tls: TlsOptions,
    /// Binds also to a certificate that does not name the domain. Off by default.
    pub allow_mismatch: bool,
    /// The operator's own words.
    pub remarks: String,
}

/// Which certificate a domain is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// None: the domain is on plain HTTP.
    Unbound,
    /// The one whose names match best.
    Auto,
    /// The one of this name.
    Named(certificate::Name),
}

/// What becomes of a domain's HTTPS when its certificate expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExpiry {
    /// The expired certificate is served on, loudly: players that do not verify go on.
    Serve,
    /// The domain goes to plain HTTP.
    Http,
}

impl Domain {
    /// Whether the two mean the same, wherever they stand.
    pub fn same_meaning(&self, other: &Self) -> bool {
        self.name == other.name
            && self.origins == other.origins
            && self.balance == other.balance
            && self.max_requests == other.max_requests
            && self.max_streams == other.max_streams
            && self.routes == other.routes
            && self.proxy_protocol == other.proxy_protocol
            && self.tcp == other.tcp
            && self.health == other.health
            && self.binding == other.binding
            && self.https == other.https
            && self.force_https_off == other.force_https_off
            && self.http == other.http
            && self.hsts == other.hsts
            && self.on_expiry == other.on_expiry
            && self.access == other.access
            && self.cors == other.cors
            && self.response_headers == other.response_headers
            && self.max_viewers == other.max_viewers
            && self.timeouts == other.timeouts
            && self.tls == other.tls
            && self.allow_mismatch == other.allow_mismatch
            && self.remarks == other.remarks
    }

    /// Whether it shall not be served over TLS.
    pub fn is_without_https(&self) -> bool {
        !self.https || self.binding == Binding::Unbound
    }
}

/// The table's name if it has one, and the domain if nothing that it needs is missing; the file
/// keeps the problems.
pub(super) fn parse_domain(
    file: &File<'_>,
    mut table: Table<'_, '_>,
) -> (Option<Pattern>, Option<Domain>) {
    let name = name(file, &mut table);
    let origins = origins(file, &mut table);
    let balance = Balance::read(&mut table).unwrap_or_default();
    let max_requests = table.number("max_requests", 1..=1_000_000, MILLION);
    let max_streams = table.number("max_streams", 1..=1_000_000, MILLION);
    let routes = routes(file, &mut table, balance);
    let proxy_protocol = version(&mut table);
    let tcp = tcp::origins(file, &mut table);
    let health = health::read(file, &mut table);
    let binding = binding(file, &mut table);
    let https = table.boolean("https").unwrap_or(true);
    let force_https_off = table.boolean("force_https_off").unwrap_or(false);
    let http = HttpMode::read(&mut table);
    let hsts = hsts::read(file, &mut table);
    let on_expiry = on_expiry(&mut table);
    let access = Access::read(&mut table).map(Arc::new);
    let cors = Cors::read(&mut table).map(Arc::new);
    let response_headers = ResponseHeaders::read(file, &mut table).map(Arc::new);
    let max_viewers = table.number("max_viewers", 1..=10_000_000, "a number from 1 to 10000000");
    let timeouts = DomainTimeouts::read(table.table("timeouts"));
    let tls = tls(file, &mut table);
    let allow_mismatch = table.boolean("allow_mismatch").unwrap_or(false);
    let remarks = table.string("remarks").map(Spanned::into_inner);
    let place = file.place(table.offset());
    table.finish();
    let domain = name.clone().zip(origins).map(|(name, origins)| Domain {
        place,
        name,
        origins,
        balance,
        max_requests,
        max_streams,
        routes,
        proxy_protocol,
        tcp,
        health,
        binding,
        https,
        force_https_off,
        http,
        hsts,
        on_expiry,
        access,
        cors,
        response_headers,
        max_viewers,
        timeouts,
        tls,
        allow_mismatch,
        remarks: remarks.unwrap_or_default(),
    });
    (name, domain)
}

fn name(file: &File<'_>, table: &mut Table<'_, '_>) -> Option<Pattern> {
    let Some(text) = table.string("name") else {
        file.report(table.offset(), Reason::MissingKey("name"));
        return None;
    };
    match text.get_ref().parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let value = text.get_ref().clone();
            file.report(text.span().start, Reason::DomainName { value, error });
            None
        }
    }
}

fn binding(file: &File<'_>, table: &mut Table<'_, '_>) -> Binding {
    let Some(text) = table.string("certificate") else {
        return Binding::Unbound;
    };
    match text.get_ref().parse() {
        _ if text.get_ref() == "auto" => Binding::Auto,
        Ok(name) => Binding::Named(name),
        Err(error) => {
            let value = text.get_ref().clone();
            file.report(text.span().start, Reason::CertificateName { value, error });
            Binding::Unbound
        }
    }
}

fn version(table: &mut Table<'_, '_>) -> Option<proxy_protocol::Version> {
    let text = table.string("proxy_protocol")?;
    let allowed = "\"v1\" or \"v2\"";
    table.parse("proxy_protocol", allowed, &text, |text| match text {
        "v1" => Some(proxy_protocol::Version::V1),
        "v2" => Some(proxy_protocol::Version::V2),
        _ => None,
    })
}

fn on_expiry(table: &mut Table<'_, '_>) -> OnExpiry {
    let read = table.string("on_expiry").and_then(|text| {
        let allowed = "\"serve\" or \"http\"";
        table.parse("on_expiry", allowed, &text, |text| match text {
            "serve" => Some(OnExpiry::Serve),
            "http" => Some(OnExpiry::Http),
            _ => None,
        })
    });
    read.unwrap_or(OnExpiry::Serve)
}

fn tls(file: &File<'_>, table: &mut Table<'_, '_>) -> TlsOptions {
    let mut table = table.table("tls");
    let options = TlsOptions::read(file, &mut table);
    table.finish();
    options
}

const MILLION: &str = "a number from 1 to 1000000";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use http::StatusCode;

    use super::*;
    use crate::config::{ClientAuthMode, DomainFile, TlsVersion, parse_domains};

    fn parse(text: &str) -> DomainFile {
        parse_domains(Path::new("domains/a.toml"), text.as_bytes())
    }

    fn problems(text: &str) -> Vec<String> {
        let problems = parse(text).problems.into_iter();
        problems.map(|(_, it)| it.to_string()).collect()
    }

    #[test]
    fn the_least_a_domain_needs_and_its_defaults() {
        let file = parse("[[domain]]\nname = \"a.example.com\"\norigins = [\"demo:\"]\n");
        let [domain] = &file.domains[..] else {
            panic!("{file:?}");
        };
        assert_eq!(domain.binding, Binding::Unbound);
        assert!(domain.https && !domain.allow_mismatch);
        assert_eq!(domain.balance, Balance::RoundRobin);
        assert_eq!(domain.http, HttpMode::Serve);
        assert_eq!(domain.on_expiry, OnExpiry::Serve);
        assert_eq!(domain.tls, TlsOptions::default());
        assert!(domain.hsts.is_none() && !domain.force_https_off);
        assert_eq!(domain.place.to_string(), "domains/a.toml:1");
    }

    #[test]
    fn one_bad_table_does_not_stop_the_others() {
        let file = parse(
            r#"
            [[domain]]
            name = "a.example.com"
            origins = ["demo:"]
            certificat = "x"

            [[domain]]
            name = "b.example.com"
            origins = ["http://127.0.0.1:8000", "https://live.example.com"]
            balance = "path_hash"
            max_requests = 100
            max_streams = 2_000
            proxy_protocol = "v2"
            certificate = "auto"
            http = "redirect"
            redirect_status = 308
            on_expiry = "http"
            hsts = { max_age = "30d", include_subdomains = true }
            force_https_off = true
            tls = { min_version = "1.3", client_auth = "none" }
            "#,
        );
        assert_eq!(file.unsound, ["a.example.com".parse().unwrap()]);
        assert_eq!(file.domains.len(), 1);
        assert_eq!(file.domains[0].binding, Binding::Auto);
        assert_eq!(file.domains[0].balance, Balance::PathHash);
        assert_eq!(file.domains[0].max_requests, Some(100));
        assert_eq!(file.domains[0].max_streams, Some(2000));
        let announced = file.domains[0].proxy_protocol;
        assert_eq!(announced, Some(proxy_protocol::Version::V2));
        assert_eq!(file.domains[0].on_expiry, OnExpiry::Http);
        let hsts = Hsts {
            max_age: 30 * 86_400,
            include_subdomains: true,
        };
        assert_eq!(file.domains[0].hsts, Some(hsts));
        assert!(file.domains[0].force_https_off);
        let tls = &file.domains[0].tls;
        assert_eq!(tls.min_version, Some(TlsVersion::V1_3));
        assert_eq!(tls.client_auth, Some(ClientAuthMode::None));
        assert_eq!(
            file.domains[0].http,
            HttpMode::Redirect(StatusCode::PERMANENT_REDIRECT)
        );
        assert!(!file.torn);
    }

    #[test]
    fn all_problems_at_once_each_with_what_to_write() {
        let text = r#"
            [[domain]]
            name = "a_b..example.com"
            origins = ["127.0.0.1:8000"]
            balance = "random"
            http = "maybe"
            redirect_status = 200
            on_expiry = "stop"
            [domain.hsts]
            max_age = "3y"
            [domain.tls]
            alpn = ["h3"]
            [[domain]]
            remark = "x"
            hsts = {}
            proxy_protocol = true
            "#;
        assert_eq!(
            problems(text),
            [
                "domains/a.toml:3: the name \"a_b..example.com\" has a label that is empty or longer than 63 characters; write a name like \"play.example.com\" or \"*.live.example.com\"",
                "domains/a.toml:4: the origin \"127.0.0.1:8000\" is not of the form http://HOST:PORT; write \"http://HOST:PORT\", \"https://HOST:PORT\", \"h2c://HOST:PORT\", \"h2://HOST:PORT\" or \"demo:\"",
                "domains/a.toml:5: `balance` is \"random\"; write \"round_robin\", \"least_connections\" or \"path_hash\"",
                "domains/a.toml:6: `http` is \"maybe\"; write \"serve\" or \"redirect\"",
                "domains/a.toml:7: `redirect_status` is \"200\"; write 301, 302, 307 or 308",
                "domains/a.toml:8: `on_expiry` is \"stop\"; write \"serve\" or \"http\"",
                "domains/a.toml:10: `max_age` is \"3y\"; write a length of time in whole seconds from \"0s\" to \"730d\", like \"30d\"",
                "domains/a.toml:12: `alpn` is \"h3\"; write \"h2\", \"http/1.1\" or both, each once",
                "domains/a.toml:13: `name` is missing; add name = \"play.example.com\"",
                "domains/a.toml:13: `origins` is missing; add origins = [\"http://127.0.0.1:8000\"]",
                "domains/a.toml:14: unknown key `remark`; did you mean `remarks`?",
                "domains/a.toml:15: `max_age` is missing; add max_age = \"30d\"",
                "domains/a.toml:16: `proxy_protocol` must be a string in quotes, not boolean; write proxy_protocol = a string in quotes",
            ]
        );
    }

    #[test]
    fn a_syntax_error_means_that_nothing_counts_as_deleted() {
        let file = parse("[[domain]\nname = ");
        assert!(file.torn);
        assert_eq!(file.problems[0].1.reason.code(), "toml_syntax");
    }
}
