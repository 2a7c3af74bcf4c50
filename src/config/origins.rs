use std::sync::Arc;

use toml::Spanned;

use super::origin_url::{InvalidOrigin, OriginUrl};
use super::problem::Reason;
use super::raw::{File, Table};

/// How requests are spread over several endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// They take turns.
    #[default]
    RoundRobin,
    /// The one with the fewest responses under way.
    LeastConnections,
    /// The one that the path without its query leads to: always the same while it is there.
    PathHash,
}

impl Balance {
    /// The word for it in files and views.
    pub fn word(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastConnections => "least_connections",
            Self::PathHash => "path_hash",
        }
    }

    /// Takes `balance` out of a table.
    pub(super) fn read(table: &mut Table<'_, '_>) -> Option<Self> {
        const ALL: [Balance; 3] = [
            Balance::RoundRobin,
            Balance::LeastConnections,
            Balance::PathHash,
        ];
        let text = table.string("balance")?;
        let allowed = "\"round_robin\", \"least_connections\" or \"path_hash\"";
        table.parse("balance", allowed, &text, |text| {
            ALL.into_iter().find(|it| it.word() == text)
        })
    }
}

/// Takes `origins` out of a table: one endpoint or more.
pub(super) fn origins(file: &File<'_>, table: &mut Table<'_, '_>) -> Option<Arc<[OriginUrl]>> {
    let texts = table.strings("origins").unwrap_or_default();
    let Some(first) = texts.first() else {
        file.report(table.offset(), Reason::MissingKey("origins"));
        return None;
    };
    let parse = |text: &Spanned<String>| match text.get_ref().parse() {
        Ok(origin) => Some(origin),
        Err(error) => {
            let value = text.get_ref().clone();
            file.report(text.span().start, Reason::Origin { value, error });
            None
        }
    };
    let origins: Vec<_> = texts.iter().filter_map(parse).collect();
    if origins.len() > 1 && origins.contains(&OriginUrl::Demo) {
        let (value, error) = (OriginUrl::Demo.to_string(), InvalidOrigin::DemoWithOthers);
        file.report(first.span().start, Reason::Origin { value, error });
    }
    if let Some(over) = texts.get(MAX_ORIGINS) {
        let (value, error) = (over.get_ref().clone(), InvalidOrigin::TooMany);
        file.report(over.span().start, Reason::Origin { value, error });
    }
    Some(origins.into())
}

/// Other endpoints for the paths below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path that theirs begin with.
    pub path: String,
    /// One endpoint or more.
    pub origins: Arc<[OriginUrl]>,
    /// How requests are spread over them. As in the rest of the domain by default.
    pub balance: Balance,
}

/// Takes `routes` out of a domain's table: the longest path first.
pub(super) fn routes(file: &File<'_>, table: &mut Table<'_, '_>, balance: Balance) -> Arc<[Route]> {
    let mut routes = Vec::new();
    for mut table in table.tables("routes") {
        let path = path(file, &mut table, &routes);
        let origins = origins(file, &mut table);
        let balance = Balance::read(&mut table).unwrap_or(balance);
        table.finish();
        routes.extend(path.zip(origins).map(|(path, origins)| Route {
            path,
            origins,
            balance,
        }));
    }
    routes.sort_by_key(|route| std::cmp::Reverse(route.path.len()));
    routes.into()
}

fn path(file: &File<'_>, table: &mut Table<'_, '_>, others: &[Route]) -> Option<String> {
    let Some(text) = table.string("path") else {
        file.report(table.offset(), Reason::MissingKey("path"));
        return None;
    };
    let allowed = "a path that begins with \"/\" and has no query, like \"/hls/\"; each once";
    table.parse("path", allowed, &text, |text| {
        let is_new = others.iter().all(|other| other.path != text);
        let is_path = text.starts_with('/') && !text.contains(['?', '#']);
        (is_new && is_path).then(|| text.to_owned())
    })
}

/// So that which of them a request has asked fits into one word of the machine.
pub(super) const MAX_ORIGINS: usize = 64;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::parse_domains;

    fn domain(more: &str) -> String {
        format!("[[domain]]\nname = \"a.test\"\norigins = [\"http://main\"]\n{more}")
    }

    #[test]
    fn the_longest_path_is_the_first_route_however_they_are_written() {
        let inline = r#"balance = "path_hash"
            routes = [
                { path = "/live/", origins = ["http://a"] },
                { path = "/live/hls/", origins = ["http://b"], balance = "round_robin" },
            ]"#;
        let tables = r#"balance = "path_hash"
            [[domain.routes]]
            path = "/live/"
            origins = ["http://a"]
            [[domain.routes]]
            path = "/live/hls/"
            origins = ["http://b"]
            balance = "round_robin""#;
        for text in [inline, tables] {
            let file = parse_domains(Path::new("a.toml"), domain(text).as_bytes());
            let routes = file.domains[0].routes.iter();
            let routes: Vec<_> = routes.map(|it| (&*it.path, it.balance.word())).collect();
            let expected = [("/live/hls/", "round_robin"), ("/live/", "path_hash")];
            assert_eq!(routes, expected);
        }
    }

    #[test]
    fn all_that_is_wrong_with_routes_is_told() {
        let text = domain(
            "routes = [\n{ path = \"hls\", origins = [\"http://a\"] },\n{ path = \"/a\", origins = [] },\n\
             { origins = [\"http://a\"] },\n{ path = \"/b\", origins = [\"x\"], http = 1 },\n\
             { path = \"/b\", origins = [\"http://a\"] }]\n",
        );
        let file = parse_domains(Path::new("a.toml"), text.as_bytes());
        assert!(file.domains.is_empty());
        let problems = file.problems.iter();
        let told = problems.map(|(_, it)| (it.place.line, it.reason.code()));
        let expected = [
            (5, "invalid_value"),
            (6, "missing_key"),
            (7, "missing_key"),
            (8, "invalid_value"),
            (8, "unknown_key"),
            (9, "invalid_value"),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
