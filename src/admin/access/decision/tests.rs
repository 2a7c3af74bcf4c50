use http::{HeaderName, HeaderValue, Uri};

use super::*;
use crate::state::Token;

const VIEWER: &str = "viewer-token-viewer-token-viewer";
const OPERATOR: &str = "operator-token-operator-token-op";

/// A request, and who sends it to whom. Over loopback by default.
struct Case {
    method: Method,
    target: &'static str,
    headers: Vec<(&'static str, String)>,
    peer: Peer,
    wait: Option<Duration>,
}

fn get(target: &'static str) -> Case {
    let loopback = "127.0.0.1".parse().ok();
    Case {
        method: Method::GET,
        target,
        headers: vec![("host", "127.0.0.1:9180".to_owned())],
        peer: Peer {
            address: loopback,
            local: loopback,
            tls: false,
        },
        wait: None,
    }
}

impl Case {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn showing(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    fn calling(mut self, host: &str) -> Self {
        self.headers.retain(|(name, _)| *name != "host");
        self.with("host", host)
    }

    fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn to(mut self, local: &str) -> Self {
        self.peer.local = local.parse().ok();
        self
    }

    fn over_tls(mut self) -> Self {
        self.peer.tls = true;
        self
    }

    fn over_unix(mut self) -> Self {
        (self.peer.address, self.peer.local) = (None, None);
        self
    }

    fn decide(&self) -> Result<Option<Role>, &'static str> {
        let uri: Uri = self.target.parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let asked = Asked {
            method: &self.method,
            path: uri.path(),
            authority: uri.authority().map(|it| it.as_str()),
            headers: &headers,
        };
        let keys = Keys {
            viewer: Token::parse(VIEWER.as_bytes()).ok(),
            operator: Token::parse(OPERATOR.as_bytes()).ok(),
        };
        let rules = Rules {
            hosts: &["admin.example.com".parse().unwrap()],
            open: &[OpenPath::Metrics],
            wait: self.wait,
            keys: &keys,
        };
        decide(&asked, &self.peer, &rules).map_err(Refusal::code)
    }
}

#[test]
fn a_token_is_needed_for_all_but_what_is_open() {
    for path in [
        "/api/v1",
        "/readyz",
        "/api/v1/status",
        "/healthz/",
        "/metrics/x",
    ] {
        assert_eq!(get(path).decide(), Err("token_required"), "{path}");
    }
    for path in ["/healthz", "/metrics", "/metrics?x"] {
        assert_eq!(get(path).decide(), Ok(None), "{path}");
    }
    let post = get("/metrics").method(Method::POST);
    assert_eq!(post.decide(), Err("token_required"));
    let basic = get("/any").with("authorization", "Basic YTpi");
    assert_eq!(basic.decide(), Err("token_required"));
}

#[test]
fn a_token_gives_its_role() {
    assert_eq!(get("/any").showing(VIEWER).decide(), Ok(Some(Role::Viewer)));
    assert_eq!(
        get("/any").showing(OPERATOR).decide(),
        Ok(Some(Role::Operator))
    );
    for wrong in ["", "x", &VIEWER[1..], &VIEWER.to_uppercase()] {
        let decision = get("/any").showing(wrong).decide();
        assert_eq!(decision, Err("token_not_valid"), "{wrong}");
    }
}

#[test]
fn viewers_only_look() {
    let case = |method: &Method, token| get("/any").method(method.clone()).showing(token);
    for method in [Method::GET, Method::HEAD] {
        assert!(case(&method, VIEWER).decide().is_ok(), "{method}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let viewer = case(&method, VIEWER).decide();
        assert_eq!(viewer, Err("role_not_sufficient"), "{method}");
        assert!(case(&method, OPERATOR).decide().is_ok(), "{method}");
    }
}

#[test]
fn who_tried_too_often_waits_with_any_token() {
    let waiting = |case: Case| Case {
        wait: Some(Duration::from_secs(3)),
        ..case
    };
    for token in [VIEWER, "wrong"] {
        let decision = waiting(get("/any").showing(token)).decide();
        assert_eq!(decision, Err("too_many_tries"));
    }
    assert_eq!(waiting(get("/any")).decide(), Err("token_required"));
    assert_eq!(waiting(get("/healthz")).decide(), Ok(None));
}

#[test]
fn we_are_called_by_a_name_of_ours() {
    for host in [
        "localhost",
        "localhost:1",
        "127.0.0.9",
        "[::1]:9180",
        "Admin.Example.Com:443",
    ] {
        assert_eq!(get("/healthz").calling(host).decide(), Ok(None), "{host}");
    }
    for host in [
        "evil.example",
        "192.0.2.1",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "x.admin.example.com",
        "localhost@evil.example",
        "",
    ] {
        let decision = get("/healthz").calling(host).showing(OPERATOR).decide();
        assert_eq!(decision, Err("host_not_allowed"), "{host}");
    }
    let own = get("/healthz").to("192.0.2.1").calling("192.0.2.1:9180");
    assert_eq!(own.decide(), Ok(None));
}

#[test]
fn two_hosts_or_none_are_not_ours() {
    let two = get("/healthz").with("host", "localhost");
    assert_eq!(two.decide(), Err("host_not_allowed"));
    let mut none = get("/healthz");
    none.headers.clear();
    assert_eq!(none.decide(), Err("host_not_allowed"));
    let absolute = get("http://evil.example/healthz");
    assert_eq!(absolute.decide(), Err("host_not_allowed"));
    assert_eq!(get("http://localhost/healthz").decide(), Ok(None));
}

#[test]
fn over_a_unix_socket_any_host_is_ours() {
    for host in ["evil.example", ""] {
        let case = get("/healthz").calling(host).over_unix();
        assert_eq!(case.decide(), Ok(None));
    }
    let foreign = get("/healthz").over_unix().with("origin", "http://a.test");
    assert_eq!(foreign.decide(), Err("origin_not_allowed"));
}

#[test]
fn pages_of_others_are_refused_even_with_a_token() {
    for origin in [
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:9181",
        "http://localhost:9180",
        "https://127.0.0.1",
        "null",
        "file://",
        "127.0.0.1:9180",
    ] {
        let case = get("/healthz").with("origin", origin).showing(OPERATOR);
        assert_eq!(case.decide(), Err("origin_not_allowed"), "{origin}");
    }
    let own = get("/healthz").with("origin", "http://127.0.0.1:9180");
    assert_eq!(own.decide(), Ok(None));
    let both = get("/healthz")
        .with("origin", "http://127.0.0.1:9180")
        .with("origin", "http://evil.example");
    assert_eq!(both.decide(), Err("origin_not_allowed"));
}

#[test]
fn the_scheme_counts_as_far_as_it_is_known() {
    let case = |host: &str, origin| get("/healthz").calling(host).with("origin", origin);
    let host = "admin.example.com";
    let secure = "https://admin.example.com";
    let plain = "http://admin.example.com";
    assert_eq!(case(host, secure).over_tls().decide(), Ok(None));
    let refused = Err("origin_not_allowed");
    assert_eq!(case(host, plain).over_tls().decide(), refused);
    // TLS ends at a proxy in front of us.
    assert_eq!(case(host, secure).decide(), Ok(None));
    assert_eq!(case("admin.example.com:443", secure).decide(), Ok(None));
    assert_eq!(case("admin.example.com:9180", secure).decide(), refused);
}

#[test]
fn what_a_browser_says_of_the_site_counts() {
    for (site, expected) in [
        ("cross-site", Err("origin_not_allowed")),
        ("Cross-Site", Err("origin_not_allowed")),
        ("same-origin", Ok(None)),
        ("none", Ok(None)),
    ] {
        let case = get("/healthz").with("sec-fetch-site", site);
        assert_eq!(case.decide(), expected, "{site}");
    }
}

#[test]
fn the_console_needs_no_token_and_tells_nothing() {
    for path in ["/", "/console/console.js", "/console/console.css"] {
        assert_eq!(get(path).decide(), Ok(None), "{path}");
        let post = get(path).method(Method::POST).decide();
        assert_eq!(post, Err("token_required"), "{path}");
        let foreign = get(path).calling("evil.example").decide();
        assert_eq!(foreign, Err("host_not_allowed"), "{path}");
    }
    assert_eq!(get("/console/").decide(), Err("token_required"));
}

#[test]
fn a_link_leads_to_the_console_and_nowhere_else() {
    let case = |path, mode: &str, dest: &str| {
        let case = get(path).with("sec-fetch-site", "cross-site");
        let case = case.with("sec-fetch-mode", mode);
        case.with("sec-fetch-dest", dest).decide()
    };
    assert_eq!(case("/", "navigate", "document"), Ok(None));
    for (path, mode, dest) in [
        ("/", "navigate", "iframe"),
        ("/", "no-cors", "script"),
        ("/", "cors", "empty"),
        ("/console/console.js", "navigate", "document"),
        ("/healthz", "navigate", "document"),
        ("/api/v1/status", "navigate", "document"),
    ] {
        let decision = case(path, mode, dest);
        assert_eq!(decision, Err("origin_not_allowed"), "{path} {mode} {dest}");
    }
    let post = get("/").method(Method::POST);
    let post = post.with("sec-fetch-site", "cross-site");
    let post = post.with("sec-fetch-mode", "navigate");
    let post = post.with("sec-fetch-dest", "document").showing(OPERATOR);
    assert_eq!(post.decide(), Err("origin_not_allowed"));
}

#[test]
fn nothing_of_a_token_is_shown() {
    let keys = Keys {
        viewer: Token::parse(VIEWER.as_bytes()).ok(),
        operator: None,
    };
    assert!(!format!("{keys:?}").contains(VIEWER));
}
