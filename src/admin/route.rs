use http::Method;

use super::console::Asset;
use super::fault::Fault;

/// What a path stands for. Names are as they stand in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'p> {
    Health,
    Ready,
    Metrics,
    /// A part of the console.
    Console(&'static Asset),
    /// Whose token it is.
    Session,
    OpenApi,
    Status,
    Certificates,
    Certificate(&'p str),
    History(&'p str),
    Rollback(&'p str),
    Domains,
    Domain(&'p str),
    Bindings,
    Reload,
    Audit,
}

impl<'p> Route<'p> {
    /// A path for each, with a name where they have one.
    #[cfg(test)]
    pub(super) const TEMPLATES: [&'static str; 16] = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/session",
        "/api/v1/status",
        "/api/v1/certificates",
        "/api/v1/certificates/{name}",
        "/api/v1/certificates/{name}/history",
        "/api/v1/certificates/{name}/rollback",
        "/api/v1/certificates/inspect",
        "/api/v1/domains",
        "/api/v1/domains/{name}",
        "/api/v1/bindings",
        "/api/v1/reload",
        "/api/v1/audit",
    ];

    /// Finds out what a path stands for.
    pub(super) fn of(path: &'p str) -> Result<Self, Fault> {
        match path {
            "/healthz" => return Ok(Self::Health),
            "/readyz" => return Ok(Self::Ready),
            "/metrics" => return Ok(Self::Metrics),
            _ => {}
        }
        if let Some(asset) = Asset::at(path) {
            return Ok(Self::Console(asset));
        }
        let Some(below) = path.strip_prefix("/api/v1/") else {
            return Err(Fault::NoSuchPath(moved(path)));
        };
        match below.split_once('/') {
            None if below == "session" => Ok(Self::Session),
            None if below == "openapi.json" => Ok(Self::OpenApi),
            None if below == "status" => Ok(Self::Status),
            None if below == "certificates" => Ok(Self::Certificates),
            None if below == "domains" => Ok(Self::Domains),
            None if below == "bindings" => Ok(Self::Bindings),
            None if below == "reload" => Ok(Self::Reload),
            None if below == "audit" => Ok(Self::Audit),
            Some(("certificates", name)) => Ok(Self::of_certificate(name)),
            Some(("domains", name)) => Ok(Self::Domain(name)),
            _ => Err(Fault::NoSuchPath(None)),
        }
    }

    fn of_certificate(below: &'p str) -> Self {
        match below.split_once('/') {
            Some((name, "history")) => Self::History(name),
            Some((name, "rollback")) => Self::Rollback(name),
            _ => Self::Certificate(below),
        }
    }

    /// The methods that it takes, as `Allow` has them.
    pub(super) fn methods(self) -> &'static str {
        match self {
            Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Console(_)
            | Self::Session
            | Self::OpenApi
            | Self::Status
            | Self::Certificates
            | Self::History(_)
            | Self::Audit => "GET, HEAD",
            Self::Rollback(_) => "POST, DELETE",
            // Nothing else is posted to a certificate, so one may have this name all the same.
            Self::Certificate(INSPECT) => "GET, HEAD, PUT, PATCH, DELETE, POST",
            Self::Certificate(_) => "GET, HEAD, PUT, PATCH, DELETE",
            Self::Domains => "GET, HEAD, POST",
            Self::Domain(_) => "GET, HEAD, PATCH, DELETE",
            Self::Bindings | Self::Reload => "POST",
        }
    }

    /// Whether it takes a method.
    pub(super) fn takes(self, method: &Method) -> bool {
        let mut methods = self.methods().split(", ");
        methods.any(|it| it == method.as_str())
    }
}

/// What stands for a certificate that is looked at and not kept.
pub(super) const INSPECT: &str = "inspect";

/// Where a path of earlier versions has gone.
fn moved(path: &str) -> Option<String> {
    match path.strip_prefix("/status")? {
        "" => Some("/api/v1/status".to_owned()),
        below if below.starts_with('/') => Some(format!("/api/v1{below}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_stands_for_something() {
        for (path, expected) in [
            ("/healthz", Route::Health),
            ("/readyz", Route::Ready),
            ("/metrics", Route::Metrics),
            ("/api/v1/session", Route::Session),
            ("/api/v1/openapi.json", Route::OpenApi),
            ("/api/v1/status", Route::Status),
            ("/api/v1/certificates", Route::Certificates),
            ("/api/v1/certificates/a%2fb", Route::Certificate("a%2fb")),
            ("/api/v1/certificates/a/history", Route::History("a")),
            ("/api/v1/certificates/a/rollback", Route::Rollback("a")),
            (
                "/api/v1/certificates/history",
                Route::Certificate("history"),
            ),
            ("/api/v1/domains", Route::Domains),
            ("/api/v1/domains/", Route::Domain("")),
            ("/api/v1/domains/a.test/x", Route::Domain("a.test/x")),
            ("/api/v1/bindings", Route::Bindings),
            ("/api/v1/reload", Route::Reload),
            ("/api/v1/audit", Route::Audit),
        ] {
            assert_eq!(Route::of(path).unwrap(), expected, "{path}");
        }
        for path in [
            "/console",
            "/console/",
            "/console/../index.html",
            "/api",
            "/api/v1/",
            "/api/v1/x",
            "/api/v2/status",
            "*",
            "",
        ] {
            assert_eq!(
                Route::of(path).unwrap_err().code(),
                "no_such_path",
                "{path}"
            );
        }
    }

    #[test]
    fn who_asks_at_the_old_place_is_told_the_new_one() {
        let place = |path| match Route::of(path) {
            Err(Fault::NoSuchPath(place)) => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(place("/status").as_deref(), Some("/api/v1/status"));
        let domain = place("/status/domains/a.test");
        assert_eq!(domain.as_deref(), Some("/api/v1/domains/a.test"));
        assert_eq!(place("/statuses"), None);
    }
}
