use std::path::{Path, PathBuf};
use std::time::Duration;

use super::admin::Admin;
use super::limits::Limits;
use super::listeners::Listeners;
use super::problem::{Problem, Reason};
use super::raw::{File, Table};
use super::tickets::Tickets;
use super::timeouts::Timeouts;
use super::tls::TlsOptions;
use super::webhook_url::WebhookUrl;
use crate::domain::Name;

/// `lockgate.toml`: what concerns the process. Every key is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Threads that serve connections; by default one for each core that the process may use.
    pub workers: Option<usize>,
    /// The sockets for viewers.
    pub listeners: Listeners,
    /// The socket for metrics, health, status and the API.
    pub admin: Admin,
    /// Where certificates are found.
    pub certificates: Certificates,
    /// How much is served at once.
    pub limits: Limits,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// The domain whose certificate serves clients that send no SNI. None by default.
    pub default_domain: Option<Name>,
    /// What holds for TLS clients where a domain does not say otherwise.
    pub tls: TlsOptions,
    /// The keys of session tickets.
    pub tickets: Tickets,
    /// Roots in PEM that verify `https://` origins, beside the public ones.
    pub origin_ca: Option<PathBuf>,
    /// What outlives the process.
    pub state: State,
    /// Whether each request is logged. On by default.
    pub access_log: bool,
    /// Where events are posted to: certificates that expire, and the like. None by default.
    pub webhook: Option<WebhookUrl>,
}

/// What outlives the process, and where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Relative to the configuration directory. `../state` by default.
    pub directory: PathBuf,
    /// How many versions of each certificate are kept, up to 100. 5 by default; with 0 there is no
    /// history, and nothing to fall back to at a start while files are bad.
    pub history: usize,
}

/// Where certificates are found, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// Relative to the configuration directory. `certificates` by default.
    pub directories: Vec<PathBuf>,
    /// How long files may be gone before they count as deleted. 10 s by default.
    pub removal_grace: Duration,
    /// How often all files are looked at where no event tells of a change. 30 s by default.
    pub scan_interval: Duration,
}

impl Default for Certificates {
    fn default() -> Self {
        Self {
            directories: vec![PathBuf::from("certificates")],
            removal_grace: Duration::from_secs(10),
            scan_interval: Duration::from_secs(30),
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("../state"),
            history: 5,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: None,
            listeners: Listeners::default(),
            admin: Admin::default(),
            certificates: Certificates::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            default_domain: None,
            tls: TlsOptions::default(),
            tickets: Tickets::default(),
            origin_ca: None,
            state: State::default(),
            access_log: true,
            webhook: None,
        }
    }
}

impl Settings {
    /// The settings that a running process cannot change to, by the name of their key.
    pub fn fixed_differences(&self, new: &Self) -> Vec<&'static str> {
        let fixed = [
            ("workers", self.workers != new.workers),
            ("listeners", !self.listeners.same_sockets(&new.listeners)),
            ("admin.listen", self.admin.listen != new.admin.listen),
            (
                "admin.certificate",
                self.admin.certificate != new.admin.certificate,
            ),
            ("origins.ca", self.origin_ca != new.origin_ca),
            ("state", self.state != new.state),
        ];
        let changed = fixed.into_iter().filter(|(_, differs)| *differs);
        changed.map(|(key, _)| key).collect()
    }
}

/// Reads `lockgate.toml`.
///
/// # Errors
///
/// All that is wrong with it, in the order of the lines.
pub fn parse_settings(path: &Path, content: &[u8]) -> Result<Settings, Vec<Problem>> {
    let file = File::new(path, content);
    let mut root = file.table();
    let torn = file.take_problems();
    if !torn.is_empty() {
        return Err(torn);
    }
    let settings = settings(&file, &mut root);
    root.finish();
    let problems = file.take_problems();
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
    }
}

fn settings(file: &File<'_>, root: &mut Table<'_, '_>) -> Settings {
    let default = Settings::default();
    let workers = root.number("workers", 1..=1024, "a number from 1 to 1024");
    let mut tls = root.table("tls");
    let mut origins = root.table("origins");
    let mut state = root.table("state");
    let history = state.number("history", 0..=100, "a number from 0 to 100");
    let mut log = root.table("log");
    let mut alerts = root.table("alerts");
    let settings = Settings {
        workers,
        listeners: Listeners::read(file, root.table("listeners")),
        limits: Limits::read(root.table("limits")),
        admin: Admin::read(file, root.table("admin")),
        certificates: certificates(root.table("certificates")),
        timeouts: Timeouts::read(root.table("timeouts")),
        default_domain: default_domain(file, &mut tls),
        tls: TlsOptions::read_default(file, &mut tls),
        tickets: Tickets::read(root.table("tickets")),
        origin_ca: path(&mut origins, "ca"),
        state: State {
            directory: path(&mut state, "directory").unwrap_or(default.state.directory),
            history: history.unwrap_or(default.state.history),
        },
        access_log: log.boolean("access").unwrap_or(default.access_log),
        webhook: WebhookUrl::read(file, &mut alerts),
    };
    for table in [tls, origins, state, log, alerts] {
        table.finish();
    }
    settings
}

pub(super) fn path(table: &mut Table<'_, '_>, key: &'static str) -> Option<PathBuf> {
    Some(table.string(key)?.into_inner().into())
}

fn default_domain(file: &File<'_>, tls: &mut Table<'_, '_>) -> Option<Name> {
    let text = tls.string("default_domain")?;
    match text.get_ref().parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let value = text.get_ref().clone();
            file.report(text.span().start, Reason::DomainName { value, error });
            None
        }
    }
}

fn certificates(mut table: Table<'_, '_>) -> Certificates {
    let default = Certificates::default();
    let directories = table.strings("directories").map(|directories| {
        let directories = directories.into_iter();
        directories
            .map(|directory| directory.into_inner().into())
            .collect()
    });
    let certificates = Certificates {
        directories: directories.unwrap_or(default.directories),
        removal_grace: table
            .duration("removal_grace")
            .unwrap_or(default.removal_grace),
        scan_interval: table
            .duration("scan_interval")
            .unwrap_or(default.scan_interval)
            .max(MIN_SCAN_INTERVAL),
    };
    table.finish();
    certificates
}

/// Shorter would only burn a core: events tell of most changes at once.
const MIN_SCAN_INTERVAL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ClientAuthMode, PlainHttp, TlsVersion};

    fn problems(text: &str) -> Vec<String> {
        let parsed = parse_settings(Path::new("lockgate.toml"), text.as_bytes());
        let problems = parsed.expect_err("the text has problems");
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let settings = parse_settings(Path::new("lockgate.toml"), b"").unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"
            workers = 3
            [listeners]
            http = ["[::]:80"]
            https = ["0.0.0.0:443", { address = "[::]:443", plain_http = "reject" }]
            [admin]
            listen = "127.0.0.1:9999"
            [certificates]
            directories = ["a", "/b"]
            removal_grace = "1s"
            scan_interval = "1m"
            [timeouts]
            handshake = "1s"
            drain = "2m"
            [tls]
            default_domain = "Play.example.com"
            min_version = "1.3"
            alpn = ["http/1.1"]
            client_ca = "clients.pem"
            client_auth = "optional"
            [tickets]
            directory = "tickets"
            rotation = "1h"
            [origins]
            ca = "ca.pem"
            [state]
            directory = "/var/lib/lockgate"
            history = 9
            [log]
            access = false
            [alerts]
            webhook = "https://alerts.example.com/hook"
        "#;
        let settings = parse_settings(Path::new("lockgate.toml"), text.as_bytes()).unwrap();
        assert_eq!(settings.workers, Some(3));
        assert_eq!(settings.listeners.http[0].address.port(), 80);
        assert_eq!(settings.listeners.https[1].plain_http, PlainHttp::Reject);
        assert_eq!(settings.admin.listen.to_string(), "127.0.0.1:9999");
        assert_eq!(settings.certificates.directories.len(), 2);
        assert_eq!(settings.certificates.removal_grace, Duration::from_secs(1));
        assert_eq!(settings.timeouts.drain, Duration::from_secs(120));
        assert_eq!(settings.timeouts.idle, Timeouts::default().idle);
        assert_eq!(
            settings.default_domain.unwrap().as_str(),
            "play.example.com"
        );
        assert_eq!(settings.tls.min_version, Some(TlsVersion::V1_3));
        assert_eq!(settings.tls.client_auth, Some(ClientAuthMode::Optional));
        assert_eq!(settings.tickets.directory, Some("tickets".into()));
        assert_eq!(settings.tickets.rotation, Duration::from_secs(3600));
        assert_eq!(settings.state.history, 9);
        assert!(!settings.access_log);
        assert_eq!(settings.webhook.unwrap().target(), "/hook");
    }

    #[test]
    fn all_problems_at_once_with_their_lines() {
        let text = "[listenrs]\n[admin]\nlisten = \"localhost\"\n[timeouts]\nidle = 5\n";
        assert_eq!(
            problems(text),
            [
                "lockgate.toml:1: unknown key `listenrs`; did you mean `listeners`?",
                "lockgate.toml:3: `listen` is \"localhost\"; write an address with a port, like \"127.0.0.1:9180\", or \"unix:PATH\"",
                "lockgate.toml:5: `idle` must be a string in quotes, not integer; write idle = a string in quotes",
            ]
        );
    }

    #[test]
    fn numbers_and_lengths_of_time_have_bounds() {
        for text in [
            "workers = 0",
            "workers = 1025",
            "[state]\nhistory = 101",
            "[timeouts]\nidle = \"0s\"",
            "[timeouts]\nidle = \"18446744073709551615s\"",
            "[certificates]\nscan_interval = \"366d\"",
            "[tickets]\nrotation = \"0s\"",
            "[tickets]\ndirectory = \"\"",
        ] {
            assert_eq!(problems(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_a_running_process_cannot_change() {
        let old = Settings::default();
        let mut new = old.clone();
        new.access_log = false;
        new.webhook = "https://alerts.example.com".parse().ok();
        new.listeners.trusted = "10.0.0.0/8".parse().into_iter().collect();
        assert!(old.fixed_differences(&new).is_empty());
        new.listeners.http.clear();
        assert_eq!(old.fixed_differences(&new), ["listeners"]);
    }
}
