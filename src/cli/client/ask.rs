use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderValue, Method, Request};

use super::pass::Pass;

/// A request.
#[derive(Clone)]
pub(in crate::cli) struct Ask {
    method: Method,
    target: String,
    json: Option<String>,
    condition: Option<HeaderName>,
    dry_run: bool,
    over_files: bool,
}

impl Ask {
    /// Asks for a target, whose names are percent-encoded.
    pub(in crate::cli) fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    /// The same with another method.
    pub(in crate::cli) fn new(method: Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            json: None,
            condition: None,
            dry_run: false,
            over_files: false,
        }
    }

    /// With a body.
    pub(in crate::cli) fn json(self, json: String) -> Self {
        let json = Some(json);
        Self { json, ..self }
    }

    /// Only if it is there.
    pub(in crate::cli) fn if_there(self) -> Self {
        let condition = Some(IF_MATCH);
        Self { condition, ..self }
    }

    /// Only if it is not there yet.
    pub(in crate::cli) fn if_new(self) -> Self {
        let condition = Some(IF_NONE_MATCH);
        Self { condition, ..self }
    }

    /// With a parameter.
    pub(in crate::cli) fn query(self, parameter: &str) -> Self {
        let and = if self.target.contains('?') { '&' } else { '?' };
        let target = format!("{}{and}{parameter}", self.target);
        Self { target, ..self }
    }

    /// Only what would come of it.
    pub(in crate::cli) fn dry_run(self) -> Self {
        let dry_run = true;
        Self { dry_run, ..self }.query("dry_run=true")
    }

    /// May be answered from the files of the configuration directory, where no process listens.
    pub(in crate::cli) fn over_files(self) -> Self {
        let over_files = true;
        Self { over_files, ..self }
    }

    pub(super) fn may_go_over_files(&self) -> bool {
        self.over_files
    }

    /// Whether it only wants to know what is there.
    pub(super) fn is_question(&self) -> bool {
        self.method == Method::GET
    }

    /// Whether it wants something to be otherwise.
    pub(super) fn is_change(&self) -> bool {
        !self.is_question() && !self.dry_run
    }

    /// How long the whole exchange may take. A change is answered when it is served, and may have
    /// to wait for others: the process itself gives it 90 seconds.
    pub(super) fn longest(&self) -> Duration {
        match self.method {
            Method::GET => Duration::from_secs(10),
            _ => Duration::from_secs(100),
        }
    }

    pub(super) fn request(&self, host: &str, pass: &Pass) -> Result<Request<String>, http::Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(HOST, host);
        if let Some(authorization) = pass.authorization() {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(condition) = &self.condition {
            request = request.header(condition, HeaderValue::from_static("*"));
        }
        if self.json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(self.json.clone().unwrap_or_default())
    }
}

/// Leaves out the body: it may have a private key in it.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_all_that_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        let token = "a".repeat(32);
        std::fs::write(&file, &token).unwrap();
        let pass = Pass::of_file(&file).unwrap();
        let ask = Ask::new(Method::PUT, "/api/v1/domains/a.test");
        let ask = ask.json("{\"key\":\"secret\"}".to_owned()).if_there();
        assert_eq!(format!("{ask:?}"), "PUT /api/v1/domains/a.test");
        let request = ask.request("localhost:1", &pass).unwrap();
        assert_eq!(request.method(), Method::PUT);
        assert_eq!(request.body(), "{\"key\":\"secret\"}");
        for (name, value) in [
            ("host", "localhost:1"),
            ("content-type", "application/json"),
            ("if-match", "*"),
            ("authorization", &format!("Bearer {token}")),
        ] {
            assert_eq!(request.headers()[name], value);
        }
        for shown in [format!("{request:?}"), format!("{pass:?}")] {
            assert!(!shown.contains(&token), "{shown}");
        }
    }
}
