use std::time::Duration;

use http::HeaderValue;
use http::uri::PathAndQuery;

use super::problem::Reason;
use super::raw::{File, Table};

/// How the endpoints of a domain are asked whether they are well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked for: a response of 2xx or 3xx says that all is well.
    pub path: PathAndQuery,
    /// The Host that is asked for. The endpoint's own by default.
    pub host: Option<HeaderValue>,
    /// From one check to the next. 5 s by default.
    pub interval: Duration,
    /// Until the response's headers. 2 s by default.
    pub timeout: Duration,
}

/// Takes `health` out of a domain's table. Nothing is checked by default.
pub(super) fn read(file: &File<'_>, table: &mut Table<'_, '_>) -> Option<HealthCheck> {
    let mut table = table.has("health").then(|| table.table("health"))?;
    let path = path(file, &mut table);
    let host = table.string("host").and_then(|text| {
        let allowed = "a name, or HOST:PORT";
        table.parse("host", allowed, &text, |text| text.parse().ok())
    });
    let interval = table.duration("interval");
    let timeout = table.duration("timeout");
    table.finish();
    Some(HealthCheck {
        path: path?,
        host,
        interval: interval.unwrap_or(Duration::from_secs(5)),
        timeout: timeout.unwrap_or(Duration::from_secs(2)),
    })
}

fn path(file: &File<'_>, table: &mut Table<'_, '_>) -> Option<PathAndQuery> {
    let Some(text) = table.string("path") else {
        file.report(table.offset(), Reason::MissingKey("path"));
        return None;
    };
    let allowed = "a path that begins with \"/\", like \"/healthz\"";
    table.parse("path", allowed, &text, |text| {
        let path = text.parse().ok();
        path.filter(|_| text.starts_with('/') && !text.contains('#'))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::parse_domains;

    #[test]
    fn a_check_needs_a_path_and_nothing_else() {
        let parse = |health: &str| {
            let text = format!(
                "[[domain]]\nname = \"a.test\"\norigins = [\"http://a\"]\nhealth = {health}\n"
            );
            parse_domains(Path::new("a.toml"), text.as_bytes())
        };
        let check = parse("{ path = \"/healthz?a\" }").domains[0].health.clone();
        let check = check.expect("it is checked");
        assert_eq!(check.path, "/healthz?a");
        assert_eq!((check.interval.as_secs(), check.timeout.as_secs()), (5, 2));
        assert_eq!(check.host, None);
        for (health, code) in [
            ("{}", "missing_key"),
            ("{ path = \"healthz\" }", "invalid_value"),
            ("{ path = \"/\", host = \"\\n\" }", "invalid_value"),
            ("{ path = \"/\", every = \"1s\" }", "unknown_key"),
        ] {
            let problems = parse(health).problems;
            assert_eq!(problems[0].1.reason.code(), code, "{health}");
        }
    }
}
