use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::domain::{Domain, parse_domain};
use super::problem::{Place, Problem, Reason};
use super::raw::File;
use crate::domain::Pattern;

/// What one file of `domains/` holds.
#[derive(Debug, Default)]
pub struct DomainFile {
    /// The tables that are sound, in the file's order.
    pub domains: Vec<Arc<Domain>>,
    /// Domains whose table is there but not sound: their last good version stays.
    pub unsound: Vec<Pattern>,
    /// Whether some part of the file could not be told to belong to a domain: then nothing that
    /// the file held before counts as deleted.
    pub torn: bool,
    /// All that is wrong, with the domain where it is known.
    pub problems: Vec<(Option<Pattern>, Problem)>,
}

/// Reads one file of `domains/`.
pub fn parse_domains(path: &Path, content: &[u8]) -> DomainFile {
    let file = File::new(path, content);
    let mut root = file.table();
    let mut parsed = DomainFile::default();
    parsed.note_file(file.take_problems());
    if parsed.torn {
        // Half a table may mean the opposite of the whole one.
        return parsed;
    }
    let mut first_places = HashMap::<Pattern, Place>::new();
    for table in root.tables("domain") {
        let offset = table.offset();
        let (name, domain) = parse_domain(&file, table);
        let first = name.as_ref().and_then(|it| first_places.get_key_value(it));
        match first {
            // Whether that one is sound or not: which of the two is meant, nobody can tell.
            Some((known, first)) => {
                let (name, first) = (known.clone(), first.clone());
                file.report(offset, Reason::DuplicateDomain { name, first });
                parsed.note_problems(Some(known), file.take_problems());
            }
            None => {
                parsed.note_domain(name.as_ref(), domain, file.take_problems());
                first_places.extend(name.map(|name| (name, file.place(offset))));
            }
        }
    }
    root.finish();
    parsed.note_file(file.take_problems());
    parsed
}

impl DomainFile {
    fn note_file(&mut self, problems: Vec<Problem>) {
        self.torn |= !problems.is_empty();
        self.note_problems(None, problems);
    }

    fn note_problems(&mut self, name: Option<&Pattern>, problems: Vec<Problem>) {
        let problems = problems.into_iter();
        let problems = problems.map(|problem| (name.cloned(), problem));
        self.problems.extend(problems);
    }

    fn note_domain(
        &mut self,
        name: Option<&Pattern>,
        domain: Option<Domain>,
        problems: Vec<Problem>,
    ) {
        match (domain, name) {
            (Some(domain), _) if problems.is_empty() => self.domains.push(Arc::new(domain)),
            (_, Some(name)) => self.unsound.push(name.clone()),
            (_, None) => self.torn = true,
        }
        self.note_problems(name, problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> DomainFile {
        parse_domains(Path::new("domains/a.toml"), text.as_bytes())
    }

    #[test]
    fn the_first_table_of_a_name_counts_even_when_it_is_not_sound() {
        let text = r#"
            [[domain]]
            name = "a.example.com"
            origins = []
            [[domain]]
            name = "A.example.com."
            origins = ["demo:"]
            [[domain]]
            name = "a.example.com"
            remark = "x"
            "#;
        let file = parse(text);
        assert!(file.domains.is_empty());
        assert_eq!(file.unsound, ["a.example.com".parse().unwrap()]);
        let twice = "a.example.com is defined at domains/a.toml:2 already";
        let problems = file.problems.iter().map(|(_, it)| it.to_string());
        assert_eq!(problems.filter(|it| it.contains(twice)).count(), 2);
    }
}
