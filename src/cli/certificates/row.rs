use crate::admin::view::Certificate;
use crate::cli::list::Row;
use crate::cli::text::few;

impl Row for Certificate {
    const TARGET: &str = "/api/v1/certificates";
    const TITLES: &[&str] = &[
        "CERTIFICATE",
        "KEYS",
        "UNTIL",
        "DAYS LEFT",
        "DOMAINS",
        "PROBLEMS",
        "NAMES",
    ];

    fn cells(&self) -> Vec<String> {
        let keys: Vec<_> = self.pairs.iter().map(|pair| &*pair.key).collect();
        // The one that ends first.
        let pair = self.pairs.iter().min_by_key(|pair| pair.days_left);
        let names = &self.names;
        vec![
            self.name.clone(),
            keys.join("+"),
            pair.map_or_else(String::new, |pair| pair.not_after.clone()),
            pair.map_or_else(String::new, |pair| pair.days_left.to_string()),
            self.domains.total.to_string(),
            self.problems.len().to_string(),
            few(&names.first, names.total),
        ]
    }
}
