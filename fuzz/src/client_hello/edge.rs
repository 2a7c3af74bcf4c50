use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate::certificate::{Certificate, Files, Pairs};
use lockgate::config::{self, Binding, Settings, TlsOptions, TlsPolicy};
use lockgate::domain::{Map, Name, Pattern};
use lockgate::http::Worker;
use lockgate::origin::Connector;
use lockgate::origin::{Directory, Origins};
use lockgate::policy::Policy;
use lockgate::snapshot::{Domain, Https, Snapshot, channel};
use lockgate::telemetry::{Counters, DomainCounters, Handshake};
use lockgate::ticket::Keys;
use lockgate::tls::{self, Accepted, Inside};
use lockgate::turns::Turns;
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::runtime::{self, Runtime};
use tokio::time::Instant;

use super::wire::Wire;

/// The https listener of one worker, with a domain of each kind.
pub(super) struct Edge {
    runtime: Runtime,
    worker: Worker,
    domains: Vec<Arc<Domain>>,
    default_domain: Option<Name>,
}

/// How a handshake was counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counted<'e> {
    /// None when it counts for no domain.
    pub(super) domain: Option<&'e Pattern>,
    pub(super) result: Handshake,
}

impl Edge {
    pub(super) fn new(default_domain: Option<&str>) -> Self {
        let default_domain = default_domain.map(|name| name.parse().expect("a name"));
        let domains = domains();
        let counters = Arc::new(Counters::default());
        let snapshot = snapshot(&domains, default_domain.clone());
        let (_, current) = channel(snapshot);
        let connector = Connector::new(&[], default_provider().into());
        let connector = connector.expect("the public roots can be used");
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            // Whoever waited for a client that has gone would be at its deadline at once.
            .start_paused(true)
            .build();
        Self {
            runtime: runtime.expect("the system gives a runtime"),
            worker: Worker::new(current, counters, None, connector),
            domains,
            default_domain,
        }
    }

    /// A connection, until it is served or refused; and how it was counted, unless it goes on as
    /// plain HTTP.
    pub(super) fn accept<'b>(
        &self,
        wire: Wire<'b>,
    ) -> (Option<Accepted<Wire<'b>>>, Option<Counted<'_>>) {
        let before = self.counts();
        let client = SocketAddr::from(([127, 0, 0, 1], 1));
        let accepting = async {
            let (turns, now) = (Turns::default(), Instant::now());
            tls::accept(&self.worker, &turns, wire, client, Inside::Http, now).await
        };
        let accepted = self.runtime.block_on(accepting);
        let counted = self.difference(&before);
        (accepted, counted)
    }

    /// The domain that a client asks for: found by going through all of them.
    pub(super) fn expected(&self, sni: Option<&str>) -> Option<&Arc<Domain>> {
        let name = match sni {
            Some(sni) => sni.parse().ok()?,
            None => self.default_domain.clone()?,
        };
        let name = Pattern::Exact(name);
        let covering = self.domains.iter().filter(|it| it.name().covers(&name));
        covering.max_by_key(|it| *it.name() == name)
    }

    /// The leaves that are served to no client of this domain.
    pub(super) fn leaves_of_others(&self, domain: Option<&Domain>) -> impl Iterator<Item = &[u8]> {
        let own = domain.and_then(Domain::certificate).map(leaf);
        let certificates = self.domains.iter().filter_map(|it| it.certificate());
        certificates
            .map(leaf)
            .filter(move |leaf| Some(*leaf) != own)
    }

    fn counters(&self) -> impl Iterator<Item = (Option<&Pattern>, &DomainCounters)> {
        let domains = self.domains.iter();
        let domains = domains.map(|it| (Some(it.name()), &*it.counters));
        domains.chain([(None, &self.worker.counters.unknown)])
    }

    fn counts(&self) -> Vec<u64> {
        let counters = self.counters();
        let counts =
            counters.flat_map(|(_, it)| Handshake::ALL.map(|result| it.handshakes(result)));
        counts.collect()
    }

    fn difference(&self, before: &[u64]) -> Option<Counted<'_>> {
        let places = self.counters();
        let places = places.flat_map(|(domain, _)| Handshake::ALL.map(|it| (domain, it)));
        let counts = self.counts().into_iter().zip(before);
        let mut changed = places
            .zip(counts)
            .filter(|(_, (now, before))| now != *before);
        let ((domain, result), (now, before)) = changed.next()?;
        assert!(
            now == before + 1 && changed.next().is_none(),
            "counted twice"
        );
        Some(Counted { domain, result })
    }
}

fn leaf(certificate: &Arc<Certificate>) -> &[u8] {
    let pair = certificate.pairs.iter().next();
    let chain = pair.map(|pair| &pair.certified.cert);
    chain
        .and_then(|chain| chain.first())
        .expect("a pair has a leaf")
}

fn snapshot(domains: &[Arc<Domain>], default_domain: Option<Name>) -> Snapshot {
    let mut map = Map::new();
    for domain in domains {
        map.insert(domain.name(), Arc::clone(domain));
    }
    let settings = Settings {
        default_domain,
        ..Settings::default()
    };
    Snapshot {
        domains: map,
        tickets: Arc::new(Keys::generate(None).expect("the system gives random bytes")),
        settings: Arc::new(settings),
        ..Snapshot::empty()
    }
}

/// Bound, with HTTPS switched off, unbound, unusable; with rules of their own for clients.
const DOMAINS: &str = r#"
    [[domain]]
    name = "play.localhost"
    certificate = "play-2026"
    origins = ["demo:"]

    [[domain]]
    name = "*.live.localhost"
    certificate = "live-2026"
    origins = ["demo:"]

    [[domain]]
    name = "modern.live.localhost"
    certificate = "play-2027"
    tls = { min_version = "1.3", alpn = ["http/1.1"] }
    origins = ["demo:"]

    [[domain]]
    name = "known.live.localhost"
    certificate = "live-2026"
    tls = { client_ca = "ca.pem" }
    origins = ["demo:"]

    [[domain]]
    name = "off.localhost"
    certificate = "play-2026"
    https = false
    origins = ["demo:"]

    [[domain]]
    name = "unbound.localhost"
    origins = ["demo:"]

    [[domain]]
    name = "unusable.live.localhost"
    certificate = "lost"
    origins = ["demo:"]
"#;

fn domains() -> Vec<Arc<Domain>> {
    let file = config::parse_domains(Path::new("x.toml"), DOMAINS.as_bytes());
    assert!(file.problems.is_empty());
    let domains = file.domains.into_iter().map(|it| Arc::new(domain(it)));
    domains.collect()
}

fn domain(config: Arc<config::Domain>) -> Domain {
    let tls = TlsPolicy::resolve(&config.tls, &TlsOptions::default());
    let tls = tls.expect("the roots are named");
    let ca = include_bytes!("../../../certs-example/ca.pem");
    let policy = Policy::new(&tls, Some(ca), default_provider().into());
    let policy = policy.expect("the example CA is a root");
    let https = match &config.binding {
        Binding::Named(name) if config.https => match certificate(name.as_str()) {
            Some(certificate) => Https::On(certificate.into()),
            None => Https::Unusable,
        },
        Binding::Named(_) => Https::Off,
        Binding::Unbound | Binding::Auto => Https::Unbound,
    };
    Domain {
        client_certificate_required: policy.requires_client_certificate(),
        origins: Origins::new(&config, &mut Directory::default()),
        config,
        https,
        policy: Some(Arc::new(policy)),
        hsts: None,
        counters: Arc::default(),
    }
}

macro_rules! example {
    ($name:literal, $file:literal) => {
        include_bytes!(concat!("../../../certs-example/", $name, "/", $file)).as_slice()
    };
    ($name:literal) => {
        [
            example!($name, "fullchain.pem"),
            example!($name, "privkey.pem"),
        ]
    };
}

fn certificate(name: &str) -> Option<Certificate> {
    let [chain, key] = match name {
        "play-2026" => example!("play-2026"),
        "play-2027" => example!("play-2027"),
        "live-2026" => example!("live-2026"),
        _ => return None,
    };
    let mut files = Files::new(PathBuf::from(name));
    files.insert("fullchain.pem".to_owned(), Ok(chain.to_vec()));
    files.insert("privkey.pem".to_owned(), Ok(key.to_vec()));
    let parsed = Pairs::parse(&files, &default_provider());
    Some(Certificate {
        name: name.parse().expect("a certificate's name"),
        pairs: parsed.expect("the example is a pair").pairs,
    })
}
