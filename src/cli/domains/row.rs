use crate::admin::view::Domain;
use crate::cli::list::Row;

impl Row for Domain {
    const TARGET: &str = "/api/v1/domains";
    const TITLES: &[&str] = &[
        "DOMAIN",
        "STATE",
        "CERTIFICATE",
        "HTTP",
        "VIEWERS",
        "PROBLEMS",
        "ORIGINS",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.state.clone(),
            self.certificate.clone().unwrap_or_else(|| "-".to_owned()),
            self.http.clone(),
            self.viewers.to_string(),
            self.problems.len().to_string(),
            self.origins.join(" "),
        ]
    }
}
