use std::fmt::{self, Write};

use crate::admin::view::{CertificateChange, DomainChange, Outcome, Served};
use crate::cli::client::Through;
use crate::cli::text::{count, show_problems, table};

/// Whether nothing was left out, and nothing is refused since.
pub(super) fn is_all_done(outcome: &Outcome) -> bool {
    let is_quarantined = outcome.problems.iter().any(|it| it.effect == "quarantine");
    !is_quarantined && outcome.domains.iter().all(is_done)
}

fn is_done(change: &DomainChange) -> bool {
    change.reason.is_none()
}

/// What came of a change, for a person.
pub(super) fn text(outcome: &Outcome, through: Through) -> String {
    let mut text = String::new();
    write(&mut text, outcome, through).expect("a string takes all");
    text
}

fn write(out: &mut String, outcome: &Outcome, through: Through) -> fmt::Result {
    if !outcome.domains.is_empty() {
        let rows: Vec<_> = outcome.domains.iter().map(cells).collect();
        table(
            out,
            &["DOMAIN", "RESULT", "BEFORE", "AFTER", "LEAVING"],
            &rows,
        )?;
    }
    if let Some(certificate) = &outcome.certificate {
        write_certificate(out, certificate)?;
    }
    write_reasons(out, &outcome.domains)?;
    let problems = &outcome.problems;
    show_problems(out, problems, problems.len())?;
    match (outcome.dry_run, through) {
        (true, _) => writeln!(out, "dry run: nothing was done"),
        (false, Through::Process) => writeln!(out, "served as generation {}", outcome.generation),
        (false, Through::Files) => writeln!(out, "served from the next start on"),
    }
}

fn cells(change: &DomainChange) -> Vec<String> {
    let leaving = match change.leaving {
        0 => String::new(),
        leaving => leaving.to_string(),
    };
    vec![
        change.name.clone(),
        change.result.clone(),
        served(change.before.as_ref()),
        served(change.after.as_ref()),
        leaving,
    ]
}

fn served(served: Option<&Served>) -> String {
    match served {
        None => "-".to_owned(),
        Some(Served {
            state,
            certificate: Some(name),
            ..
        }) => format!("{state} ({name})"),
        Some(served) => served.state.clone(),
    }
}

fn write_certificate(out: &mut String, change: &CertificateChange) -> fmt::Result {
    let name = &change.name;
    let Some(after) = &change.after else {
        let what = match &change.before {
            Some(_) => "removed; history keeps it",
            None => "not in use",
        };
        return writeln!(out, "certificate {name}: {what}");
    };
    let what = match &change.before {
        None => "added",
        Some(before) if before == after => "the version in use stays",
        Some(_) => "replaced",
    };
    writeln!(out, "certificate {name}: {what}")?;
    writeln!(out, "  fingerprint  {after}")?;
    if let Some(until) = &change.not_after {
        writeln!(out, "  until        {until}")?;
    }
    writeln!(out, "  names        {}", change.names.join(", "))
}

/// Why nothing was done to some domains, and what to do about it.
fn write_reasons(out: &mut String, domains: &[DomainChange]) -> fmt::Result {
    let left = domains.iter().filter(|change| !is_done(change));
    let number = left.clone().count();
    if number > 0 {
        writeln!(out, "\nnot done for {}:", count(number, "domain"))?;
    }
    for change in left {
        if let Some(reason) = &change.reason {
            writeln!(out, "  {}: {}", change.name, reason.text)?;
            writeln!(out, "    {}", reason.hint)?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// One domain is bound, one loses HTTPS, one goes, and one does not fit.
    pub(in crate::cli::change) fn outcome(dry_run: bool) -> Outcome {
        let served = |state: &str, name: Option<&str>| json!({ "state": state, "certificate": name, "https": state != "off" });
        let reason =
            json!({ "code": "name_not_covered", "text": "it names others", "hint": "choose" });
        let (old, new) = (
            served("serving", Some("old")),
            served("serving", Some("new")),
        );
        let off = served("off", Some("old"));
        let domain =
            |name: &str, result: &str| json!({ "name": name, "result": result, "leaving": 0 });
        let with = |mut domain: serde_json::Value, more: serde_json::Value| {
            let more = more.as_object().unwrap().clone();
            domain.as_object_mut().unwrap().extend(more);
            domain
        };
        serde_json::from_value(json!({
            "generation": 7,
            "dry_run": dry_run,
            "domains": [
                with(domain("a.test", "bound"), json!({ "before": old, "after": new })),
                with(domain("b.test", "changed"), json!({ "before": old, "after": off, "leaving": 3 })),
                with(domain("c.test", "removed"), json!({ "before": old })),
                with(domain("d.test", "mismatched"), json!({ "before": old, "after": old, "reason": reason })),
            ],
            "certificate": { "name": "new", "before": null, "after": "f0", "names": ["a.test"], "not_after": "2030" },
            "problems": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_table_and_reasons_say_what_came_of_it() {
        let expected = "\
DOMAIN  RESULT      BEFORE         AFTER          LEAVING
a.test  bound       serving (old)  serving (new)
b.test  changed     serving (old)  off (old)      3
c.test  removed     serving (old)  -
d.test  mismatched  serving (old)  serving (old)
certificate new: added
  fingerprint  f0
  until        2030
  names        a.test

not done for 1 domain:
  d.test: it names others
    choose
served as generation 7
";
        let mut outcome = outcome(false);
        assert_eq!(text(&outcome, Through::Process), expected);
        let offline = text(&outcome, Through::Files);
        assert!(offline.ends_with("served from the next start on\n"));
        assert!(!is_all_done(&outcome));
        outcome.domains.pop();
        assert!(is_all_done(&outcome));
        outcome.dry_run = true;
        assert!(text(&outcome, Through::Files).ends_with("dry run: nothing was done\n"));
    }

    #[test]
    fn what_is_refused_since_is_not_done() {
        let mut outcome = outcome(false);
        outcome.domains.clear();
        for (effect, is_done) in [("warning", true), ("quarantine", false)] {
            let problem = json!({
                "effect": effect, "kind": "file", "name": "domains/a.toml", "reason": "toml_syntax",
                "place": "domains/a.toml:1", "text": "what is here", "hint": "what to do",
            });
            outcome.problems = vec![serde_json::from_value(problem).unwrap()];
            assert_eq!(is_all_done(&outcome), is_done, "{effect}");
            assert!(text(&outcome, Through::Process).contains("domains/a.toml:1: what is here"));
        }
    }
}
