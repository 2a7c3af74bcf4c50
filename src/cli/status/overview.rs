use std::fmt::{self, Write};

use super::Show;
use crate::admin::view::{Change, Differing, Domains, End, Excerpt, Status};
use crate::cli::text::{count, line, show_problems};

impl Show for Status {
    fn show(&self, out: &mut String) -> fmt::Result {
        let ready = if self.ready {
            "ready"
        } else {
            "not ready: it drains"
        };
        writeln!(out, "lockgate {} is {ready}", self.version)?;
        line(out, "started", &self.started)?;
        line(out, "generation", self.generation())?;
        line(out, "domains", domains(&self.domains))?;
        line(out, "certificates", self.certificates)?;
        line(out, "ticket keys", self.tickets())?;
        line(out, "files", self.files())?;
        line(out, "last change", self.last_change())?;
        line(out, "next end", self.next_end())?;
        show_problems(out, &self.problems.first, self.problems.total)?;
        show_differing(out, &self.differing)?;
        show_ends(out, &self.nearest_ends)
    }

    fn is_well(&self) -> bool {
        self.ready && self.problems.total == 0 && self.differing.total == 0
    }
}

impl Status {
    fn generation(&self) -> String {
        with_since(self.generation.to_string(), self.since.as_ref())
    }

    fn tickets(&self) -> String {
        with_since(self.tickets.keys.to_string(), self.tickets.since.as_ref())
    }

    fn files(&self) -> &'static str {
        match self.watched {
            true => "watched, and scanned",
            false => "not all are watched: scanned each certificates.scan_interval",
        }
    }

    fn last_change(&self) -> String {
        self.last_change.as_ref().map_or("none".to_owned(), change)
    }

    fn next_end(&self) -> String {
        self.nearest_ends.first().map_or("none".to_owned(), end)
    }
}

fn with_since(text: String, since: Option<&String>) -> String {
    match since {
        Some(since) => format!("{text}, since {since}"),
        None => text,
    }
}

/// How many, and how many in each state that there is.
fn domains(domains: &Domains) -> String {
    let states = [
        ("serving", domains.serving),
        ("off", domains.off),
        ("unbound", domains.unbound),
        ("expired", domains.expired),
        ("unusable", domains.unusable),
    ];
    let states = states.iter().filter(|(_, count)| *count > 0);
    let states: Vec<_> = states
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    match states.is_empty() {
        true => "none".to_owned(),
        false => format!("{}: {}", domains.total, states.join(", ")),
    }
}

fn change(change: &Change) -> String {
    let counts = [
        (change.domains_added, "domain", "added"),
        (change.domains_changed, "domain", "changed"),
        (change.domains_removed, "domain", "removed"),
        (change.certificates_adopted, "certificate", "adopted"),
        (change.certificates_removed, "certificate", "removed"),
        (change.problems, "problem", "begun"),
        (change.recovered, "problem", "over"),
    ];
    let counts = counts.iter().filter(|(number, ..)| *number > 0);
    let counts = counts.map(|(number, thing, what)| format!("{} {what}", count(*number, thing)));
    let mut counts: Vec<_> = counts.collect();
    if change.ticket_keys_changed {
        counts.push("other ticket keys".to_owned());
    }
    let what = match counts.is_empty() {
        true => "settings".to_owned(),
        false => counts.join(", "),
    };
    let (time, scan, build) = (&change.time, change.scan_ms, change.build_ms);
    format!("{time}: {what} (scan {scan:.1} ms, build {build:.1} ms)")
}

fn end(end: &End) -> String {
    let (not_after, days) = (&end.not_after, end.days_left);
    format!("{not_after}, days left: {days}, {}", end.certificate)
}

fn show_differing(out: &mut String, differing: &Excerpt<Differing>) -> fmt::Result {
    if differing.total == 0 {
        return Ok(());
    }
    let domains = count(differing.total, "domain");
    writeln!(out, "\n{domains} served otherwise than wanted:")?;
    for one in differing.first.iter().take(SHOWN) {
        writeln!(out, "  {} since {}", one.domain, one.since)?;
        writeln!(out, "    wanted {}", one.wanted)?;
        writeln!(out, "    served {}", one.served)?;
    }
    match differing.total.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more; --json shows the first 1,000"),
    }
}

/// Those that should have been renewed by now.
fn show_ends(out: &mut String, ends: &[End]) -> fmt::Result {
    let near: Vec<_> = ends.iter().filter(|end| end.threshold.is_some()).collect();
    if near.is_empty() {
        return Ok(());
    }
    writeln!(out, "\ncertificates near their end:")?;
    for near in near {
        writeln!(out, "  {}", end(near))?;
    }
    Ok(())
}

/// More would scroll the rest off the screen.
const SHOWN: usize = 20;
