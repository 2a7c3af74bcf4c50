use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use toml::Spanned;

use super::listeners::ADDRESS;
use super::origin_url::{InvalidTcpOrigin, OriginUrl};
use super::origins::MAX_ORIGINS;
use super::problem::Reason;
use super::raw::{File, Table};

/// The name of a tcp listener: 1 to 32 lower-case letters, digits, `-` and `_`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerName(Arc<str>);

impl ListenerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no name of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no name of a listener")]
pub struct InvalidListenerName;

impl FromStr for ListenerName {
    type Err = InvalidListenerName;

    fn from_str(text: &str) -> Result<Self, InvalidListenerName> {
        let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        match (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed) {
            true => Ok(Self(text.into())),
            false => Err(InvalidListenerName),
        }
    }
}

impl fmt::Display for ListenerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A socket whose bytes are passed on inside TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpListener {
    /// What domains call it; several addresses may have the same name.
    pub name: ListenerName,
    /// Where it is bound.
    pub address: SocketAddr,
}

/// Takes `tcp` out of `[listeners]`.
pub(super) fn listeners(file: &File<'_>, table: &mut Table<'_, '_>) -> Vec<TcpListener> {
    let mut table = table.table("tcp");
    let mut listeners = Vec::new();
    for (name, texts) in table.named_strings("tcp") {
        let Some(name) = listener_name(file, &name) else {
            continue;
        };
        for text in texts {
            let address = table.parse("tcp", ADDRESS, &text, |text| text.parse().ok());
            let name = name.clone();
            listeners.extend(address.map(|address| TcpListener { name, address }));
        }
    }
    listeners
}

/// Where the bytes of a tcp listener go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpOrigins {
    /// The listener.
    pub listener: ListenerName,
    /// One endpoint or more, each with `tcp://` or `tls://`.
    pub origins: Box<[OriginUrl]>,
}

/// Takes `tcp` out of a domain's table.
pub(super) fn origins(file: &File<'_>, table: &mut Table<'_, '_>) -> Box<[TcpOrigins]> {
    let lists = table.table("tcp").named_strings("tcp");
    let origins = lists.into_iter().filter_map(|(name, texts)| {
        let origins = endpoints(file, &name, &texts);
        let listener = listener_name(file, &name)?;
        Some(TcpOrigins { listener, origins })
    });
    origins.collect()
}

fn endpoints(
    file: &File<'_>,
    name: &Spanned<String>,
    texts: &[Spanned<String>],
) -> Box<[OriginUrl]> {
    let report = |text: &Spanned<String>, error| {
        let value = text.get_ref().clone();
        file.report(text.span().start, Reason::TcpOrigin { value, error });
    };
    if texts.is_empty() {
        report(name, InvalidTcpOrigin::None);
    }
    if let Some(over) = texts.get(MAX_ORIGINS) {
        report(over, InvalidTcpOrigin::TooMany);
    }
    let origins = texts.iter().filter_map(|text| {
        let origin = OriginUrl::parse_tcp(text.get_ref());
        origin.map_err(|error| report(text, error)).ok()
    });
    origins.collect()
}

fn listener_name(file: &File<'_>, text: &Spanned<String>) -> Option<ListenerName> {
    let name = text.get_ref().parse().ok();
    if name.is_none() {
        let reason = Reason::ListenerName(text.get_ref().clone());
        file.report(text.span().start, reason);
    }
    name
}

/// It stands in logs and metrics.
const MAX_NAME: usize = 32;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{parse_domains, parse_settings};

    fn domain(tcp: &str) -> String {
        format!("[[domain]]\nname = \"a.test\"\norigins = [\"demo:\"]\n{tcp}\n")
    }

    #[test]
    fn a_domain_has_origins_for_each_listener_however_they_are_written() {
        let inline = r#"tcp = { rtmps = ["tcp://a:1", "tls://b:2"], x-1_y = ["tcp://[::1]:3"] }"#;
        let table =
            "[domain.tcp]\nrtmps = [\"tcp://a:1\", \"tls://b:2\"]\nx-1_y = [\"tcp://[::1]:3\"]";
        for text in [inline, table] {
            let file = parse_domains(Path::new("a.toml"), domain(text).as_bytes());
            assert!(file.problems.is_empty(), "{:?}", file.problems);
            let told = file.domains[0].tcp.iter().map(|it| {
                let origins: Vec<_> = it.origins.iter().map(ToString::to_string).collect();
                format!("{}: {}", it.listener, origins.join(" "))
            });
            let expected = ["rtmps: tcp://a:1 tls://b:2", "x-1_y: tcp://[::1]:3"];
            assert_eq!(told.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_domains_origins_is_told() {
        let long = "a".repeat(33);
        let text = domain(&format!(
            "[domain.tcp]\na = [\"1.2.3.4:5\"]\nb = []\nC = [\"tcp://a:1\"]\nd = \"tcp://a:1\"\n\
             e = [5]\n{long} = [\"tcp://a:1\"]\nf = [\"tls://a\"]"
        ));
        let file = parse_domains(Path::new("a.toml"), text.as_bytes());
        assert!(file.domains.is_empty());
        let problems: Vec<_> = file.problems.iter().map(|(_, it)| it.to_string()).collect();
        let write = "write \"tcp://HOST:PORT\" or \"tls://HOST:PORT\"";
        let name = "is not 1 to 32 of a-z, 0-9, \"-\" and \"_\"; write a name like rtmps";
        let expected = [
            format!("a.toml:5: the tcp origin \"1.2.3.4:5\" is not of the form tcp://HOST:PORT; {write}"),
            format!("a.toml:6: the tcp origin \"b\" is no origin; one is needed; {write}"),
            format!("a.toml:7: the listener's name \"C\" {name}"),
            "a.toml:8: `tcp` must be a table with a list of strings for each name, not string; \
             write tcp = a table with a list of strings for each name"
                .to_owned(),
            "a.toml:9: `tcp` must be an array of strings, [\"…\"], not integer; write tcp = an array \
             of strings, [\"…\"]"
                .to_owned(),
            format!("a.toml:9: the tcp origin \"e\" is no origin; one is needed; {write}"),
            format!("a.toml:10: the listener's name \"{long}\" {name}"),
            format!("a.toml:11: the tcp origin \"tls://a\" needs a port between 1 and 65535; {write}"),
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn listeners_have_names_and_addresses() {
        let read = |text: &str| parse_settings(Path::new("lockgate.toml"), text.as_bytes());
        let settings =
            read("[listeners.tcp]\nrtmps = [\"0.0.0.0:1936\", \"[::]:1936\"]\n").unwrap();
        let listeners = settings.listeners.tcp.iter();
        let told: Vec<_> = listeners
            .map(|it| format!("{} {}", it.name, it.address))
            .collect();
        assert_eq!(told, ["rtmps 0.0.0.0:1936", "rtmps [::]:1936"]);
        let text = "[listeners.tcp]\nrtmps = [\"1936\"]\n\"a b\" = [\"0.0.0.0:1\"]\n";
        let problems = read(text).unwrap_err();
        let lines: Vec<_> = problems
            .iter()
            .map(|it| (it.place.line, it.reason.code()))
            .collect();
        assert_eq!(lines, [(2, "invalid_value"), (3, "invalid_value")]);
    }
}
