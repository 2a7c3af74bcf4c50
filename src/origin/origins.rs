use std::sync::Arc;

use super::endpoint::{Directory, Endpoint};
use super::load::Limits;
use crate::config::{self, Balance, ListenerName, OriginUrl};

/// Where the requests of a domain go.
#[derive(Debug)]
pub struct Origins {
    main: Group,
    /// By the path that theirs begin with, the longest first.
    routes: Box<[(Box<str>, Group)]>,
    /// By the tcp listener whose connections go there.
    tcp: Box<[(ListenerName, Group)]>,
}

/// Endpoints that requests are spread over.
#[derive(Debug)]
pub struct Group {
    pub(super) endpoints: Box<[Arc<Endpoint>]>,
    pub(super) balance: Balance,
    pub(super) limits: Limits,
}

impl Origins {
    /// The origins of a domain as it is configured.
    pub fn new(config: &config::Domain, directory: &mut Directory) -> Self {
        let limits = Limits {
            requests: config.max_requests,
            streams: config.max_streams,
        };
        let mut group = |origins, balance| Group::new(origins, balance, limits, directory);
        let routes = config.routes.iter();
        let routes = routes.map(|it| (it.path.as_str().into(), group(&it.origins, it.balance)));
        let routes = routes.collect();
        let main = group(&config.origins, config.balance);
        let balance = match config.balance {
            // Where there is no path, they take turns.
            Balance::PathHash => Balance::RoundRobin,
            balance => balance,
        };
        let tcp = config.tcp.iter();
        let tcp = tcp.map(|it| (it.listener.clone(), group(&it.origins, balance)));
        Self {
            main,
            routes,
            tcp: tcp.collect(),
        }
    }

    /// All endpoints of the domain, and whether something bounds what each has to do at once.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Arc<Endpoint>, bool)> {
        let limited = self.main.limits != Limits::default();
        let routes = self.routes.iter().map(|(_, group)| group);
        let tcp = self.tcp.iter().map(|(_, group)| group);
        let groups = routes.chain(tcp).chain([&self.main]);
        let endpoints = groups.flat_map(|group| &group.endpoints);
        endpoints.map(move |endpoint| (endpoint, limited))
    }

    /// The endpoints for a request for this path, compared as it was written.
    pub fn group(&self, path: &str) -> &Group {
        let mut routes = self.routes.iter();
        let route = routes.find(|(above, _)| is_below(path, above));
        route.map_or(&self.main, |(_, group)| group)
    }

    /// The endpoints for the connections of a tcp listener; none if the domain is not served there.
    pub fn tcp(&self, listener: &ListenerName) -> Option<&Group> {
        let mut groups = self.tcp.iter();
        Some(&groups.find(|(name, _)| name == listener)?.1)
    }
}

/// Whether a path is another one or one below it: `/hls` is above `/hls/1.ts`, not above `/hls-low`.
fn is_below(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| above.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

impl Group {
    /// A group of the endpoints at these URLs.
    pub(super) fn new(
        urls: &[OriginUrl],
        balance: Balance,
        limits: Limits,
        directory: &mut Directory,
    ) -> Self {
        let endpoints = urls.iter().map(|url| directory.get(url));
        Self {
            endpoints: endpoints.collect(),
            balance,
            limits,
        }
    }

    /// Where the endpoint at a place of the group is.
    pub fn url(&self, index: usize) -> Option<&OriginUrl> {
        Some(self.endpoints.get(index)?.url())
    }

    /// Whether requests are answered by the built-in demonstration origin.
    pub fn is_demo(&self) -> bool {
        matches!(&*self.endpoints, [only] if *only.url() == OriginUrl::Demo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_below_another_one_by_whole_segments() {
        let cases = [
            ("/hls/1.ts", "/hls/", true),
            ("/hls/1.ts", "/hls", true),
            ("/hls", "/hls", true),
            ("/hls", "/hls/", false),
            ("/hls-low/1.ts", "/hls", false),
            ("/HLS/1.ts", "/hls", false),
            ("/any", "/", true),
            ("*", "/", false),
        ];
        for (path, above, expected) in cases {
            assert_eq!(is_below(path, above), expected, "{path} {above}");
        }
    }
}
