use std::fmt::{self, Write};

use super::Show;
use crate::admin::view::{Certificate, Pair};
use crate::cli::text::{few, line, show_problems};

impl Show for Certificate {
    fn show(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "certificate {}", self.name)?;
        for pair in &self.pairs {
            show_pair(out, pair)?;
        }
        line(out, "names", self.names.first.join(", "))?;
        let domains = few(&self.domains.first, self.domains.total);
        line(out, "domains", format!("{}: {domains}", self.domains.total))?;
        if !self.remarks.is_empty() {
            line(out, "remarks", &self.remarks)?;
        }
        show_problems(out, &self.problems, self.problems.len())
    }

    fn is_well(&self) -> bool {
        self.problems.is_empty()
    }
}

fn show_pair(out: &mut String, pair: &Pair) -> fmt::Result {
    let (key, length) = (&pair.key, pair.chain_length);
    line(out, "key", format!("{key}, in a chain of {length}"))?;
    line(out, "fingerprint", &pair.fingerprint)?;
    let (from, until, days) = (&pair.not_before, &pair.not_after, pair.days_left);
    line(
        out,
        "valid",
        format!("{from} to {until}, days left: {days}"),
    )?;
    match &pair.ocsp_until {
        Some(until) => line(out, "OCSP staple", format!("until {until}")),
        None => Ok(()),
    }
}
